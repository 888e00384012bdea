"""An approximate index in a file: codes in cells, and the vectors in mapped files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedder.errors import LibraryDamaged
from embedder.index.dense import COMPARE_EACH_UP_TO, PositionFilter, no_vectors, selector, top
from embedder.index.faiss_threads import all_cores, faiss, use_one_thread
from embedder.index.float16_files import Float16Array, Float16Matrix, to_float16
from embedder.index.float16_files import write as write_float16
from embedder.vectors import Float32Array, Int64Array, inner_products

# Vectors are divided among about so many cells as the root of their number.
_CELLS_PER_ROOT = 1.0


_TRAINING_PER_CELL = 64


# Of the cells so many are tried, until so much of the exact answer is found.
_PROBES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)


_RECALL = 0.98


_MEASURED = 10  # how many of the nearest count


_BLOCK = 50_000


REBUILD = "Mend it with: fingerpost index"


class ApproximateIndex:
    """Codes in cells, two bits a number, and the vectors in mapped files; see `DenseIndex`."""

    # Looked at again are so many times the vectors wanted, and so many more.
    _TIMES, _MORE = 2, 500
    # An inner product by the codes is off by less than this over the root of the dimension.
    _ERROR = 2.0

    def __init__(self, index: Any, halves: Float16Matrix, probes: int) -> None:
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
            halves = Float16Matrix(path.parent, index.d)
        except (RuntimeError, ValueError) as error:
            raise LibraryDamaged(f"{path} cannot be read: {error}. {REBUILD}") from error
        if len(halves) != index.ntotal:
            raise LibraryDamaged(
                f"{path} holds {index.ntotal} vectors, the files beside it {len(halves)}. {REBUILD}"
            )
        return cls(index, halves, probes)

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return int(self._index.nlist)

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[Int64Array, Float32Array]:
        """Search the nearest cells; see `DenseIndex.search`.

        The fewer may be found, the more cells are searched, as the nearest lie farther off: with
        the sixth root, of a million vectors and filters down to 0.5 % the recall of the ten
        nearest stays over 0.99.
        """
        count = allowed.count if allowed else len(self._halves)
        limit = min(limit, count)
        if limit <= 0:
            return no_vectors()
        many = self._TIMES * limit + self._MORE
        if count <= max(many, COMPARE_EACH_UP_TO):
            every = allowed.positions() if allowed else np.arange(count)
            return top(every, self.similarities(query, every), limit)
        probes = min(self.cells, int(self.probes * (len(self._halves) / count) ** (1 / 6)))
        found = self._look(query, many, probes, allowed)
        if len(found) < limit:
            found = self._look(query, many, self.cells, allowed)
        return top(found, self.similarities(query, found), limit)

    def _look(
        self, query: Float32Array, many: int, probes: int, allowed: PositionFilter | None
    ) -> Int64Array:
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=selector(allowed))
        use_one_thread()
        found = self._index.search(query[np.newaxis], many, params=parameters)[1][0]
        return np.asarray(found[found >= 0], dtype=np.int64)

    def similarities(self, query: Float32Array, positions: Int64Array) -> Float32Array:
        """Compare with some; see `DenseIndex.similarities`."""
        return inner_products(self.vectors(positions), query)

    def within(self, query: Float32Array, threshold: float) -> Int64Array:
        """Find all that are near, in all cells; see `DenseIndex.within`."""
        radius = threshold - self._ERROR / self._index.d**0.5
        every = faiss.SearchParametersIVF(nprobe=self.cells)
        use_one_thread()
        _, _, found = self._index.range_search(query[np.newaxis], radius, params=every)
        found = np.sort(found).astype(np.int64)
        near = [
            found[at : at + _BLOCK][
                self.similarities(query, found[at : at + _BLOCK]) >= np.float32(threshold)
            ]
            for at in range(0, len(found), _BLOCK)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *near])

    def vectors(self, positions: Int64Array) -> Float32Array:
        """Give some vectors, rounded to half a float a number; see `DenseIndex.vectors`."""
        return self._halves.of(positions)


def write_index(
    path: Path,
    blocks: Iterable[Float32Array],
    sample: Float32Array,
    count: int,
    base: Path | None = None,
) -> None:
    """Write an index of vectors, given in blocks of float32 (n, dim), and a file of them beside it.

    `sample` are vectors to divide the space by; `count` is about how many will be added. With
    `base` the vectors are added to those of that index, whose files of vectors must lie beside
    `path` already.
    """
    # Learning the codes is many small steps, at which several threads only collide.
    index = faiss.read_index(str(base)) if base else _divided(sample, count)
    with all_cores():

        def added() -> Iterator[Float16Array]:
            for block in blocks:
                index.add(block)
                yield to_float16(block)

        write_float16(path.parent, added())
        faiss.write_index(index, str(path))


def training_size(count: int) -> int:
    """Give how many of so many vectors are wanted to divide the space by."""
    return min(count, _cells(count) * _TRAINING_PER_CELL)


def measure(path: Path, queries: Float32Array, exact: Int64Array) -> tuple[int, float]:
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


def recall(found: Sequence[Int64Array], exact: Int64Array) -> float:
    """Give the share of int64 (n, k) `exact` that is in the same row of `found`."""
    shares = [np.isin(wanted, got).mean() for got, wanted in zip(found, exact, strict=True)]
    return float(np.mean(shares)) if shares else 1.0


class NearestVectors:
    """The nearest of many vectors to each of some queries, taken in block by block."""

    def __init__(self, queries: Float32Array, limit: int = _MEASURED) -> None:
        """Look for the `limit` nearest to each of float32 (n, dim)."""
        self._queries = queries
        self._limit = limit
        self._seen = 0
        self.positions: Int64Array = np.empty((len(queries), 0), dtype=np.int64)
        self._scores: Float32Array = np.empty((len(queries), 0), dtype=np.float32)

    def add(self, block: Float32Array) -> None:
        """Take in the next float32 (m, dim)."""
        scores = np.concatenate((self._scores, self._queries @ block.T), axis=1)
        own = np.broadcast_to(np.arange(len(block)) + self._seen, (len(scores), len(block)))
        positions = np.concatenate((self.positions, own), axis=1)
        self._seen += len(block)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self._limit]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self.positions = np.take_along_axis(positions, best, axis=1)


def _divided(sample: Float32Array, count: int) -> Any:
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
