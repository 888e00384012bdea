"""FAISS, and how many threads it uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import faiss as _faiss

from embedder.runtime import CORES

# Its stubs describe the C++ signatures, not the Python ones that it adds.
faiss: Any = _faiss


def use_one_thread() -> None:
    """Have FAISS use no other thread than this one, which must be said in each thread anew."""
    faiss.omp_set_num_threads(1)


@contextmanager
def all_cores() -> Iterator[None]:
    """Use all cores, as nothing else runs when an index is made."""
    faiss.omp_set_num_threads(CORES)
    try:
        yield
    finally:
        use_one_thread()
