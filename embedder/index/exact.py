"""An exact index in memory: a sketch of four bits a number, then the vectors themselves."""

from __future__ import annotations

import numpy as np

from embedder.index.dense import PositionFilter, no_vectors, selector, top
from embedder.index.faiss_threads import faiss, use_one_thread
from embedder.vectors import Float32Array, Int64Array, UInt8Array

EXACT_UP_TO = 200_000


class ExactIndex:
    """An exact index in memory; see `DenseIndex`."""

    # So many times the vectors wanted are found by the sketch, to choose those wanted from, and
    # not fewer than so many.
    _TIMES, _LEAST = 3, 100
    # So few are compared one by one sooner than all are looked through.
    _ONE_BY_ONE = 10_000

    def __init__(self, vectors: Float32Array) -> None:
        """Take in float32 (n, dim), unit rows; positions are row numbers in it."""
        self._vectors = np.ascontiguousarray(vectors)
        self._sketch = _Sketch(self._vectors) if len(vectors) > self._ONE_BY_ONE else None

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[Int64Array, Float32Array]:
        """Search all; see `DenseIndex.search`."""
        count = allowed.count if allowed else len(self._vectors)
        limit = min(limit, count)
        if limit <= 0:
            return no_vectors()
        many = max(self._TIMES * limit, self._LEAST)
        while self._sketch and max(many, self._ONE_BY_ONE) < count:
            rough, found = self._sketch.search(query, many, allowed)
            first = limit + limit // 2
            scores = self.similarities(query, found[:first])
            # None with less by the sketch than this can belong to those wanted.
            least = np.partition(scores, first - limit)[first - limit] - self._sketch.error
            enough = int(np.searchsorted(-rough, -least, side="right"))
            if enough < many:
                more = self.similarities(query, found[first:enough])
                return top(found[: max(first, enough)], np.concatenate((scores, more)), limit)
            many *= 2
        every = allowed.positions() if allowed else np.arange(count)
        return top(every, self.similarities(query, every), limit)

    def similarities(self, query: Float32Array, positions: Int64Array) -> Float32Array:
        """Compare with some, each by itself; see `DenseIndex.similarities`."""
        found = np.empty(len(positions), dtype=np.float32)
        query, positions = np.ascontiguousarray(query), np.ascontiguousarray(positions)
        # In the place where they lie: numpy would copy them first, which takes most of the time.
        given = (found, query, self._vectors, positions)
        pointers = [faiss.swig_ptr(each) for each in given]
        use_one_thread()
        faiss.fvec_inner_products_by_idx(*pointers, len(query), 1, len(positions))
        return found

    def within(self, query: Float32Array, threshold: float) -> Int64Array:
        """Find all that are near; see `DenseIndex.within`."""
        every = np.arange(len(self._vectors))
        return np.flatnonzero(self.similarities(query, every) >= np.float32(threshold))

    def vectors(self, positions: Int64Array) -> Float32Array:
        """Give some vectors; see `DenseIndex.vectors`."""
        return self._vectors[positions]


class _Sketch:
    """A copy of vectors with half a byte a number, which is looked through in no time.

    A number becomes one of 16 levels about the mean of its column, 0.3352 of the column's
    standard deviations apart: for a normal distribution the best even steps (Max, "Quantizing for
    Minimum Distortion", IRE Transactions 6, 1960, table II). `error` is what an inner product
    with a unit vector is off by at most: five standard deviations, taking the errors' directions
    for random.
    """

    _LEVELS, _STEP, _DEVIATIONS = 16, 0.3352, 5.0
    _SAMPLE = 20_000
    _AT_ONCE = 4096  # what is worked on stays in the processor's cache

    def __init__(self, vectors: Float32Array) -> None:
        """Take in float32 (n, dim), unit rows."""
        count, dim = vectors.shape
        sample = vectors[:: max(1, count // self._SAMPLE)]
        step = np.maximum(sample.std(axis=0), 1e-6) * np.float32(self._STEP)
        low = sample.mean(axis=0) - step * np.float32((self._LEVELS - 1) / 2)
        levels = low[:, np.newaxis] + step[:, np.newaxis] * np.arange(self._LEVELS)
        off = low + step * self._levels(sample, low, step) - sample
        self.error = self._DEVIATIONS * float(np.sqrt(np.square(off).sum(axis=1).mean() / dim))

        # FAISS has filters for what lies in cells alone: all are in one.
        self._cell = faiss.IndexFlatIP(dim)
        self._cell.add(np.zeros((1, dim), dtype=np.float32))
        plain = faiss.IndexIVFPQ(self._cell, dim, 1, dim, 4, faiss.METRIC_INNER_PRODUCT)
        plain.by_residual = False
        faiss.copy_array_to_vector(levels.astype(np.float32).ravel(), plain.pq.centroids)
        plain.is_trained = True
        for at in range(0, count, self._AT_ONCE):
            found = self._levels(vectors[at : at + self._AT_ONCE], low, step)
            codes, ids = self._codes(found), np.arange(at, at + len(found))
            plain.invlists.add_entries(0, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
        plain.ntotal = count
        self._index = faiss.IndexIVFPQFastScan(plain)

    def _levels(self, vectors: Float32Array, low: Float32Array, step: Float32Array) -> UInt8Array:
        """Give each number's level, 0 to 15: uint8 (n, dim)."""
        levels = vectors * (1 / step)
        levels += np.float32(0.5) - low / step
        np.clip(levels, 0, self._LEVELS - 1, out=levels)
        return levels.astype(np.uint8)

    def _codes(self, levels: UInt8Array) -> UInt8Array:
        """Give the levels of two numbers in a byte, the first in its lower half."""
        if levels.shape[1] % 2:
            levels = np.pad(levels, ((0, 0), (0, 1)))
        return np.ascontiguousarray(levels[:, ::2] | (levels[:, 1::2] << 4))

    def search(
        self, query: Float32Array, many: int, allowed: PositionFilter | None
    ) -> tuple[Float32Array, Int64Array]:
        """Give about the nearest so many, of which there must be more, best first."""
        parameters = faiss.SearchParametersIVF(nprobe=1, sel=selector(allowed))
        use_one_thread()
        scores, positions = self._index.search(query[np.newaxis], many, params=parameters)
        return scores[0], positions[0]
