"""The process's cores, and its threads: one for numpy's linear algebra once it is configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from embedder.runtime import CORES
from tests.conftest import ROOT

# Threads of the libraries that numpy's linear algebra runs on.
THREADS = """
def threads():
    found = threadpoolctl.threadpool_info()
    return [each["num_threads"] for each in found if each["user_api"] == "blas"]
"""


def printed_by(script: str) -> Any:
    """Run a script in a process of its own, whose threads are not ours; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_configure_keeps_linear_algebra_to_one_thread() -> None:
    assert printed_by(
        f"import json, numpy, threadpoolctl\n{THREADS}\n"
        "threadpoolctl.threadpool_limits(3, 'blas')\n"
        "before = threads()\n"
        "from embedder.runtime import configure\n"
        "imported = threads()\n"
        "configure()\n"
        "print(json.dumps([before, imported, threads()]))"
    ) == [[3], [3], [1]]


def test_configure_loads_numpy_and_limits_it_too() -> None:
    assert printed_by(
        f"import json, sys, threadpoolctl\n{THREADS}\n"
        "from embedder.runtime import configure\n"
        "loaded = 'numpy' in sys.modules\n"
        "configure()\n"
        "configure()\n"
        "print(json.dumps([loaded, threads()]))"
    ) == [False, [1]]


def test_there_is_at_least_one_core() -> None:
    assert type(CORES) is int
    assert CORES >= 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds no process")
def test_a_process_bound_to_one_core_has_one() -> None:
    script = (
        "import os\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from embedder.runtime import CORES\n"
        "print(CORES)"
    )
    assert printed_by(script) == 1


@pytest.mark.parametrize(("count", "cores"), [("None", 1), ("0", 1), ("6", 6)])
def test_where_no_process_can_be_bound_the_cores_are_those_of_the_machine(
    count: str, cores: int
) -> None:
    script = (
        "import os\n"
        "vars(os).pop('sched_getaffinity', None)\n"
        f"os.cpu_count = lambda: {count}\n"
        "from embedder.runtime import CORES\n"
        "print(CORES)"
    )
    assert printed_by(script) == cores
