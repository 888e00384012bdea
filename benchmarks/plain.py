"""The plain way: sentence-transformers, FAISS and Flask, as most people would write it.

Every other figure is a ratio against this program. It is a fair baseline: nothing slows it down,
and nothing in it is cleverer than those libraries' own introductions.

python -m benchmarks.plain index CORPUS.jsonl FOLDER --model MODEL
python -m benchmarks.plain ask FOLDER QUESTION --model MODEL
python -m benchmarks.plain serve FOLDER --model MODEL --port 8001
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import faiss
import waitress
from flask import Flask, Response, jsonify, request
from sentence_transformers import SentenceTransformer


def load_model(folder: Path) -> SentenceTransformer:
    """Load a model from its folder, as float32 on the CPU."""
    model = SentenceTransformer(str(folder), device="cpu")
    model.float()
    return model


def index(corpus: Path, folder: Path, model: SentenceTransformer) -> None:
    """Embed a BEIR corpus, and write its index and its documents."""
    lines = corpus.read_text(encoding="utf-8").split("\n")
    documents = [json.loads(line) for line in lines if line.strip()]
    texts = [f"{each['title']}. {each['text']}" for each in documents]
    vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    folder.mkdir(parents=True, exist_ok=True)
    faiss.write_index(flat, str(folder / "index.faiss"))
    (folder / "documents.json").write_text(json.dumps(documents), encoding="utf-8")


class Search:
    """The index and the documents of a folder, in memory."""

    def __init__(self, folder: Path, model: SentenceTransformer) -> None:
        """Read the index and the documents."""
        self._model = model
        self._index = faiss.read_index(str(folder / "index.faiss"))
        self._documents = json.loads((folder / "documents.json").read_text(encoding="utf-8"))

    def ask(self, question: str, limit: int = 10) -> list[dict[str, Any]]:
        """Return the documents nearest to a question, nearest first."""
        vectors = self._model.encode([question], normalize_embeddings=True)
        scores, rows = self._index.search(vectors, min(limit, len(self._documents)))
        return [
            {
                "id": self._documents[row]["_id"],
                "title": self._documents[row]["title"],
                "abstract": self._documents[row]["text"],
                "score": float(score),
            }
            for score, row in zip(scores[0], rows[0], strict=True)
        ]


def create_app(search: Search) -> Flask:
    """Create the app: `POST /search` with `query` and `limit`."""
    app = Flask(__name__)

    @app.post("/search")
    def answer() -> Response:
        body = request.get_json()
        return jsonify(search.ask(body["query"], body.get("limit", 10)))

    return app


def main() -> None:
    """Run one of the three commands."""
    parser = argparse.ArgumentParser(description="The plain way to search abstracts.")
    commands = parser.add_subparsers(dest="command", required=True)
    indexing = commands.add_parser("index")
    indexing.add_argument("corpus", type=Path)
    asking = commands.add_parser("ask")
    serving = commands.add_parser("serve")
    for command in (indexing, asking, serving):
        command.add_argument("folder", type=Path)
        command.add_argument("--model", type=Path, required=True)
    asking.add_argument("question")
    serving.add_argument("--port", type=int, default=8001)
    arguments = parser.parse_args()
    model = load_model(arguments.model)
    if arguments.command == "index":
        index(arguments.corpus, arguments.folder, model)
        return
    search = Search(arguments.folder, model)
    if arguments.command == "ask":
        for each in search.ask(arguments.question):
            print(f"{each['score']:.3f}  {each['title']}")
    else:
        waitress.serve(create_app(search), host="127.0.0.1", port=arguments.port, threads=8)


if __name__ == "__main__":
    main()
