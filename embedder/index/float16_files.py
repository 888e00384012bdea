"""Memory-mapped float16 matrices: rows in the files 0.f16, 1.f16, … of a folder.

A query needs rows that lie anywhere in a library. From a mapped file they come without a search
for each, and the system takes the memory back when others need it. A file is written once; each
build adds one.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from embedder.vectors import Float16Array, Float32Array, Int64Array

SUFFIX = ".f16"
# With this many files a build writes all rows into one file again.
MAX_FILES = 32

_LITTLE_ENDIAN = np.dtype("<f2")


class Float16Matrix:
    """The rows of all files in a folder, one file after another, mapped into memory."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Map the files in `folder`, whose rows have `dim` numbers.

        Raises OSError if a file cannot be mapped, ValueError if one does not hold whole rows.
        """
        self._dim = dim
        self._maps = [_map(path) for path in files(folder)]
        self._files: list[Float16Array] = [
            np.frombuffer(mapped or b"", dtype=_LITTLE_ENDIAN).reshape(-1, dim)
            for mapped in self._maps
        ]
        # The number of the first row of each file, and of all rows.
        self._begins = np.cumsum([0, *(len(rows) for rows in self._files)])

    def __len__(self) -> int:
        return int(self._begins[-1])

    def prefetch(self, starts: Int64Array, ends: Int64Array) -> None:
        """Tell the system that rows are read next: runs from each start to before its end.

        Each run must lie in one file. From a disk the runs then come side by side, not one after
        another: a hundred that were not read before take milliseconds instead of half a second.
        """
        if not hasattr(mmap, "MADV_WILLNEED"):
            return
        starts, ends = starts[ends > starts], ends[ends > starts]
        numbers = self._file_numbers(starts)
        row_bytes = self._dim * _LITTLE_ENDIAN.itemsize
        begins = (starts - self._begins[numbers]) * row_bytes
        lengths = (ends - starts) * row_bytes + begins % mmap.PAGESIZE
        begins -= begins % mmap.PAGESIZE
        for number, begin, length in zip(
            numbers.tolist(), begins.tolist(), lengths.tolist(), strict=True
        ):
            mapped = self._maps[number]
            if mapped is not None:
                mapped.madvise(mmap.MADV_WILLNEED, begin, length)

    def rows(self, numbers: Int64Array) -> Float32Array:
        """Return some rows by their numbers, in the order given: float32 (k, dim)."""
        if len(self._files) == 1:
            return self._files[0].take(numbers, axis=0).astype(np.float32)
        result = np.empty((len(numbers), self._dim), np.float32)
        of_file = self._file_numbers(numbers)
        for number in np.unique(of_file).tolist():
            here = np.flatnonzero(of_file == number)
            result[here] = self._files[number].take(numbers[here] - self._begins[number], axis=0)
        return result

    def _file_numbers(self, rows: Int64Array) -> Int64Array:
        """Return the number of the file of each row."""
        return np.searchsorted(self._begins, rows, side="right") - 1


def write_rows(folder: Path, blocks: Iterable[Float16Array]) -> None:
    """Write rows, given in blocks of float16 (n, dim), into a new file in `folder`."""
    with (folder / f"{len(files(folder))}{SUFFIX}").open("wb") as file:
        for block in blocks:
            file.write(block.tobytes())


def to_float16(rows: Float32Array) -> Float16Array:
    """Round float32 (n, dim) to float16: numbers under 1 by less than 0.00025."""
    return rows.astype(_LITTLE_ENDIAN)


def files(folder: Path) -> list[Path]:
    """List the files in a folder in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: int(path.stem))


def _map(path: Path) -> mmap.mmap | None:
    """Map a file into memory; None for an empty one, which cannot be mapped."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return None
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
