"""Progress of long work, such as a build."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Progress(Protocol):
    """Shows how far long work has come; a program may pass its own.

    >>> from contextlib import contextmanager
    >>> class Dots:
    ...     @contextmanager
    ...     def step(self, name, total):
    ...         print(name)
    ...         yield lambda units: print("." * units)
    >>> with Dots().step("Embedding", 3) as advance:
    ...     advance(2)
    Embedding
    ..
    """

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a step of `total` units.

        Returns a context manager that gives a function: call it with how many units are done.
        """
        ...


class NoProgress:
    """Shows nothing; see `Progress`."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:  # noqa: ARG002
        """Begin a step that nobody watches."""
        return nullcontext(lambda _units: None)
