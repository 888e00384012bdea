"""Misspelt words, matched to the words that the library itself uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SHORTEST = 5
_LONG = 9  # from this length on two slips are allowed, below one


class Speller:
    """Corrects words by the library's vocabulary."""

    def __init__(self, documents: Mapping[str, int], is_word: Callable[[str], bool]) -> None:
        """Take in the library's words, in lower case, with how many documents have each.

        `is_word` tells whether a word that the library does not use is a word all the same.
        """
        self._documents = documents
        self._is_word = is_word
        self._by_first: dict[str, list[str]] = {}
        for word in documents:
            self._by_first.setdefault(word[:1], []).append(word)

    def uses(self, word: str) -> bool:
        """Tell whether the library uses a word, in lower case, in just this form."""
        return word in self._documents

    def correct(self, word: str) -> str | None:
        """Give the library's word that a misspelt one means, None if there is none.

        `word` is in lower case. It is left alone when the library uses it, when it is a word,
        and when it is short. Otherwise the nearest word with the same first letter counts, at
        an optimal string alignment distance of one, in long words two; of equally near ones
        the commonest.
        """
        if len(word) < _SHORTEST or self.uses(word) or self._is_word(word):
            return None
        slips = 1 if len(word) < _LONG else 2
        near = process.extract(
            word,
            self._by_first.get(word[:1], ()),
            scorer=OSA.distance,
            score_cutoff=slips,
            limit=None,
        )
        if not near:
            return None
        return min(near, key=lambda each: (each[1], -self._documents[each[0]], each[0]))[0]
