"""What holds for the whole process: how many cores and threads it uses."""

from __future__ import annotations

import os

# The cores that this process may use.
CORES = max(
    1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
)
