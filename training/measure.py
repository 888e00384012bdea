"""Measure readers on entries that none of them has seen, and on two libraries that none has.

A question of an entry has one document among those of all entries; the libraries have judged
questions of their own. Reported are nDCG@10 and MRR@10 with 95% bootstrap intervals, by part
(development, test, or a library), reader, kind of question and language.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from embedder.measures import summarise
from embedder.trec_files import Qrels, Query, read_queries
from embedder.vectors import Float32Array
from training.material import LIBRARIES, QUESTIONS, Entry

MEASURES = ("nDCG@10", "MRR@10")
# How many of the best documents are measured: both measures look at ten.
_DEPTH = 100
_BEGIN, _END = "<!-- quality -->", "<!-- /quality -->"

ReadTexts = Callable[[Sequence[str]], Float32Array]
"""Reads texts into float32 (n, dim) unit rows."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by id, and judged questions; a question's kind is its kind and language.

    `part` says which part of the material it is of.
    """

    part: str
    documents: dict[str, str]
    queries: Sequence[Query]
    qrels: Qrels


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads what: names of the readers of questions and documents, and how they read."""

    questions: str
    documents: str
    read_questions: ReadTexts
    read_documents: ReadTexts


@dataclass(frozen=True, slots=True)
class Score:
    """One measure, 0 to 1, over the questions of a kind, with its 95% interval.

    The kind `all` has all questions that the reader was asked.
    """

    reader: str
    documents: str
    part: str
    kind: str
    questions: int
    measure: str
    mean: float
    low: float
    high: float


def of_entries(entries: Sequence[Entry], chosen: Sequence[int], part: str) -> Collection:
    """Return the documents of all entries and the questions of the chosen ones."""
    queries: list[Query] = []
    qrels: Qrels = {}
    for index in chosen:
        asked = {f"{kind}, en": entries[index].questions[kind] for kind in QUESTIONS}
        asked |= {f"plain, {code}": text for code, text in sorted(entries[index].others.items())}
        for kind, text in asked.items():
            queries.append(Query(f"{index} {kind}", text, kind))
            qrels[queries[-1].id] = {str(index): 1}
    documents = {str(index): entry.document for index, entry in enumerate(entries)}
    return Collection(part, documents, queries, qrels)


def of_libraries(folder: Path = LIBRARIES) -> list[Collection]:
    """Return the libraries of a folder, with the questions that have an answer in them."""
    found = []
    for library in sorted(path for path in folder.iterdir() if path.is_dir()):
        rows = (library / "documents.jsonl").read_text(encoding="utf-8").splitlines()
        documents = {
            str(row["id"]): f"{row['title']}. {row['abstract']}" for row in map(json.loads, rows)
        }
        queries, qrels = read_queries(library / "questions.jsonl")
        answered = [query for query in queries if any(qrels.get(query.id, {}).values())]
        found.append(Collection(library.name, documents, answered, qrels))
    return found


def in_english(query: Query) -> bool:
    """Return whether a question of either sort of collection is in English."""
    return not (query.kind.startswith("plain, ") and query.kind != "plain, en") and (
        query.kind != "crosslingual"
    )


def measure(
    collection: Collection, reading: Reading, asks: Callable[[Query], bool] = in_english
) -> list[Score]:
    """Ask the questions that `asks` accepts, and return both measures by kind."""
    queries = [query for query in collection.queries if asks(query)]
    if not queries:
        return []
    ids = list(collection.documents)
    documents = reading.read_documents(list(collection.documents.values()))
    cosines = reading.read_questions([query.text for query in queries]) @ documents.T
    best = np.argsort(-cosines, axis=1, kind="stable")[:, :_DEPTH]
    run = {
        query.id: {ids[place]: float(row[place]) for place in order}
        for query, row, order in zip(queries, cosines, best, strict=True)
    }
    qrels = {query.id: collection.qrels[query.id] for query in queries}
    return [
        Score(
            reading.questions,
            reading.documents,
            collection.part,
            found.kind,
            found.queries,
            found.measure,
            found.mean,
            found.low,
            found.high,
        )
        for found in summarise(queries, run, qrels)
        if found.measure in MEASURES
    ]


def write_json(path: Path, scores: Sequence[Score], about: dict[str, object]) -> None:
    """Write scores, and what was measured, as JSON."""
    whole = {**about, "scores": [asdict(score) for score in scores]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(scores: Sequence[Score], part: str) -> str:
    """Return a markdown table of one part: a row for each reader and kind."""
    lines = [
        "| questions read by | documents read by | kind | questions | "
        + " | ".join(MEASURES)
        + " |",
        "| --- | --- | --- | ---: | --- | --- |",
    ]
    rows: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for score in scores:
        if score.part == part:
            key = (score.reader, score.documents, score.kind, str(score.questions))
            text = f"{score.mean:.3f} ({score.low:.3f}–{score.high:.3f})"
            rows.setdefault(key, {})[score.measure] = text
    for key, values in rows.items():
        lines.append("| " + " | ".join([*key, *(values[name] for name in MEASURES)]) + " |")
    return "\n".join(lines)


def tables(scores: Sequence[Score]) -> str:
    """Return the tables of all parts, each under its heading."""
    return "\n\n".join(
        f"### {part.capitalize()}\n\n{table(scores, part)}"
        for part in dict.fromkeys(score.part for score in scores)
    )


def write_section(path: Path, scores: Sequence[Score]) -> None:
    """Write the tables into the marked section of a markdown file.

    Raises ValueError if the file has no such section.
    """
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{path} has no section between {_BEGIN} and {_END}")
    path.write_text(f"{before}{begin}\n{tables(scores)}\n{end}{after}", encoding="utf-8")
