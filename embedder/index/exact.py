"""An exact index in memory: a first pass over 4-bit codes, then the vectors themselves."""

from __future__ import annotations

import numpy as np

from embedder.index.dense import PositionFilter, all_slots, no_results, top_k
from embedder.index.faiss_library import faiss, id_selector, use_one_thread
from embedder.vectors import Float32Array, PassageSlots, UInt8Array

# Up to this many vectors a library's index is exact.
EXACT_UP_TO = 200_000


class ExactIndex:
    """An exact index in memory; see `DenseIndex`."""

    # The first pass finds this many times the vectors wanted, and at least this many.
    _CANDIDATE_FACTOR, _MIN_CANDIDATES = 3, 100
    # Up to this many vectors are compared one by one, which is faster than a first pass.
    _MAX_BRUTE_FORCE = 10_000

    def __init__(self, vectors: Float32Array) -> None:
        """Take in float32 (n, dim), unit rows; a slot is a row number in it."""
        self._vectors = np.ascontiguousarray(vectors)
        large = len(vectors) > self._MAX_BRUTE_FORCE
        self._first_pass = _FourBitFirstPass(self._vectors) if large else None

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[PassageSlots, Float32Array]:
        """Search all vectors; see `DenseIndex.search`."""
        count = allowed.count if allowed else len(self._vectors)
        limit = min(limit, count)
        if limit <= 0:
            return no_results()
        candidates = max(self._CANDIDATE_FACTOR * limit, self._MIN_CANDIDATES)
        while self._first_pass and max(candidates, self._MAX_BRUTE_FORCE) < count:
            estimates, slots = self._first_pass.search(query, candidates, allowed)
            compared = limit + limit // 2
            scores = self.similarities(query, PassageSlots(slots[:compared]))
            # No vector with a lower estimate than this can be among the nearest.
            lowest = np.partition(scores, compared - limit)[compared - limit]
            lowest -= self._first_pass.error
            enough = int(np.searchsorted(-estimates, -lowest, side="right"))
            if enough < candidates:
                more = self.similarities(query, PassageSlots(slots[compared:enough]))
                best = PassageSlots(slots[: max(compared, enough)])
                return top_k(best, np.concatenate((scores, more)), limit)
            candidates *= 2
        slots = allowed.slots() if allowed else all_slots(count)
        return top_k(slots, self.similarities(query, slots), limit)

    def similarities(self, query: Float32Array, slots: PassageSlots) -> Float32Array:
        """Compare a query with some vectors, each alone; see `DenseIndex.similarities`."""
        scores = np.empty(len(slots), dtype=np.float32)
        query, numbers = np.ascontiguousarray(query), np.ascontiguousarray(slots)
        # FAISS reads the vectors where they lie; numpy would copy them first, which takes longer.
        pointers = [faiss.swig_ptr(each) for each in (scores, query, self._vectors, numbers)]
        use_one_thread()
        faiss.fvec_inner_products_by_idx(*pointers, len(query), 1, len(slots))
        return scores

    def within(self, query: Float32Array, threshold: float) -> PassageSlots:
        """Find all that are near; see `DenseIndex.within`."""
        scores = self.similarities(query, all_slots(len(self._vectors)))
        return PassageSlots(np.flatnonzero(scores >= np.float32(threshold)))

    def vectors(self, slots: PassageSlots) -> Float32Array:
        """Return some vectors; see `DenseIndex.vectors`."""
        return self._vectors[slots]


class _FourBitFirstPass:
    """A scalar-quantised copy of vectors, four bits a number, for a fast first pass.

    A number becomes one of 16 levels about the mean of its column, 0.3352 standard deviations of
    the column apart: for a normal distribution the best even steps (Max, "Quantizing for Minimum
    Distortion", IRE Transactions on Information Theory 6, 1960, table II). `error` is by how much
    an estimate of an inner product with a unit vector is off at most: five standard deviations,
    if the directions of the errors are random.
    """

    _LEVELS, _STEP, _DEVIATIONS = 16, 0.3352, 5.0
    _SAMPLE = 20_000
    _BLOCK = 4096  # vectors, few enough to stay in the processor's cache

    def __init__(self, vectors: Float32Array) -> None:
        """Take in float32 (n, dim), unit rows."""
        count, dim = vectors.shape
        sample = vectors[:: max(1, count // self._SAMPLE)]
        step = np.maximum(sample.std(axis=0), 1e-6) * np.float32(self._STEP)
        low = sample.mean(axis=0) - step * np.float32((self._LEVELS - 1) / 2)
        levels = low[:, np.newaxis] + step[:, np.newaxis] * np.arange(self._LEVELS)
        errors = low + step * self._quantise(sample, low, step) - sample
        self.error = self._DEVIATIONS * float(np.sqrt(np.square(errors).sum(axis=1).mean() / dim))

        # Only an index of cells has filters in FAISS: all vectors lie in one cell.
        self._cell = faiss.IndexFlatIP(dim)
        self._cell.add(np.zeros((1, dim), dtype=np.float32))
        plain = faiss.IndexIVFPQ(self._cell, dim, 1, dim, 4, faiss.METRIC_INNER_PRODUCT)
        plain.by_residual = False
        faiss.copy_array_to_vector(levels.astype(np.float32).ravel(), plain.pq.centroids)
        plain.is_trained = True
        for begin in range(0, count, self._BLOCK):
            quantised = self._quantise(vectors[begin : begin + self._BLOCK], low, step)
            codes, ids = self._packed(quantised), np.arange(begin, begin + len(quantised))
            plain.invlists.add_entries(0, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
        plain.ntotal = count
        self._index = faiss.IndexIVFPQFastScan(plain)

    def search(
        self, query: Float32Array, count: int, allowed: PositionFilter | None
    ) -> tuple[Float32Array, PassageSlots]:
        """Return the estimates and slots of about the `count` nearest, best first.

        More than `count` vectors must be allowed, so that FAISS finds as many.
        """
        parameters = faiss.SearchParametersIVF(nprobe=1, sel=id_selector(allowed))
        use_one_thread()
        scores, slots = self._index.search(query[np.newaxis], count, params=parameters)
        return scores[0], PassageSlots(slots[0])

    def _quantise(self, vectors: Float32Array, low: Float32Array, step: Float32Array) -> UInt8Array:
        """Return the level of each number, 0 to 15: uint8 (n, dim)."""
        levels = vectors * (1 / step)
        levels += np.float32(0.5) - low / step
        np.clip(levels, 0, self._LEVELS - 1, out=levels)
        return levels.astype(np.uint8)

    def _packed(self, levels: UInt8Array) -> UInt8Array:
        """Return the levels of two numbers in a byte, the first in its lower half."""
        if levels.shape[1] % 2:
            levels = np.pad(levels, ((0, 0), (0, 1)))
        return np.ascontiguousarray(levels[:, ::2] | (levels[:, 1::2] << 4))
