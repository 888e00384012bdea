"""Progress of long work, for whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Shows how far long work has come."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a step of `total` units; the function given is called with each advance."""
        ...


class NoProgress:
    """Shows nothing; see `Progress`."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:  # noqa: ARG002
        """Begin a step that nobody watches."""
        return nullcontext(lambda _units: None)
