"""Rows of half floats in files that the system maps into memory: 0.f16, 1.f16, ….

A question looks at rows that lie anywhere in a library; from a mapped file they come without a
search for each, and the system takes the memory back when others need it. A file is written
once; each build adds one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from embedder.encode import Rows

Positions = np.ndarray[Any, np.dtype[np.int64]]
HalfRows = np.ndarray[Any, np.dtype[np.float16]]

SUFFIX = ".f16"
# A build that would make more files than this had better make one of them all.
MOST_FILES = 32

_HALF = np.dtype("<f2")


class Halves:
    """The rows of all files in a folder, one file after another."""

    def __init__(self, folder: Path, dim: int) -> None:
        """Map the files in `folder`, whose rows have `dim` numbers.

        Raises OSError or ValueError if one is no such file.
        """
        self._dim = dim
        self._files = [_map(each, dim) for each in files(folder)]
        self._bases = np.cumsum([0, *(len(each) for each in self._files)])

    def __len__(self) -> int:
        return int(self._bases[-1])

    def of(self, rows: Positions) -> HalfRows:
        """Give some rows, in their order: float16 (k, dim)."""
        if len(self._files) == 1:
            return np.asarray(self._files[0].take(rows, axis=0))
        found = np.empty((len(rows), self._dim), _HALF)
        for file, base in zip(self._files, self._bases[:-1], strict=True):
            here = (rows >= base) & (rows < base + len(file))
            found[here] = file[rows[here] - base]
        return found


def write(folder: Path, blocks: Iterable[HalfRows]) -> None:
    """Write rows, given in blocks of float16 (n, dim), to one more file in `folder`."""
    with (folder / f"{len(files(folder))}{SUFFIX}").open("wb") as file:
        for block in blocks:
            file.write(block.tobytes())


def halve(rows: Rows) -> HalfRows:
    """Round float32 (n, dim) to half floats: of numbers under 1, by less than 0.00025."""
    return rows.astype(_HALF)


def files(folder: Path) -> list[Path]:
    """List the files in a folder in the order in which they were written."""
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda each: int(each.stem))


def _map(path: Path, dim: int) -> Any:
    if not path.stat().st_size:  # which cannot be mapped
        return np.empty((0, dim), dtype=_HALF)
    return np.asarray(np.memmap(path, dtype=_HALF, mode="r")).reshape(-1, dim)
