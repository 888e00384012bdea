"""Corrects misspelt words to words that the library uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rapidfuzz import process
from rapidfuzz.distance import OSA

from embedder.text.words import singular

_MIN_LETTERS = 5
_LONG_WORD = 9  # letters: from this length on two slips are allowed, below one


class Speller:
    """Corrects words by the vocabulary of a library."""

    def __init__(self, documents: Mapping[str, int], is_word: Callable[[str], bool]) -> None:
        """Take in the words of the library, in lower case, with how many documents have each.

        `is_word` says whether a word that the library does not use is a word all the same.
        """
        self._documents = documents
        self._is_word = is_word
        self._by_first: dict[str, list[str]] = {}
        for word in documents:
            self._by_first.setdefault(word[:1], []).append(word)

    def uses(self, word: str) -> bool:
        """Return whether the library uses a word, in lower case, in just this form."""
        return word in self._documents

    def correct(self, word: str) -> str | None:
        """Return the word of the library that a misspelt one means, None if there is none.

        `word` is in lower case. A word is not corrected that the library uses, be it in the
        singular, that `is_word` knows, or that has fewer than five letters. For others it is the
        nearest word with the same first letter, at an optimal string alignment distance of at most
        one, or two from nine letters on; of equally near words the commonest, and of those the
        first in the alphabet.
        """
        if len(word) < _MIN_LETTERS or self._is_known(word):
            return None
        slips = 1 if len(word) < _LONG_WORD else 2
        near = process.extract(
            word,
            self._by_first.get(word[:1], ()),
            scorer=OSA.distance,
            score_cutoff=slips,
            limit=None,
        )
        if not near:
            return None
        return min(near, key=lambda match: (match[1], -self._documents[match[0]], match[0]))[0]

    def _is_known(self, word: str) -> bool:
        return self.uses(word) or self.uses(singular(word)) or self._is_word(word)
