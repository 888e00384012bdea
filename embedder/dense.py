"""Nearest passages by inner product; the only `faiss` import.

Up to EXACT_UP_TO vectors the index is exact and made in memory from the store at each start:
there is no file that could differ from it. Beyond that it is an inverted file: vectors lie in
cells, and the cells nearest to a question are searched. How much that finds of what is there is
measured when it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import faiss as _faiss
import numpy as np
from threadpoolctl import threadpool_limits

from embedder.encode import CORES, Rows
from embedder.errors import LibraryDamaged

Positions = np.ndarray[Any, np.dtype[np.int64]]
Allowed = np.ndarray[Any, np.dtype[np.bool_]]

EXACT_UP_TO = 200_000

# Its stubs describe the C++ signatures, not the Python ones that it adds.
faiss: Any = _faiss

# Serving answers many questions side by side: more threads in each only collide, numpy's too,
# which wait for one another by turning in circles.
faiss.omp_set_num_threads(1)
threadpool_limits(1, "blas")

# An exact index of more vectors looks through a copy with a byte a number first.
_SMALL = 20_000
# Of the numbers of all vectors this share is within what a byte can hold; the rest is cut.
_WITHIN = 0.9999
# Vectors are divided among about so many cells as 2 times the root of their number.
_CELLS_PER_ROOT = 2.0
_TRAINING_PER_CELL = 64
# Of the cells so many are tried, until so much of the exact answer is found.
_PROBES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_RECALL = 0.98
_MEASURED = 10  # how many of the nearest count
_BLOCK = 50_000


class DenseIndex(Protocol):
    """An index over unit vectors; a position is a vector's number in the order of adding."""

    def search(
        self, query: Rows, limit: int, allowed: Allowed | None = None
    ) -> tuple[Positions, Rows]:
        """Give the positions nearest to a query, best first, with their inner products.

        `query` is float32 (dim,), of unit length; `allowed`, bool (n,), says who may be found.
        Returns int64 (k,) and float32 (k,) in -1 to 1, with k at most `limit`.
        """
        ...

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Give the inner products of a query with the vectors at some positions: float32 (k,)."""
        ...

    def within(self, query: Rows, threshold: float) -> Positions:
        """Give the positions of all vectors with an inner product of at least `threshold`."""
        ...

    def vectors(self, positions: Positions) -> Rows:
        """Give the vectors at some positions: float32 (k, dim)."""
        ...


class ExactIndex:
    """An exact index in memory; see `DenseIndex`."""

    def __init__(self, vectors: Rows) -> None:
        """Take in float32 (n, dim), unit rows; positions are row numbers in it."""
        self._vectors = np.ascontiguousarray(vectors)
        self._coarse: Any = None
        if len(vectors) > _SMALL:
            sample = np.abs(vectors[:: len(vectors) // _SMALL])
            self._scale = 127.0 / max(float(np.quantile(sample, _WITHIN)), 1e-6)
            # Bytes are compared as whole numbers, several times as fast as anything else. Between
            # unit vectors the nearest by distance are the nearest by inner product.
            self._coarse = faiss.IndexScalarQuantizer(
                vectors.shape[1], faiss.ScalarQuantizer.QT_8bit_direct, faiss.METRIC_L2
            )
            for at in range(0, len(vectors), _BLOCK):
                self._coarse.add(self._bytes(vectors[at : at + _BLOCK]))

    def search(
        self, query: Rows, limit: int, allowed: Allowed | None = None
    ) -> tuple[Positions, Rows]:
        """Search all; see `DenseIndex.search`."""
        among = np.flatnonzero(allowed) if allowed is not None else None
        limit = min(limit, len(self._vectors) if among is None else len(among))
        if limit <= 0:
            return _nothing()
        if self._coarse is not None and (among is None or len(among) > _SMALL):
            # A byte a number is off by a thousandth: of more than are wanted none is missed.
            many = min(len(self._vectors), limit + 100)
            asked = self._bytes(query[np.newaxis])
            found = self._coarse.search(asked, many, params=_selecting(allowed))[1][0]
            among = found[found >= 0]
        if among is None:
            among = np.arange(len(self._vectors))
        return _best(among, self.similarities, query, limit)

    def _bytes(self, vectors: Rows) -> Rows:
        """Give numbers as whole ones in 0 to 255, still float32."""
        whole = np.rint(vectors * np.float32(self._scale)) + 128
        return np.asarray(np.clip(whole, 0, 255), dtype=np.float32)

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Compare with some; see `DenseIndex.similarities`."""
        return _products(self._vectors[positions], query)

    def within(self, query: Rows, threshold: float) -> Positions:
        """Find all that are near; see `DenseIndex.within`."""
        return np.flatnonzero(_products(self._vectors, query) >= np.float32(threshold))

    def vectors(self, positions: Positions) -> Rows:
        """Give some vectors; see `DenseIndex.vectors`."""
        return self._vectors[positions]


class ApproximateIndex:
    """An inverted file in memory, half a float a number; see `DenseIndex`."""

    def __init__(self, index: Any, probes: int) -> None:
        """Wrap a FAISS index whose `probes` nearest cells are searched."""
        self._index = index
        self._probes = probes
        index.make_direct_map()

    @classmethod
    def read(cls, path: Path, probes: int) -> ApproximateIndex:
        """Read what `write_index` wrote; its hash must have been checked before.

        Raises LibraryDamaged if FAISS cannot read it.
        """
        try:
            return cls(faiss.read_index(str(path)), probes)
        except RuntimeError as error:
            raise LibraryDamaged(f"{path} cannot be read: {error}") from error

    def search(
        self, query: Rows, limit: int, allowed: Allowed | None = None
    ) -> tuple[Positions, Rows]:
        """Search the nearest cells; see `DenseIndex.search`.

        The fewer are allowed, the more cells are searched, as the nearest lie farther off; a few
        are compared one by one.
        """
        share = 1.0
        if allowed is not None:
            count = int(np.count_nonzero(allowed))
            limit = min(limit, count)
            if 0 < count <= _SMALL:
                return _best(np.flatnonzero(allowed), self.similarities, query, limit)
            share = max(count / len(allowed), 1e-9)
        if limit <= 0:
            return _nothing()
        wanted = min(self._index.nlist, int(self._probes / share**0.5))
        parameters = faiss.SearchParametersIVF(nprobe=wanted, sel=_selector(allowed))
        scores, positions = self._index.search(query[np.newaxis], limit, params=parameters)
        found = positions[0] >= 0
        return positions[0][found], scores[0][found]

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Compare with some; see `DenseIndex.similarities`."""
        return _products(self.vectors(positions), query)

    def within(self, query: Rows, threshold: float) -> Positions:
        """Find all that are near, in all cells; see `DenseIndex.within`."""
        # FAISS takes those above its radius; the next number below makes that "at least".
        radius = float(np.nextafter(np.float32(threshold), np.float32(-np.inf)))
        every = faiss.SearchParametersIVF(nprobe=self._index.nlist)
        _, _, positions = self._index.range_search(query[np.newaxis], radius, params=every)
        return np.asarray(positions, dtype=np.int64)

    def vectors(self, positions: Positions) -> Rows:
        """Give some vectors, as they are kept; see `DenseIndex.vectors`."""
        if not len(positions):
            return np.empty((0, self._index.d), dtype=np.float32)
        return np.asarray(self._index.reconstruct_batch(positions), dtype=np.float32)


def write_index(
    path: Path, blocks: Iterable[Rows], sample: Rows, count: int, upon: Path | None = None
) -> None:
    """Write an inverted file of vectors, given in blocks of float32 (n, dim).

    `sample` are vectors to divide the space by; `count` is about how many will be added. With
    `upon` the vectors are added to those of that file.
    """
    with _all_cores():
        index = faiss.read_index(str(upon)) if upon else _divided(sample, count)
        for block in blocks:
            index.add(block)
        faiss.write_index(index, str(path))


def training_size(count: int) -> int:
    """Give how many of so many vectors are wanted to divide the space by."""
    return min(count, _cells(count) * _TRAINING_PER_CELL)


def measure(path: Path, queries: Rows, exact: Positions) -> tuple[int, float]:
    """Give how many cells to search, and the recall of the ten nearest that this gives.

    `queries` is float32 (n, dim), `exact` int64 (n, 10), the positions truly nearest.
    """
    with _all_cores():
        index = faiss.read_index(str(path))
        found = 0.0
        for probes in _PROBES:
            parameters = faiss.SearchParametersIVF(nprobe=min(probes, index.nlist))
            _, near = index.search(queries, _MEASURED, params=parameters)
            found = recall(near, exact)
            if found >= _RECALL or probes >= index.nlist:
                break
        return min(probes, index.nlist), found


def recall(found: Positions, exact: Positions) -> float:
    """Give the share of int64 (n, k) `exact` that is in the same row of `found`."""
    shares = [np.isin(wanted, got).mean() for got, wanted in zip(found, exact, strict=True)]
    return float(np.mean(shares)) if shares else 1.0


class Nearest:
    """The nearest of many vectors to each of some queries, taken in block by block."""

    def __init__(self, queries: Rows, limit: int = _MEASURED) -> None:
        """Look for the `limit` nearest to each of float32 (n, dim)."""
        self._queries = queries
        self._limit = limit
        self._seen = 0
        self.positions: Positions = np.empty((len(queries), 0), dtype=np.int64)
        self._scores: Rows = np.empty((len(queries), 0), dtype=np.float32)

    def add(self, block: Rows) -> None:
        """Take in the next float32 (m, dim)."""
        scores = np.concatenate((self._scores, self._queries @ block.T), axis=1)
        own = np.broadcast_to(np.arange(len(block)) + self._seen, (len(scores), len(block)))
        positions = np.concatenate((self.positions, own), axis=1)
        self._seen += len(block)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self._limit]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self.positions = np.take_along_axis(positions, best, axis=1)


def _divided(sample: Rows, count: int) -> Any:
    dim = sample.shape[1]
    cells = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFScalarQuantizer(
        cells, dim, _cells(count), faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.max_points_per_centroid = _TRAINING_PER_CELL
    index.cp.min_points_per_centroid = 1
    index.train(sample)
    return index


def _cells(count: int) -> int:
    return max(1, int(_CELLS_PER_ROOT * count**0.5))


def _selector(allowed: Allowed | None) -> Any:
    if allowed is None:
        return None
    return faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))


def _selecting(allowed: Allowed | None) -> Any:
    return None if allowed is None else faiss.SearchParameters(sel=_selector(allowed))


def _best(
    among: Positions, similarities: Callable[[Rows, Positions], Rows], query: Rows, limit: int
) -> tuple[Positions, Rows]:
    """Give the best of some positions, compared one by one."""
    scores = similarities(query, among)
    best = np.argpartition(-scores, limit - 1)[:limit]
    best = best[np.lexsort((among[best], -scores[best]))]
    return among[best].astype(np.int64), scores[best]


def _products(vectors: Rows, query: Rows) -> Rows:
    """Give the inner products of vectors with a query, each by itself: float32 (n,).

    In a product of matrices a row's last digits depend on where it stands on some processors,
    and equal documents must be equal.
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)


def _nothing() -> tuple[Positions, Rows]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)


@contextmanager
def _all_cores() -> Iterator[None]:
    """Use all cores, as nothing else runs when an index is made."""
    faiss.omp_set_num_threads(CORES)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(1)
