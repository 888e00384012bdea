"""Find words that the library uses near words that it does not: `earthquake` for `quake`.

The model's vectors of single words say which are near, so the keyword search finds documents
that never use the question's own word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from embedder.vectors import Float32Array, Int64Array

# Returns the words nearest to a vector, float32 (dim,), at most this many, nearest first: their
# indexes, int64 (k,), and cosines, float32 (k,).
NearestWords = Callable[[Float32Array, int], tuple[Int64Array, Float32Array]]

_MIN_COSINE = 0.5
_MAX_WORDS = 3


class RelatedWords:
    """The library's words, and which of them are near a vector."""

    def __init__(self, words: Sequence[str], nearest: NearestWords) -> None:
        """Keep the words, and what finds the nearest of their vectors."""
        self._words = list(words)
        self._nearest = nearest
        self._scripts = _scripts(set().union(*self._words))

    def in_their_script(self, word: str) -> bool:
        """Return whether all letters of a word are of scripts that the library's words have.

        A model that cannot read a script takes all its words for one another.
        """
        return _scripts(word) <= self._scripts

    def near(self, vectors: Float32Array) -> list[dict[str, float]]:
        """Return for each row of float32 (n, dim) the nearest words with their cosines.

        At most three a row, nearest first, none with a cosine below 0.5.
        """
        return [self._near(vector) for vector in vectors]

    def _near(self, vector: Float32Array) -> dict[str, float]:
        indexes, cosines = self._nearest(vector, _MAX_WORDS)
        found = zip(indexes.tolist(), np.minimum(cosines, 1.0).tolist(), strict=True)
        return {self._words[index]: cosine for index, cosine in found if cosine >= _MIN_COSINE}


def _scripts(letters: Iterable[str]) -> set[str]:
    """Return the scripts of letters, as Unicode's names of these begin: `ARABIC`, `LATIN`."""
    return {
        unicodedata.name(letter, "").partition(" ")[0] for letter in letters if letter.isalpha()
    }
