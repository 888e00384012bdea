"""Judged collections: documents, questions, and which documents answer which question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from embedder.trec_files import Qrels, Query, read_qrels, read_queries

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Collection:
    """Judged collections joined into one; each id begins with its collection's name.

    `documents` have the keys `_id`, `title` and `text` of BEIR; a question's
    `kind` is the name of its collection.
    """

    documents: list[dict[str, str]]
    questions: list[Query]
    qrels: Qrels

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write corpus, queries and judgements in BEIR's formats, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        corpus, queries, qrels = (
            folder / name for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv")
        )
        corpus.write_text(_lines(self.documents), encoding="utf-8")
        queries.write_text(
            _lines([{"_id": each.id, "text": each.text} for each in self.questions]),
            encoding="utf-8",
        )
        rows = [
            f"{query}\t{document}\t{grade}\n"
            for query, judged in self.qrels.items()
            for document, grade in judged.items()
        ]
        qrels.write_text("query-id\tcorpus-id\tscore\n" + "".join(rows), encoding="utf-8")
        return corpus, queries, qrels


def read_collections(
    data: Path, names: Sequence[str], documents: int | None = None, questions: int | None = None
) -> Collection:
    """Read collections as one; `documents` and `questions` limit how many, the same of each.

    Judgements of documents that are left out are left out too, and so are questions without a
    relevant document.
    """
    read = [
        _read_one(data / name, _share(documents, len(names)), _share(questions, len(names)))
        for name in names
    ]
    return Collection(
        [document for each in read for document in each.documents],
        [question for each in read for question in each.questions],
        {query: judged for each in read for query, judged in each.qrels.items()},
    )


def all_questions(data: Path, names: Sequence[str]) -> list[str]:
    """Read the distinct questions of collections, judged or not, in a fixed shuffled order."""
    files = [data / name / "queries.jsonl" for name in names]
    texts = list(dict.fromkeys(each.text for file in files for each in read_queries(file)[0]))
    return [texts[index] for index in np.random.default_rng(0).permutation(len(texts))]


def _share(total: int | None, collections: int) -> int | None:
    return None if total is None else max(1, total // collections)


def _read_one(folder: Path, documents: int | None, questions: int | None) -> Collection:
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").split("\n")
    prefix = f"{folder.name}-"
    kept = [
        {"_id": prefix + each["_id"], "title": each["title"], "text": each["text"]}
        for each in (json.loads(line) for line in lines if line.strip())
    ][:documents]
    ids = {each["_id"] for each in kept}
    qrels = {
        prefix + query: {
            prefix + document: grade
            for document, grade in judged.items()
            if prefix + document in ids
        }
        for query, judged in read_qrels(folder / "qrels.tsv").items()
    }
    asked = [
        Query(prefix + each.id, each.text, folder.name)
        for each in read_queries(folder / "queries.jsonl")[0]
        if any(qrels.get(prefix + each.id, {}).values())
    ][:questions]
    return Collection(kept, asked, {each.id: qrels[each.id] for each in asked})


def _lines(values: Sequence[Mapping[str, str]]) -> str:
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in values)
