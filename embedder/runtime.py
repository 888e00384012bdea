"""What holds for the whole process: the cores it may use, and its threads.

Importing Fingerpost changes nothing in the process. The command line and the server call
`configure` once; a program that only searches from one thread need not.
"""

from __future__ import annotations

import os

# The cores that this process may use.
CORES = max(
    1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
)


def configure() -> None:
    """Keep numpy's linear algebra to one thread, as suits many questions answered at once.

    Each question is answered by one thread. More threads inside each only wait for one another,
    spinning. FAISS keeps its number of threads for each thread apart: see
    `embedder.index.faiss_library`.

    >>> configure()
    """
    import numpy as np  # noqa: F401 (its library must be loaded to be limited)
    from threadpoolctl import threadpool_limits

    threadpool_limits(1, "blas")
