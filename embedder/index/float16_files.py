"""Rows of half floats in files that the system maps into memory: 0.f16, 1.f16, ….

A question looks at rows that lie anywhere in a library; from a mapped file they come without a
search for each, and the system takes the memory back when others need it. A file is written
once; each build adds one.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from embedder.vectors import Float32Array, Int64Array

Float16Array = np.ndarray[Any, np.dtype[np.float16]]

SUFFIX = ".f16"
# A build that would make more files than this had better make one of them all.
MAX_FILES = 32

_HALF = np.dtype("<f2")


class Float16Matrix:
    """The rows of all files in a folder, one file after another."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Map the files in `folder`, whose rows have `dim` numbers.

        Raises OSError or ValueError if one is no such file.
        """
        self._dim = dim
        self._maps = [_map(each) for each in files(folder)]
        self._files = [
            np.frombuffer(each or b"", dtype=_HALF).reshape(-1, dim) for each in self._maps
        ]
        self._bases = np.cumsum([0, *(len(each) for each in self._files)])

    def __len__(self) -> int:
        return int(self._bases[-1])

    def expect(self, starts: Int64Array, ends: Int64Array) -> None:
        """Say that the rows from each start to before its end, all in one file, are read next.

        From a disk they then come side by side, not one after another: a hundred places that
        have not been read before in milliseconds, not in half a second.
        """
        if not hasattr(mmap, "MADV_WILLNEED"):
            return
        starts, ends = starts[ends > starts], ends[ends > starts]
        numbers = np.searchsorted(self._bases, starts, side="right") - 1
        wide = self._dim * _HALF.itemsize
        begins = (starts - self._bases[numbers]) * wide
        lengths = (ends - starts) * wide + begins % mmap.PAGESIZE
        begins -= begins % mmap.PAGESIZE
        for number, begin, length in zip(
            numbers.tolist(), begins.tolist(), lengths.tolist(), strict=True
        ):
            self._maps[number].madvise(mmap.MADV_WILLNEED, begin, length)

    def of(self, rows: Int64Array) -> Float32Array:
        """Give some rows, in their order: float32 (k, dim)."""
        if len(self._files) == 1:
            return self._files[0].take(rows, axis=0).astype(np.float32)
        found = np.empty((len(rows), self._dim), np.float32)
        numbers = np.searchsorted(self._bases, rows, side="right") - 1
        for number in np.unique(numbers):
            here = np.flatnonzero(numbers == number)
            found[here] = self._files[number].take(rows[here] - self._bases[number], axis=0)
        return found


def write(folder: Path, blocks: Iterable[Float16Array]) -> None:
    """Write rows, given in blocks of float16 (n, dim), to one more file in `folder`."""
    with (folder / f"{len(files(folder))}{SUFFIX}").open("wb") as file:
        for block in blocks:
            file.write(block.tobytes())


def to_float16(rows: Float32Array) -> Float16Array:
    """Round float32 (n, dim) to half floats: of numbers under 1, by less than 0.00025."""
    return rows.astype(_HALF)


def files(folder: Path) -> list[Path]:
    """List the files in a folder in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda each: int(each.stem))


def _map(path: Path) -> Any:
    """Map a file; None for one without content, which cannot be mapped."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return None
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
