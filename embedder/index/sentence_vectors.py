"""The vectors of all sentences, in files that the system maps into memory.

A question looks at the sentences of a hundred documents. The store keeps the same vectors; a file
here is made of them and never written again:

    0.f16, 1.f16, …   the vectors, a row a sentence, as `halves` has them
    passages.npy      (passages,) ids of passages, ascending, in the order of their sentences
    begins.npy        (passages + 1,) the first row of each one's sentences, over all files
    checks.npy        (passages,) the first 8 bytes of the SHA-256 of each one's vectors
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from embedder.errors import LibraryDamaged
from embedder.index.float16_files import SUFFIX, Float16Array, Float16Matrix, to_float16
from embedder.index.float16_files import write as write_float16
from embedder.vectors import Float32Array, Int64Array

# The files that are checked as they are read, of all in a generation.
CHECKED_WHEN_READ = f"sentences/*{SUFFIX}"
# A build that would leave more of the files unused makes one anew.
MAX_UNUSED = 0.2

_PASSAGES, _BEGINS, _CHECKS = "passages.npy", "begins.npy", "checks.npy"
_AGAIN = "Mend them with: fingerpost index"


class SentenceVectors:
    """The sentences' vectors of one generation."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Map the files in `folder`; their vectors have `dim` numbers.

        Raises LibraryDamaged if they do not fit together.
        """
        self.folder = folder
        try:
            self.passages: Int64Array = _load(folder / _PASSAGES)
            self._begins: Int64Array = _load(folder / _BEGINS)
            self._checks = _load(folder / _CHECKS)
            self._halves = Float16Matrix(folder, dim)
        except (OSError, ValueError) as error:
            raise LibraryDamaged(f"{folder} cannot be read: {error}. {_AGAIN}") from error
        # Whether a passage's vectors were found sound, as they need be once in a process.
        self._sound = np.zeros(len(self.passages), dtype=np.bool_)
        if self._begins[-1] != len(self._halves):
            raise LibraryDamaged(
                f"{folder} holds {len(self._halves)} vectors of sentences, not "
                f"{self._begins[-1]}. {_AGAIN}"
            )

    def of(self, places: Int64Array) -> tuple[Float32Array, Int64Array]:
        """Give the vectors of some passages' sentences, and how many each passage has.

        Returns float32 (sentences, dim), unit rows but for their rounding to half a float, one
        passage after another, and int64 (passages,).

        Raises LibraryDamaged if they do not match their checksum.
        """
        starts, ends = self._begins[places], self._begins[places + 1]
        rows, first = runs(starts, ends)
        new = ~self._sound[places]
        self._halves.expect(starts[new], ends[new])
        vectors = self._halves.of(rows)
        for at in np.flatnonzero(new):
            place, begin = places[at], first[at]
            own = vectors[begin : begin + ends[at] - starts[at]]
            if _check(to_float16(own)) != self._checks[place]:
                raise LibraryDamaged(
                    f"the sentences' vectors of passage {self.passages[place]} do not match their "
                    f"checksum. {_AGAIN}"
                )
            self._sound[place] = True
        return vectors, ends - starts


def write(
    folder: Path, passages: Iterable[tuple[int, Float32Array]], base: SentenceVectors | None = None
) -> None:
    """Write the vectors of passages' sentences, given with the passages' ids, ascending.

    With `base`, whose files must lie in `folder` already, they are added to those.
    """
    ids, counts, checks = [], [], []

    def blocks() -> Iterator[Float16Array]:
        for number, vectors in passages:
            halves = to_float16(vectors)
            ids.append(number)
            counts.append(len(halves))
            checks.append(_check(halves))
            yield halves

    write_float16(folder, blocks())
    begins = base._begins if base else np.zeros(1, np.int64)
    arrays = {
        _PASSAGES: [base.passages] if base else [],
        _BEGINS: [begins, begins[-1] + np.cumsum(counts, dtype=np.int64)],
        _CHECKS: [base._checks] if base else [],
    }
    arrays[_PASSAGES].append(np.asarray(ids, dtype=np.int64))
    arrays[_CHECKS].append(np.asarray(checks, dtype=np.uint64))
    for name, parts in arrays.items():
        np.save(folder / name, np.concatenate(parts), allow_pickle=False)


def runs(starts: Int64Array, ends: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Give the numbers from each start to before its end, in a row, and where each run begins."""
    counts = ends - starts
    begins = np.cumsum(counts) - counts
    within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
    return np.repeat(starts, counts) + within, begins


def _load(path: Path) -> Any:
    return np.load(path, allow_pickle=False)


def _check(halves: np.ndarray[Any, Any]) -> int:
    return int.from_bytes(hashlib.sha256(np.ascontiguousarray(halves).data).digest()[:8], "little")
