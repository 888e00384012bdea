"""Words that the library uses for words that it does not: `quake` is near `earthquake`.

The model's vectors of single words say which are near; so the keyword search finds documents
that never use the question's own word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from embedder.vectors import Float32Array

# Gives of all words the nearest to a vector, float32 (dim,), at most so many: their places, int64
# (k,), and their cosines, float32 (k,), the nearest first.
Lookup = Callable[[Float32Array, int], tuple[np.ndarray[Any, np.dtype[np.int64]], Float32Array]]


_LEAST = 0.5
_MOST = 3


class RelatedWords:
    """The library's words, and which of them are near."""

    def __init__(self, words: Sequence[str], nearest: Lookup) -> None:
        """Take in words, and what finds the nearest of their vectors."""
        self._words = list(words)
        self._nearest = nearest
        self._scripts = _scripts(set().union(*self._words))

    def in_their_script(self, word: str) -> bool:
        """Tell whether a word is written as some of the library's words are.

        A model that does not read a script takes all its words for one another.
        """
        return _scripts(word) <= self._scripts

    def near(self, vectors: Float32Array) -> list[dict[str, float]]:
        """Give for each row of float32 (n, dim) the nearest words with their cosines.

        At most three a row, none under a cosine of 0.5.
        """
        return [self._near(each) for each in vectors]

    def _near(self, vector: Float32Array) -> dict[str, float]:
        places, cosines = self._nearest(vector, _MOST)
        found = zip(places.tolist(), np.minimum(cosines, 1.0).tolist(), strict=True)
        return {self._words[at]: cosine for at, cosine in found if cosine >= _LEAST}


def _scripts(letters: Iterable[str]) -> set[str]:
    """Give the scripts of letters, by the names that Unicode gives these: `ARABIC`, `LATIN`."""
    return {unicodedata.name(each, "").partition(" ")[0] for each in letters if each.isalpha()}
