"""txtai, as a system of the comparison: meaning and keywords, documents kept beside the index."""

from __future__ import annotations

from pathlib import Path

from txtai import Embeddings  # type: ignore[import-not-found]

from benchmarks.peers import task


class Txtai:
    """See `task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model."""
        self._embeddings = Embeddings(path=model, hybrid=True, content=True, gpu=False)
        self._folder = folder

    def index(self, corpus: Path) -> None:
        """See `task.System`."""
        self._embeddings.index(
            (each["_id"], {"text": task.text_of(each), "title": each["title"]}, None)
            for each in task.documents(corpus)
        )
        self._embeddings.save(str(self._folder))

    def ask(self, question: str) -> list[str]:
        """See `task.System`."""
        return [str(each["id"]) for each in self._embeddings.search(question, task.LIMIT)]


if __name__ == "__main__":
    task.main(Txtai)
