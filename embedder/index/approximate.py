"""An approximate index in a file: codes in cells, and the vectors in mapped files beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedder.errors import LibraryDamaged
from embedder.index.dense import MAX_BRUTE_FORCE, PositionFilter, all_slots, no_results, top_k
from embedder.index.faiss_library import all_cores, faiss, id_selector, use_one_thread
from embedder.index.float16_files import Float16Matrix, to_float16, write_rows
from embedder.vectors import (
    Float16Array,
    Float32Array,
    Int64Array,
    PassageSlots,
    inner_products,
)

# The number of cells is the square root of the number of vectors, times this.
_CELLS_PER_ROOT = 1.0
_TRAINING_PER_CELL = 64

# The numbers of cells that are tried, until the recall of the nearest is enough.
_PROBES = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_MIN_RECALL = 0.98
_RECALL_AT = 10

_BLOCK = 50_000  # vectors compared at a time

_REBUILD = "Rebuild with: fingerpost index"


class ApproximateIndex:
    """Codes in cells, two bits a number, and the vectors in mapped files; see `DenseIndex`."""

    # This many times the vectors wanted, and this many more, are compared exactly.
    _CANDIDATE_FACTOR, _MORE_CANDIDATES = 2, 500
    # An estimate by the codes is off by less than this over the root of the dimension.
    _ERROR = 2.0

    def __init__(self, index: Any, matrix: Float16Matrix, probes: int) -> None:
        """Wrap a FAISS index, of which the `probes` nearest cells are searched, and its vectors."""
        self._index = index
        self._matrix = matrix
        self.probes = probes

    @classmethod
    def read(cls, path: Path, probes: int) -> ApproximateIndex:
        """Read what `write_index` wrote; the hashes of its files must have been checked before.

        Raises LibraryDamaged if they cannot be read.
        """
        try:
            index = faiss.read_index(str(path))
            matrix = Float16Matrix(path.parent, index.d)
        except (RuntimeError, ValueError) as error:
            raise LibraryDamaged(f"{path} cannot be read: {error}. {_REBUILD}") from error
        if len(matrix) != index.ntotal:
            raise LibraryDamaged(
                f"{path} holds {index.ntotal} vectors, the files beside it {len(matrix)}. "
                f"{_REBUILD}"
            )
        return cls(index, matrix, probes)

    @property
    def cells(self) -> int:
        """The number of cells."""
        return int(self._index.nlist)

    def search(
        self, query: Float32Array, limit: int, allowed: PositionFilter | None = None
    ) -> tuple[PassageSlots, Float32Array]:
        """Search the nearest cells; see `DenseIndex.search`.

        The fewer vectors are allowed, the more cells are searched, as the nearest lie farther
        off: by the sixth root of their share, with which the recall of the ten nearest of a
        million vectors stays over 0.99 under filters down to 0.5 %.
        """
        count = allowed.count if allowed else len(self._matrix)
        limit = min(limit, count)
        if limit <= 0:
            return no_results()
        candidates = self._CANDIDATE_FACTOR * limit + self._MORE_CANDIDATES
        if count <= max(candidates, MAX_BRUTE_FORCE):
            slots = allowed.slots() if allowed else all_slots(count)
            return top_k(slots, self.similarities(query, slots), limit)
        probes = min(self.cells, int(self.probes * (len(self._matrix) / count) ** (1 / 6)))
        slots = self._search_cells(query, candidates, probes, allowed)
        if len(slots) < limit:
            slots = self._search_cells(query, candidates, self.cells, allowed)
        return top_k(slots, self.similarities(query, slots), limit)

    def similarities(self, query: Float32Array, slots: PassageSlots) -> Float32Array:
        """Compare a query with some vectors; see `DenseIndex.similarities`."""
        return inner_products(self.vectors(slots), query)

    def within(self, query: Float32Array, threshold: float) -> PassageSlots:
        """Find all that are near, in all cells; see `DenseIndex.within`."""
        radius = threshold - self._ERROR / self._index.d**0.5
        parameters = faiss.SearchParametersIVF(nprobe=self.cells)
        use_one_thread()
        _, _, found = self._index.range_search(query[np.newaxis], radius, params=parameters)
        slots = np.sort(found).astype(np.int64)
        near = [np.empty(0, dtype=np.int64)]
        for begin in range(0, len(slots), _BLOCK):
            block = PassageSlots(slots[begin : begin + _BLOCK])
            near.append(block[self.similarities(query, block) >= np.float32(threshold)])
        return PassageSlots(np.concatenate(near))

    def vectors(self, slots: PassageSlots) -> Float32Array:
        """Return some vectors, their numbers rounded to float16; see `DenseIndex.vectors`."""
        return self._matrix.rows(slots)

    def _search_cells(
        self, query: Float32Array, limit: int, probes: int, allowed: PositionFilter | None
    ) -> PassageSlots:
        """Return about the nearest in the `probes` nearest cells, at most `limit`, best first."""
        parameters = faiss.SearchParametersIVF(nprobe=probes, sel=id_selector(allowed))
        use_one_thread()
        found = self._index.search(query[np.newaxis], limit, params=parameters)[1][0]
        # Where the cells hold fewer, FAISS fills up with -1.
        return PassageSlots(np.asarray(found[found >= 0], dtype=np.int64))


def write_index(
    path: Path,
    blocks: Iterable[Float32Array],
    sample: Float32Array,
    count: int,
    base: Path | None = None,
) -> None:
    """Write an index of vectors, given in blocks of float32 (n, dim), and a file of them beside it.

    `sample` float32 (m, dim) are vectors to learn the cells and codes from; `count` is about how
    many vectors there will be. With `base` the vectors are added to those of that index, whose
    files of vectors must lie beside `path` already.
    """
    # Codes are learnt in many small steps, in which several threads only get in each other's way.
    index = faiss.read_index(str(base)) if base else _trained(sample, count)
    with all_cores():

        def added() -> Iterator[Float16Array]:
            for block in blocks:
                index.add(block)
                yield to_float16(block)

        write_rows(path.parent, added())
        faiss.write_index(index, str(path))


def training_size(count: int) -> int:
    """Return how many of `count` vectors are wanted as a sample to learn from."""
    return min(count, _cells(count) * _TRAINING_PER_CELL)


def measure(path: Path, queries: Float32Array, exact: Int64Array) -> tuple[int, float]:
    """Return how many cells to search, and the recall of the ten nearest that this gives.

    `queries` is float32 (n, dim), `exact` int64 (n, 10), the slots of the truly nearest.
    """
    index = ApproximateIndex.read(path, 0)
    share = 0.0
    for probes in _PROBES:
        index.probes = min(probes, index.cells)
        found = [index.search(query, _RECALL_AT)[0] for query in queries]
        share = recall(found, exact)
        if share >= _MIN_RECALL or probes >= index.cells:
            break
    return index.probes, share


def recall(found: Sequence[Int64Array], exact: Int64Array) -> float:
    """Return the share of int64 (n, k) `exact` that is in the same row of `found`; 1 of none."""
    shares = [np.isin(wanted, slots).mean() for slots, wanted in zip(found, exact, strict=True)]
    return float(np.mean(shares)) if shares else 1.0


class NearestVectors:
    """The exactly nearest vectors to each of some queries, found block by block."""

    def __init__(self, queries: Float32Array, limit: int = _RECALL_AT) -> None:
        """Look for the `limit` nearest to each of float32 (n, dim)."""
        self._queries = queries
        self._limit = limit
        self._seen = 0
        self.slots: Int64Array = np.empty((len(queries), 0), dtype=np.int64)
        self._scores: Float32Array = np.empty((len(queries), 0), dtype=np.float32)

    def add(self, block: Float32Array) -> None:
        """Take in the next vectors, float32 (m, dim)."""
        scores = np.concatenate((self._scores, self._queries @ block.T), axis=1)
        numbers = np.broadcast_to(np.arange(len(block)) + self._seen, (len(scores), len(block)))
        slots = np.concatenate((self.slots, numbers), axis=1)
        self._seen += len(block)
        best = np.argsort(-scores, axis=1, kind="stable")[:, : self._limit]
        self._scores = np.take_along_axis(scores, best, axis=1)
        self.slots = np.take_along_axis(slots, best, axis=1)


def _trained(sample: Float32Array, count: int) -> Any:
    """Return an index without vectors whose cells, and codes within them, are learnt."""
    dim = sample.shape[1]
    cells = faiss.IndexFlatIP(dim)
    pairs = dim // 2 if dim % 2 == 0 else dim
    index = faiss.IndexIVFPQFastScan(
        cells, dim, _cells(count), pairs, 4, faiss.METRIC_INNER_PRODUCT
    )
    # Two numbers become one of 16 points, which at most 4096 vectors are enough to learn.
    index.cp.max_points_per_centroid = _TRAINING_PER_CELL
    index.cp.min_points_per_centroid = 1
    index.pq.cp.min_points_per_centroid = 1
    index.train(sample)
    return index


def _cells(count: int) -> int:
    return max(1, int(_CELLS_PER_ROOT * count**0.5))
