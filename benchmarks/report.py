"""Sections of benchmarks/README.md: tables, and the machine that the figures were measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

PAGE = Path(__file__).with_name("README.md")
_HEADING = """# Benchmarks

Each section is written by the script that it names; the others are left as they are.
"""


class Others:
    """Measure what other processes take of the cores: figures of a busy machine mislead."""

    def __init__(self) -> None:
        """Start measuring."""
        self._began = self._counts()

    def share(self) -> float:
        """Return the share of all cores' time that other processes have taken so far, 0 to 1.

        Child processes count as ours once they have ended.
        """
        total, ours, seconds = np.subtract(self._counts(), self._began)
        cores = psutil.cpu_count() or 1
        return float(max(0.0, total - ours) / (seconds * cores))

    @staticmethod
    def _counts() -> tuple[float, float, float]:
        """Return the CPU seconds of all processes, those of ours, and the time, in seconds."""
        times = psutil.cpu_times()
        total = times.user + times.system + getattr(times, "nice", 0.0)
        return total, sum(os.times()[:4]), time.monotonic()


def machine(packages: Sequence[str], others: Others) -> str:
    """Describe the machine, the versions of packages and the day, for the foot of a section."""
    usable_cores = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {len(usable_cores)} cores, "
        f"{psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}. Other processes took "
        f"{others.share():.0%} of the cores' time meanwhile."
    )


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table; every column but the first is aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, each))} |" for each in lines)


def write_section(page: Path, name: str, text: str) -> None:
    """Write a text between the section's marks; a page without them gets the section at its end."""
    old = page.read_text(encoding="utf-8") if page.exists() else _HEADING
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = old.partition(begin)
    after = rest.partition(end)[2] if found else ""
    if not found:
        before = before.rstrip("\n") + "\n\n"
    section = f"{begin}\n{text.strip()}\n{end}"
    page.write_text(before + section + (after or "\n"), encoding="utf-8")
