"""Nearest passages by inner product; the only `faiss` import.

Both indexes look first at codes of a few bits a number, of which FAISS compares 32 vectors at a
time (André, Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015), and then again
at the vectors of the best, exactly.

Up to EXACT_UP_TO vectors the index is exact and made in memory from the store at each start:
there is no file that could differ from it. Beyond that the codes lie in a file, in cells, of
which those nearest to a question are searched; the vectors lie in mapped files beside it. How
much that finds of what is there is measured when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from embedder.index.faiss_threads import faiss
from embedder.vectors import BoolArray, Float32Array, Int64Array, UInt8Array

# So few vectors are compared one by one.
COMPARE_EACH_UP_TO = 5000


@dataclass(frozen=True, slots=True)
class PositionFilter:
    """Those vectors of an index that may be found.

    `count` is how many they are, `bits` uint8 (n / 8,) has a bit for each vector, the first in
    the lowest bit of the first byte; `few` are their positions, int64 (count,), if they are few.
    """

    count: int
    bits: UInt8Array
    few: Int64Array | None

    @classmethod
    def of(cls, mask: BoolArray) -> PositionFilter:
        """Take those for which bool (n,) is true."""
        count = int(np.count_nonzero(mask))
        few = np.flatnonzero(mask) if count <= COMPARE_EACH_UP_TO else None
        return cls(count, np.packbits(mask, bitorder="little"), few)

    def positions(self) -> Int64Array:
        """Give their positions, int64 (count,), ascending."""
        if self.few is not None:
            return self.few
        return np.flatnonzero(np.unpackbits(self.bits, bitorder="little"))


class DenseIndex(Protocol):
    """An index over unit vectors; a position is a vector's number in the order of adding."""

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[Int64Array, Float32Array]:
        """Give the positions nearest to a query, best first, with their inner products.

        `query` is float32 (dim,), of unit length; `allowed` says who may be found, None: all.
        Returns int64 (k,) and float32 (k,) in -1 to 1, with k at most `limit`.
        """
        ...

    def similarities(self, query: Float32Array, positions: Int64Array) -> Float32Array:
        """Give the inner products of a query with the vectors at some positions: float32 (k,)."""
        ...

    def within(self, query: Float32Array, threshold: float) -> Int64Array:
        """Give the positions of all vectors with an inner product of at least `threshold`."""
        ...

    def vectors(self, positions: Int64Array) -> Float32Array:
        """Give the vectors at some positions: float32 (k, dim)."""
        ...


def selector(allowed: PositionFilter | None) -> Any:
    """Return what FAISS filters by, None for no filter."""
    return None if allowed is None else faiss.IDSelectorBitmap(allowed.bits)


def top(allowed: Int64Array, scores: Float32Array, limit: int) -> tuple[Int64Array, Float32Array]:
    """Give the best of some positions by their scores, at most so many, of equal ones the first."""
    last = max(0, len(scores) - limit)
    best = np.flatnonzero(scores >= np.partition(scores, last)[last])
    best = best[np.lexsort((allowed[best], -scores[best]))][:limit]
    return allowed[best].astype(np.int64), scores[best]


def no_vectors() -> tuple[Int64Array, Float32Array]:
    """Return the result of a search that finds nothing."""
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
