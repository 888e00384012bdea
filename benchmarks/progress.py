"""Progress of a build that is shown to nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Silent:
    """Progress that shows nothing; see `embedder.build.pipeline.Progress`."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Show nothing."""
        yield lambda _: None
