"""Fingerpost, as a system of the comparison."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import prepared_encoder
from benchmarks.peers import task
from embedder.build import pipeline
from embedder.library import Library
from embedder.progress import NoProgress
from embedder.records import Question


class Fingerpost:
    """See `task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model, by its folder as the other systems do."""
        encoder = prepared_encoder(model)
        self._load = lambda _, **__: encoder
        self._folder = folder
        self._library = Library(folder, load=self._load)

    def index(self, corpus: Path) -> None:
        """See `task.System`."""
        pipeline.index(self._folder, [corpus], NoProgress(), load=self._load)
        self._library.load()

    def ask(self, question: str) -> list[str]:
        """See `task.System`."""
        answer = self._library.ask(Question(question, limit=task.LIMIT))
        return [hit.document.id for hit in answer.hits]


if __name__ == "__main__":
    task.main(Fingerpost)
