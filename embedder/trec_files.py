"""Judged questions and runs in the file formats of TREC and BEIR."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.files import read_text

# Retrieved documents a query, by id, with scores.
Run = dict[str, dict[str, float]]


Qrels = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Query:
    """A judged question; `kind` groups the table, "" where the file has none."""

    id: str
    text: str
    kind: str = ""


def read_queries(path: Path) -> tuple[list[Query], Qrels]:
    """Read queries, a JSON object a line: `{"_id", "text"}`, and `kind` where there is one.

    `id` and `query` are read for `_id` and `text`. Judgements may stand in the same line, as
    `relevant`: a document's id or title to its grade.

    Raises SourceError, with file and line.
    """
    queries, qrels = [], {}
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            query, judged = _query(json.loads(line))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise SourceError(
                path,
                number,
                'a query is a JSON object with "_id" and "text", and whole grades in "relevant"',
            ) from error
        queries.append(query)
        if judged is not None:
            qrels[query.id] = judged
    return queries, qrels


def _query(value: dict[str, Any]) -> tuple[Query, dict[str, int] | None]:
    key, text = value.get("_id", value.get("id")), value.get("text", value.get("query"))
    if not isinstance(key, str | int) or not str(key) or not isinstance(text, str):
        raise ValueError
    if not text.strip():
        raise ValueError
    relevant = value.get("relevant")
    judged = None
    if relevant is not None:
        judged = {str(each): int(grade) for each, grade in relevant.items()}
    return Query(str(key), text, str(value.get("kind", ""))), judged


def read_qrels(path: Path) -> Qrels:
    """Read judgements: `query-id`, `corpus-id`, `score`, tab-separated, under a header.

    Raises SourceError, with file and line.
    """
    qrels: Qrels = defaultdict(dict)
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        is_score = len(cells) == 3 and cells[2].strip().isdecimal()
        if number == 1:
            if is_score:
                raise SourceError(path, 1, "a header is expected: query-id, corpus-id, score")
            continue
        if not is_score:
            raise SourceError(path, number, "query-id, corpus-id and score are expected")
        qrels[cells[0]][cells[1]] = int(cells[2])
    return dict(qrels)


def write_run(path: Path, run: Run, name: str) -> None:
    """Write a run in trec_eval's form."""
    lines = [
        f"{query} Q0 {document} {rank} {score!r} {name}\n"
        for query, found in run.items()
        for rank, (document, score) in enumerate(_ordered(found), start=1)
    ]
    path.write_text("".join(lines), encoding="utf-8")


def read_run(path: Path) -> Run:
    """Read a run in trec_eval's form.

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
            raise SourceError(path, number, "six columns of a TREC run are expected") from error
    return dict(run)


def _ordered(found: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(found.items(), key=lambda each: -each[1])
