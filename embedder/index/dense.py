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

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss as _faiss
import numpy as np
from threadpoolctl import threadpool_limits

from embedder.encoders.encoder import CORES
from embedder.errors import LibraryDamaged
from embedder.index.float16_files import HalfRows, Halves, halve
from embedder.index.float16_files import write as write_halves
from embedder.vectors import Positions, Rows

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]

EXACT_UP_TO = 200_000

# Its stubs describe the C++ signatures, not the Python ones that it adds.
faiss: Any = _faiss

# Serving answers many questions side by side: more threads in each only collide, as they wait for
# one another by turning in circles. numpy is told once; FAISS, see `_alone`.
threadpool_limits(1, "blas")

# So few vectors are compared one by one.
_FEW = 5000
# Vectors are divided among about so many cells as the root of their number.
_CELLS_PER_ROOT = 1.0
_TRAINING_PER_CELL = 64
# Of the cells so many are tried, until so much of the exact answer is found.
_PROBES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_RECALL = 0.98
_MEASURED = 10  # how many of the nearest count
_BLOCK = 50_000
_AGAIN = "Mend it with: fingerpost index"


@dataclass(frozen=True, slots=True)
class Among:
    """Those vectors of an index that may be found.

    `count` is how many they are, `bits` uint8 (n / 8,) has a bit for each vector, the first in
    the lowest bit of the first byte; `few` are their positions, int64 (count,), if they are few.
    """

    count: int
    bits: Bytes
    few: Positions | None

    @classmethod
    def of(cls, mask: Mask) -> Among:
        """Take those for which bool (n,) is true."""
        count = int(np.count_nonzero(mask))
        few = np.flatnonzero(mask) if count <= _FEW else None
        return cls(count, np.packbits(mask, bitorder="little"), few)

    def positions(self) -> Positions:
        """Give their positions, int64 (count,), ascending."""
        if self.few is not None:
            return self.few
        return np.flatnonzero(np.unpackbits(self.bits, bitorder="little"))


class DenseIndex(Protocol):
    """An index over unit vectors; a position is a vector's number in the order of adding."""

    def search(self, query: Rows, limit: int, among: Among | None = None) -> tuple[Positions, Rows]:
        """Give the positions nearest to a query, best first, with their inner products.

        `query` is float32 (dim,), of unit length; `among` says who may be found, None: all.
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

    # So many times the vectors wanted are found by the sketch, to choose those wanted from, and
    # not fewer than so many.
    _TIMES, _LEAST = 3, 100
    # So few are compared one by one sooner than all are looked through.
    _ONE_BY_ONE = 10_000

    def __init__(self, vectors: Rows) -> None:
        """Take in float32 (n, dim), unit rows; positions are row numbers in it."""
        self._vectors = np.ascontiguousarray(vectors)
        self._sketch = _Sketch(self._vectors) if len(vectors) > self._ONE_BY_ONE else None

    def search(self, query: Rows, limit: int, among: Among | None = None) -> tuple[Positions, Rows]:
        """Search all; see `DenseIndex.search`."""
        count = among.count if among else len(self._vectors)
        limit = min(limit, count)
        if limit <= 0:
            return _nothing()
        many = max(self._TIMES * limit, self._LEAST)
        while self._sketch and max(many, self._ONE_BY_ONE) < count:
            rough, found = self._sketch.search(query, many, among)
            first = limit + limit // 2
            scores = self.similarities(query, found[:first])
            # None with less by the sketch than this can belong to those wanted.
            least = np.partition(scores, first - limit)[first - limit] - self._sketch.error
            enough = int(np.searchsorted(-rough, -least, side="right"))
            if enough < many:
                more = self.similarities(query, found[first:enough])
                return _best(found[: max(first, enough)], np.concatenate((scores, more)), limit)
            many *= 2
        every = among.positions() if among else np.arange(count)
        return _best(every, self.similarities(query, every), limit)

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Compare with some, each by itself; see `DenseIndex.similarities`."""
        found = np.empty(len(positions), dtype=np.float32)
        query, positions = np.ascontiguousarray(query), np.ascontiguousarray(positions)
        # In the place where they lie: numpy would copy them first, which takes most of the time.
        given = (found, query, self._vectors, positions)
        pointers = [faiss.swig_ptr(each) for each in given]
        _alone()
        faiss.fvec_inner_products_by_idx(*pointers, len(query), 1, len(positions))
        return found

    def within(self, query: Rows, threshold: float) -> Positions:
        """Find all that are near; see `DenseIndex.within`."""
        every = np.arange(len(self._vectors))
        return np.flatnonzero(self.similarities(query, every) >= np.float32(threshold))

    def vectors(self, positions: Positions) -> Rows:
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

    def __init__(self, vectors: Rows) -> None:
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

    def _levels(self, vectors: Rows, low: Rows, step: Rows) -> Bytes:
        """Give each number's level, 0 to 15: uint8 (n, dim)."""
        levels = vectors * (1 / step)
        levels += np.float32(0.5) - low / step
        np.clip(levels, 0, self._LEVELS - 1, out=levels)
        return levels.astype(np.uint8)

    def _codes(self, levels: Bytes) -> Bytes:
        """Give the levels of two numbers in a byte, the first in its lower half."""
        if levels.shape[1] % 2:
            levels = np.pad(levels, ((0, 0), (0, 1)))
        return np.ascontiguousarray(levels[:, ::2] | (levels[:, 1::2] << 4))

    def search(self, query: Rows, many: int, among: Among | None) -> tuple[Rows, Positions]:
        """Give about the nearest so many, of which there must be more, best first."""
        parameters = faiss.SearchParametersIVF(nprobe=1, sel=_selector(among))
        _alone()
        scores, positions = self._index.search(query[np.newaxis], many, params=parameters)
        return scores[0], positions[0]


class ApproximateIndex:
    """Codes in cells, two bits a number, and the vectors in mapped files; see `DenseIndex`."""

    # Looked at again are so many times the vectors wanted, and so many more.
    _TIMES, _MORE = 2, 500
    # An inner product by the codes is off by less than this over the root of the dimension.
    _ERROR = 2.0

    def __init__(self, index: Any, halves: Halves, probes: int) -> None:
        """Wrap a FAISS index whose `probes` nearest cells are searched, and its vectors."""
        self._index = index
        self._halves = halves
        self.probes = probes

    @classmethod
    def read(cls, path: Path, probes: int) -> ApproximateIndex:
        """Read what `write_index` wrote; its files' hashes must have been checked before.

        Raises LibraryDamaged if they cannot be read.
        """
        try:
            index = faiss.read_index(str(path))
            halves = Halves(path.parent, index.d)
        except (RuntimeError, ValueError) as error:
            raise LibraryDamaged(f"{path} cannot be read: {error}. {_AGAIN}") from error
        if len(halves) != index.ntotal:
            raise LibraryDamaged(
                f"{path} holds {index.ntotal} vectors, the files beside it {len(halves)}. {_AGAIN}"
            )
        return cls(index, halves, probes)

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return int(self._index.nlist)

    def search(self, query: Rows, limit: int, among: Among | None = None) -> tuple[Positions, Rows]:
        """Search the nearest cells; see `DenseIndex.search`.

        The fewer may be found, the more cells are searched, as the nearest lie farther off: with
        the sixth root, of a million vectors and filters down to 0.5 % the recall of the ten
        nearest stays over 0.99.
        """
        count = among.count if among else len(self._halves)
        limit = min(limit, count)
        if limit <= 0:
            return _nothing()
        many = self._TIMES * limit + self._MORE
        if count <= max(many, _FEW):
            every = among.positions() if among else np.arange(count)
            return _best(every, self.similarities(query, every), limit)
        probes = min(self.cells, int(self.probes * (len(self._halves) / count) ** (1 / 6)))
        found = self._look(query, many, probes, among)
        if len(found) < limit:
            found = self._look(query, many, self.cells, among)
        return _best(found, self.similarities(query, found), limit)

    def _look(self, query: Rows, many: int, probes: int, among: Among | None) -> Positions:
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=_selector(among))
        _alone()
        found = self._index.search(query[np.newaxis], many, params=parameters)[1][0]
        return np.asarray(found[found >= 0], dtype=np.int64)

    def similarities(self, query: Rows, positions: Positions) -> Rows:
        """Compare with some; see `DenseIndex.similarities`."""
        return _products(self.vectors(positions), query)

    def within(self, query: Rows, threshold: float) -> Positions:
        """Find all that are near, in all cells; see `DenseIndex.within`."""
        radius = threshold - self._ERROR / self._index.d**0.5
        every = faiss.SearchParametersIVF(nprobe=self.cells)
        _alone()
        _, _, found = self._index.range_search(query[np.newaxis], radius, params=every)
        found = np.sort(found).astype(np.int64)
        near = [
            found[at : at + _BLOCK][
                self.similarities(query, found[at : at + _BLOCK]) >= np.float32(threshold)
            ]
            for at in range(0, len(found), _BLOCK)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *near])

    def vectors(self, positions: Positions) -> Rows:
        """Give some vectors, rounded to half a float a number; see `DenseIndex.vectors`."""
        return self._halves.of(positions)


def write_index(
    path: Path, blocks: Iterable[Rows], sample: Rows, count: int, upon: Path | None = None
) -> None:
    """Write an index of vectors, given in blocks of float32 (n, dim), and a file of them beside it.

    `sample` are vectors to divide the space by; `count` is about how many will be added. With
    `upon` the vectors are added to those of that index, whose files of vectors must lie beside
    `path` already.
    """
    # Learning the codes is many small steps, at which several threads only collide.
    index = faiss.read_index(str(upon)) if upon else _divided(sample, count)
    with _all_cores():

        def added() -> Iterator[HalfRows]:
            for block in blocks:
                index.add(block)
                yield halve(block)

        write_halves(path.parent, added())
        faiss.write_index(index, str(path))


def training_size(count: int) -> int:
    """Give how many of so many vectors are wanted to divide the space by."""
    return min(count, _cells(count) * _TRAINING_PER_CELL)


def measure(path: Path, queries: Rows, exact: Positions) -> tuple[int, float]:
    """Give how many cells to search, and the recall of the ten nearest that this gives.

    `queries` is float32 (n, dim), `exact` int64 (n, 10), the positions truly nearest.
    """
    index = ApproximateIndex.read(path, 0)
    found = 0.0
    for probes in _PROBES:
        index.probes = min(probes, index.cells)
        near = [index.search(query, _MEASURED)[0] for query in queries]
        found = recall(near, exact)
        if found >= _RECALL or probes >= index.cells:
            break
    return index.probes, found


def recall(found: Sequence[Positions], exact: Positions) -> float:
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
    """Give an index without vectors, its cells and the codes of a vector within them learnt."""
    dim = sample.shape[1]
    cells = faiss.IndexFlatIP(dim)
    pairs = dim // 2 if dim % 2 == 0 else dim
    index = faiss.IndexIVFPQFastScan(
        cells, dim, _cells(count), pairs, 4, faiss.METRIC_INNER_PRODUCT
    )
    # Two numbers are one of 16 points, which need no more than 4096 vectors to be learnt.
    index.cp.max_points_per_centroid = _TRAINING_PER_CELL
    index.cp.min_points_per_centroid = 1
    index.pq.cp.min_points_per_centroid = 1
    index.train(sample)
    return index


def _cells(count: int) -> int:
    return max(1, int(_CELLS_PER_ROOT * count**0.5))


def _selector(among: Among | None) -> Any:
    return None if among is None else faiss.IDSelectorBitmap(among.bits)


def _best(among: Positions, scores: Rows, limit: int) -> tuple[Positions, Rows]:
    """Give the best of some positions by their scores, at most so many, of equal ones the first."""
    last = max(0, len(scores) - limit)
    best = np.flatnonzero(scores >= np.partition(scores, last)[last])
    best = best[np.lexsort((among[best], -scores[best]))][:limit]
    return among[best].astype(np.int64), scores[best]


def _products(vectors: Rows, query: Rows) -> Rows:
    """Give the inner products of vectors with a query, each by itself: float32 (n,).

    In a product of matrices a row's last digits depend on where it stands on some processors,
    and equal documents must be equal.
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)


def _nothing() -> tuple[Positions, Rows]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)


def _alone() -> None:
    """Have FAISS use no other thread than this one, which must be said in each thread anew."""
    faiss.omp_set_num_threads(1)


@contextmanager
def _all_cores() -> Iterator[None]:
    """Use all cores, as nothing else runs when an index is made."""
    faiss.omp_set_num_threads(CORES)
    try:
        yield
    finally:
        _alone()
