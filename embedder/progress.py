"""How far a build is, shown to whoever started it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Progress(Protocol):
    """Shows the steps of a build."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a step of `total` units; the function it returns advances it by some units."""
        ...


class NoProgress:
    """Show nothing; see `Progress`."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Begin a step."""
        yield lambda _: None
