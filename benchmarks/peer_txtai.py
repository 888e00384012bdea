"""txtai, as a system of `peers.py`: meaning and keywords, documents kept beside the index."""

from __future__ import annotations

from pathlib import Path

from txtai import Embeddings  # type: ignore[import-not-found]

from benchmarks import peer_task


class Txtai:
    """See `peer_task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model."""
        self._embeddings = Embeddings(path=model, hybrid=True, content=True, gpu=False)
        self._folder = folder

    def index(self, corpus: Path) -> None:
        """See `peer_task.System`."""
        self._embeddings.index(
            (each["_id"], {"text": peer_task.text_of(each), "title": each["title"]}, None)
            for each in peer_task.documents(corpus)
        )
        self._embeddings.save(str(self._folder))

    def ask(self, question: str) -> list[str]:
        """See `peer_task.System`."""
        return [str(each["id"]) for each in self._embeddings.search(question, peer_task.LIMIT)]


if __name__ == "__main__":
    peer_task.main(Txtai)
