"""Nearest passages by inner product; the only `faiss` import."""

from __future__ import annotations

from typing import Any

import faiss as _faiss
import numpy as np

from embedder.encode import Rows

Positions = np.ndarray[Any, np.dtype[np.int64]]

# Its stubs describe the C++ signatures, not the Python ones that it adds.
faiss: Any = _faiss

# Serving answers many questions side by side: more OpenMP threads in each only collide.
faiss.omp_set_num_threads(1)


class DenseIndex:
    """An exact index over unit vectors, in memory."""

    def __init__(self, vectors: Rows) -> None:
        """Take in float32 (n, dim), unit rows; positions below are row numbers in it."""
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)

    def search(
        self, query: Rows, limit: int, allowed: np.ndarray[Any, np.dtype[np.bool_]] | None = None
    ) -> tuple[Positions, Rows]:
        """Give the positions nearest to a query, best first, with their inner products.

        `query` is float32 (dim,), of unit length; `allowed`, bool (n,), says who may be found.
        Returns int64 (k,) and float32 (k,) in -1 to 1, with k at most `limit`.
        """
        limit = min(limit, self._index.ntotal if allowed is None else int(allowed.sum()))
        if limit <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        parameters = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
        scores, positions = self._index.search(query[np.newaxis], limit, params=parameters)
        found = positions[0] >= 0
        return positions[0][found], scores[0][found]

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Give the inner products of a query with the vectors at some positions: float32 (k,)."""
        if not len(positions):
            return np.empty(0, dtype=np.float32)
        return np.asarray(self._index.reconstruct_batch(positions) @ query, dtype=np.float32)

    def within(self, query: Rows, threshold: float) -> Positions:
        """Give the positions of all vectors with an inner product of at least `threshold`."""
        # FAISS takes those above its radius; the next number below makes that "at least".
        radius = float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))
        _, _, positions = self._index.range_search(query[np.newaxis], radius)
        return np.asarray(positions, dtype=np.int64)

    def vectors(self, positions: Positions) -> Rows:
        """Give the vectors at some positions: float32 (k, dim)."""
        return np.asarray(self._index.reconstruct_batch(positions), dtype=np.float32)
