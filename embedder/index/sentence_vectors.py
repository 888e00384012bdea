"""The vectors of all sentences, in memory-mapped float16 matrices.

A query needs the sentences of a hundred documents. The files are derived from the store, which
holds the same vectors; a file is written once:

    0.f16, 1.f16, …   the vectors, one row a sentence, as in `float16_files`
    passages.npy      int64 (passages,) ids of passages, ascending, in the order of their sentences
    begins.npy        int64 (passages + 1,) the first row of each passage, over all files
    checks.npy        uint64 (passages,) the first 8 bytes of the SHA-256 of each passage's vectors
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NewType

import numpy as np

from embedder.errors import LibraryDamaged
from embedder.index.float16_files import SUFFIX, Float16Matrix, to_float16, write_rows
from embedder.vectors import Float16Array, Float32Array, Int64Array, PassageIds, UInt64Array

PassageIndexes = NewType("PassageIndexes", Int64Array)
"""Places of passages in `SentenceVectors.passages`, from 0: int64 (n,)."""

# The files of a generation that are checked as they are read.
CHECKED_WHEN_READ = f"sentences/*{SUFFIX}"
# A build that would leave a larger share of the rows unused writes all of them again.
MAX_UNUSED = 0.2

_PASSAGES, _BEGINS, _CHECKS = "passages.npy", "begins.npy", "checks.npy"
_REBUILD = "Rebuild with: fingerpost index"


class SentenceVectors:
    """The vectors of the sentences of one generation."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Map the files in `folder`, whose vectors have `dim` numbers.

        Raises LibraryDamaged if they cannot be read or do not fit together.
        """
        self.folder = folder
        try:
            self.passages: PassageIds = _load(folder / _PASSAGES)
            self._begins: Int64Array = _load(folder / _BEGINS)
            self._checks: UInt64Array = _load(folder / _CHECKS)
            self._matrix = Float16Matrix(folder, dim)
        except (OSError, ValueError) as error:
            raise LibraryDamaged(f"{folder} cannot be read: {error}. {_REBUILD}") from error
        # The passages whose vectors match their checksums: looked at once in a process.
        self._sound = np.zeros(len(self.passages), dtype=np.bool_)
        if self._begins[-1] != len(self._matrix):
            raise LibraryDamaged(
                f"{folder} holds {len(self._matrix)} vectors of sentences, not "
                f"{self._begins[-1]}. {_REBUILD}"
            )

    def of(self, passages: PassageIndexes) -> tuple[Float32Array, Int64Array]:
        """Return the vectors of the sentences of some passages, and how many each passage has.

        Returns float32 (sentences, dim), unit rows rounded to float16, one passage after another,
        and int64 (passages,).

        Raises LibraryDamaged if they do not match their checksum.
        """
        starts, ends = self._begins[passages], self._begins[passages + 1]
        rows, first = runs(starts, ends)
        unchecked = ~self._sound[passages]
        self._matrix.prefetch(starts[unchecked], ends[unchecked])
        vectors = self._matrix.rows(rows)
        for number in np.flatnonzero(unchecked):
            passage, begin = passages[number], first[number]
            own = vectors[begin : begin + ends[number] - starts[number]]
            if _check(to_float16(own)) != self._checks[passage]:
                raise LibraryDamaged(
                    f"the sentences' vectors of passage {self.passages[passage]} do not match "
                    f"their checksum. {_REBUILD}"
                )
            self._sound[passage] = True
        return vectors, ends - starts


def write(
    folder: Path, passages: Iterable[tuple[int, Float32Array]], base: SentenceVectors | None = None
) -> None:
    """Write the vectors of sentences, float32 (sentences, dim), with the ids of their passages.

    The ids must ascend. With `base`, whose files must lie in `folder` already, the vectors are
    added to those.
    """
    ids, counts, checks = [], [], []

    def blocks() -> Iterator[Float16Array]:
        for passage, vectors in passages:
            rows = to_float16(vectors)
            ids.append(passage)
            counts.append(len(rows))
            checks.append(_check(rows))
            yield rows

    write_rows(folder, blocks())
    begins = base._begins if base else np.zeros(1, np.int64)
    new_ids, new_checks = np.asarray(ids, dtype=np.int64), np.asarray(checks, dtype=np.uint64)
    arrays = {
        _PASSAGES: np.concatenate((base.passages, new_ids)) if base else new_ids,
        _BEGINS: np.concatenate((begins, begins[-1] + np.cumsum(counts, dtype=np.int64))),
        _CHECKS: np.concatenate((base._checks, new_checks)) if base else new_checks,
    }
    for name, array in arrays.items():
        np.save(folder / name, array, allow_pickle=False)


def runs(starts: Int64Array, ends: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return the numbers from each start to before its end, and where each of these runs begins."""
    counts = ends - starts
    begins = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
    return np.repeat(starts, counts) + within, begins


def _load(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _check(rows: Float16Array) -> int:
    """Return the first 8 bytes of the SHA-256 of float16 rows, as a number."""
    return int.from_bytes(hashlib.sha256(np.ascontiguousarray(rows).data).digest()[:8], "little")
