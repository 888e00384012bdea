"""The plain way, as a system of the comparison."""

from __future__ import annotations

from pathlib import Path

from sentence_transformers import SentenceTransformer

from benchmarks import plain
from benchmarks.peers import task


class Plain:
    """See `task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model."""
        self._model = SentenceTransformer(model, device="cpu")
        self._folder = folder
        self._search: plain.Search | None = None

    def index(self, corpus: Path) -> None:
        """See `task.System`."""
        plain.index(corpus, self._folder, self._model)
        self._search = plain.Search(self._folder, self._model)

    def ask(self, question: str) -> list[str]:
        """See `task.System`."""
        if self._search is None:
            raise RuntimeError("nothing is indexed yet")
        return [str(each["id"]) for each in self._search.ask(question, task.LIMIT)]


if __name__ == "__main__":
    task.main(Plain)
