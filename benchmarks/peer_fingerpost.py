"""Fingerpost, as a system of `peers.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peer_task
from embedder.build import pipeline
from embedder.encoders.loading import load_encoder
from embedder.library import Library
from embedder.records import Question


class Silent:
    """Shows no progress."""

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Show nothing."""
        yield lambda _: None


class Fingerpost:
    """See `peer_task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model: the default one, whose files the other systems are given."""
        del model
        encoder = load_encoder()
        self._load = lambda _, **__: encoder
        self._folder = folder
        self._library = Library(folder, load=self._load)

    def index(self, corpus: Path) -> None:
        """See `peer_task.System`."""
        pipeline.index(self._folder, [corpus], Silent(), load=self._load)
        self._library.load()

    def ask(self, question: str) -> list[str]:
        """See `peer_task.System`."""
        answer = self._library.ask(Question(question, limit=peer_task.LIMIT))
        return [hit.document.id for hit in answer.hits]


if __name__ == "__main__":
    peer_task.main(Fingerpost)
