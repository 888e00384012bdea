"""Chroma, as a system of the comparison: its persistent client, and its own use of the model."""

from __future__ import annotations

from pathlib import Path

import chromadb  # type: ignore[import-not-found]
from chromadb.config import Settings  # type: ignore[import-not-found]
from chromadb.utils.embedding_functions import (  # type: ignore[import-not-found]
    SentenceTransformerEmbeddingFunction,
)

from benchmarks.peers import task


class Chroma:
    """See `task.System`."""

    def __init__(self, model: str, folder: Path) -> None:
        """Load the model and create an empty collection."""
        client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self._max_batch = client.get_max_batch_size()
        self._collection = client.create_collection(
            "abstracts",
            embedding_function=SentenceTransformerEmbeddingFunction(
                model, normalize_embeddings=True
            ),
            configuration={"hnsw": {"space": "cosine"}},
        )

    def index(self, corpus: Path) -> None:
        """See `task.System`."""
        documents = task.documents(corpus)
        for start in range(0, len(documents), self._max_batch):
            batch = documents[start : start + self._max_batch]
            self._collection.add(
                ids=[each["_id"] for each in batch],
                documents=[task.text_of(each) for each in batch],
                metadatas=[{"title": each["title"]} for each in batch],
            )

    def ask(self, question: str) -> list[str]:
        """See `task.System`."""
        answer = self._collection.query(query_texts=[question], n_results=task.LIMIT)
        return [str(each) for each in answer["ids"][0]]


if __name__ == "__main__":
    task.main(Chroma)
