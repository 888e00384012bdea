"""Words that the library uses for words that it does not: `quake` is near `earthquake`.

The model's vectors of single words say which are near; so the keyword search finds documents
that never use the question's own word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from embedder.encode import Rows, cosine

# Beyond this many words the rarest are left out: they cost memory and are mostly misprints.
LARGEST_VOCABULARY = 50_000

_LEAST = 0.5
_MOST = 3


class RelatedWords:
    """The library's words and their vectors."""

    def __init__(self, words: Sequence[str], vectors: Rows) -> None:
        """Take in words and their vectors: float32 (n, dim), unit rows."""
        self._words = list(words)
        self._vectors = vectors
        self._scripts = _scripts(set().union(*self._words))

    def in_their_script(self, word: str) -> bool:
        """Tell whether a word is written as some of the library's words are.

        A model that does not read a script takes all its words for one another.
        """
        return _scripts(word) <= self._scripts

    def near(self, vectors: Rows) -> list[dict[str, float]]:
        """Give for each row of float32 (n, dim) the nearest words with their cosines.

        At most three a row, none under a cosine of 0.5.
        """
        if not self._words or not len(vectors):
            return [{} for _ in vectors]
        cosines = cosine(vectors, self._vectors)
        return [
            {self._words[at]: float(row[at]) for at in _largest(row) if row[at] >= _LEAST}
            for row in cosines
        ]


def _scripts(letters: Iterable[str]) -> set[str]:
    """Give the scripts of letters, by the names that Unicode gives these: `ARABIC`, `LATIN`."""
    return {unicodedata.name(each, "").partition(" ")[0] for each in letters if each.isalpha()}


def _largest(row: Rows) -> list[int]:
    """Give the places of the largest numbers, the largest first, of equal ones the first."""
    least = np.partition(row, -_MOST)[-_MOST] if len(row) > _MOST else -np.inf
    places = np.flatnonzero(row >= least)
    return [int(at) for at in places[np.argsort(-row[places], kind="stable")][:_MOST]]


def kept_words(vocabulary: Mapping[str, int]) -> list[str]:
    """List the words whose vectors are kept: all, or the commonest of a large vocabulary."""
    ordered = sorted(vocabulary, key=lambda word: (-vocabulary[word], word))
    return ordered[:LARGEST_VOCABULARY]
