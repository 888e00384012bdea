"""The dense index: the passages nearest to a query, by the inner product of unit vectors.

Both kinds of index first compare codes of a few bits a number, of which FAISS compares 32 vectors
at a time (André, Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015), and then
compare the vectors of the best exactly.

Up to EXACT_UP_TO vectors the index is exact and made in memory from the store at each start:
there is no file that could differ from the store. Beyond that the codes lie in a file, in cells,
of which those nearest to a query are searched; the vectors lie in memory-mapped files beside it.
Its recall is measured when it is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from embedder.vectors import BoolArray, Float32Array, PassageSlots, UInt8Array

# Up to this many vectors are compared one by one.
MAX_BRUTE_FORCE = 5000


@dataclass(frozen=True, slots=True)
class PositionFilter:
    """The vectors of an index that may be found.

    `count` is their number; `bits` uint8 (ceil(n / 8),) has a bit for each vector of the index,
    the first in the lowest bit of the first byte; `few` are their slots, int64 (count,),
    ascending, if they are at most MAX_BRUTE_FORCE.
    """

    count: int
    bits: UInt8Array
    few: PassageSlots | None

    @classmethod
    def of(cls, mask: BoolArray) -> PositionFilter:
        """Allow the vectors for which bool (n,) is true."""
        count = int(np.count_nonzero(mask))
        few = PassageSlots(np.flatnonzero(mask)) if count <= MAX_BRUTE_FORCE else None
        return cls(count, np.packbits(mask, bitorder="little"), few)

    def slots(self) -> PassageSlots:
        """Return the slots of the vectors that may be found, int64 (count,), ascending."""
        if self.few is not None:
            return self.few
        return PassageSlots(np.flatnonzero(np.unpackbits(self.bits, bitorder="little")))


class DenseIndex(Protocol):
    """An index over unit vectors; a slot is a vector's place in the order of adding, from 0."""

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[PassageSlots, Float32Array]:
        """Return the slots nearest to a query, best first, with their inner products.

        `query` is float32 (dim,), of unit length; `allowed` says which may be found, None: all.
        Returns int64 (k,) and float32 (k,) in -1 to 1, with k at most `limit`.
        """
        ...

    def similarities(self, query: Float32Array, slots: PassageSlots) -> Float32Array:
        """Return the inner products of a query with the vectors in some slots: float32 (k,)."""
        ...

    def within(self, query: Float32Array, threshold: float) -> PassageSlots:
        """Return the slots, ascending, of all inner products of at least `threshold`."""
        ...

    def vectors(self, slots: PassageSlots) -> Float32Array:
        """Return the vectors in some slots, in their order: float32 (k, dim)."""
        ...


def all_slots(count: int) -> PassageSlots:
    """Return the slots of an index of `count` vectors: int64 (count,), ascending."""
    return PassageSlots(np.arange(count, dtype=np.int64))


def top_k(slots: PassageSlots, scores: Float32Array, k: int) -> tuple[PassageSlots, Float32Array]:
    """Return the `k` best of n > 0 slots by their scores, best first; of equal ones the lowest."""
    last = max(0, len(scores) - k)
    best = np.flatnonzero(scores >= np.partition(scores, last)[last])
    best = best[np.lexsort((slots[best], -scores[best]))][:k]
    return PassageSlots(slots[best]), scores[best]


def no_results() -> tuple[PassageSlots, Float32Array]:
    """Return the result of a search that finds nothing."""
    return PassageSlots(np.empty(0, dtype=np.int64)), np.empty(0, dtype=np.float32)
