"""Read and write judged questions and runs, in the file formats of TREC and BEIR."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.files import read_text, replace_text

# {query id: {document id: score}}, the documents that were retrieved.
Run = dict[str, dict[str, float]]
# {query id: {document id: grade}}, 0 for a document judged not relevant.
Qrels = dict[str, dict[str, int]]

# The kind of queries that no document answers.
UNANSWERABLE = "none"
# The kinds that tell them apart: close to the library's field, and of other subjects.
NEAR, OFF = "near", "off"

_QUERY_FORM = 'expected a JSON object with "_id", "text" and, if any, whole grades in "relevant"'
_QRELS_HEADER = "expected a header: query-id, corpus-id and score, separated by tabs"
_QRELS_FORM = "expected query-id, corpus-id and a whole score, separated by tabs"
_RUN_FORM = "expected the six columns of a TREC run"


@dataclass(frozen=True, slots=True)
class Query:
    """A judged question; `kind` is the group that it is summarised in, "" for none."""

    id: str
    text: str
    kind: str = ""

    @property
    def answerable(self) -> bool:
        """Whether a document of the library answers it, by its kind."""
        return self.kind not in (UNANSWERABLE, NEAR, OFF)


def read_queries(path: Path) -> tuple[list[Query], Qrels]:
    """Read queries, one JSON object per line: `{"_id", "text"}`, and `kind` if it has one.

    `id` and `query` may be used for `_id` and `text`. The same line may have the judgements, as
    `relevant`: a map from documents, by id or title, to grades.

    Returns the queries in order, and the judgements in the file.

    Raises SourceError, with file and line.
    """
    queries: list[Query] = []
    qrels: Qrels = {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            query, grades = _query(json.loads(line))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise SourceError(path, number, _QUERY_FORM) from error
        queries.append(query)
        if grades is not None:
            qrels[query.id] = grades
    return queries, qrels


def _query(value: dict[str, Any]) -> tuple[Query, dict[str, int] | None]:
    query_id = value.get("_id", value.get("id"))
    text = value.get("text", value.get("query"))
    if not isinstance(query_id, str | int) or not str(query_id) or not isinstance(text, str):
        raise ValueError
    if not text.strip():
        raise ValueError
    relevant = value.get("relevant")
    grades = None
    if relevant is not None:
        grades = {str(document): int(grade) for document, grade in relevant.items()}
    return Query(str(query_id), text, str(value.get("kind", ""))), grades


def read_questions(path: Path) -> tuple[list[Query], Qrels]:
    """Read queries as `read_queries` does, or from a file of plain text with one on each line.

    Those of plain text have no judgements, and an id made of their text: it stays the same where
    lines are added or moved, and a question that is there twice is read once.

    Raises SourceError, with file and line.
    """
    text = read_text(path)
    if text.lstrip().startswith("{"):
        return read_queries(path)
    lines = dict.fromkeys(line.strip() for line in text.split("\n") if line.strip())
    return [Query(hashlib.sha256(line.encode()).hexdigest()[:12], line) for line in lines], {}


def write_queries(path: Path, queries: Iterable[Query], qrels: Qrels) -> None:
    """Write queries with their judgements, as `read_queries` reads them, in one step.

    Raises SourceError if the file cannot be written.
    """
    lines = []
    for query in queries:
        value: dict[str, Any] = {"_id": query.id, "text": query.text}
        if query.kind:
            value["kind"] = query.kind
        if query.id in qrels:
            value["relevant"] = qrels[query.id]
        lines.append(json.dumps(value, ensure_ascii=False) + "\n")
    replace_text(path, "".join(lines))


def read_qrels(path: Path) -> Qrels:
    """Read judgements: `query-id`, `corpus-id`, `score`, separated by tabs, under a header.

    Raises SourceError, with file and line.
    """
    qrels: Qrels = defaultdict(dict)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        is_judgement = len(cells) == 3 and cells[2].strip().isdecimal()
        if number == 1:
            if is_judgement:
                raise SourceError(path, 1, _QRELS_HEADER)
            continue
        if not is_judgement:
            raise SourceError(path, number, _QRELS_FORM)
        qrels[cells[0]][cells[1]] = int(cells[2])
    return dict(qrels)


def write_run(path: Path, run: Run, name: str) -> None:
    """Write a run in trec_eval's format, each query's documents by descending score."""
    lines = [
        f"{query} Q0 {document} {rank} {score!r} {name}\n"
        for query, scores in run.items()
        for rank, (document, score) in enumerate(_ranked(scores), start=1)
    ]
    path.write_text("".join(lines), encoding="utf-8")


def read_run(path: Path) -> Run:
    """Read a run in trec_eval's format.

    Raises SourceError, with file and line.
    """
    run: Run = defaultdict(dict)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        cells = line.split()
        if not cells:
            continue
        try:
            query, _, document, _, score, _ = cells
            run[query][document] = float(score)
        except ValueError as error:
            raise SourceError(path, number, _RUN_FORM) from error
    return dict(run)


def _ranked(scores: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda item: -item[1])
