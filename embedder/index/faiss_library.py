"""FAISS: its only import, its threads and its filters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faiss as _faiss

from embedder.index.dense import PositionFilter
from embedder.runtime import CORES

# Its stubs describe the C++ signatures, not the Python ones that it adds.
faiss: Any = _faiss


def use_one_thread() -> None:
    """Keep FAISS to the calling thread; to be called in each thread, as the setting is its own."""
    faiss.omp_set_num_threads(1)


@contextmanager
def all_cores() -> Iterator[None]:
    """Let FAISS use all cores inside: nothing else runs while an index is made."""
    faiss.omp_set_num_threads(CORES)
    try:
        yield
    finally:
        use_one_thread()


def id_selector(allowed: PositionFilter | None) -> Any:
    """Return the FAISS selector of the vectors that may be found, None for all.

    It points into the filter's bits, which must live as long as it is used.
    """
    return None if allowed is None else faiss.IDSelectorBitmap(allowed.bits)
