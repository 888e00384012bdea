"""Judged questions to measures: how good are the answers, and is one way better than another?

The measures are trec_eval's, computed by ir-measures; intervals and tests by scipy.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from scipy import stats

from embedder.errors import SourceError
from embedder.files import read_text

# As trec_eval has them: nDCG with linear gain, recall of what is judged 1 or higher.
MEASURES = (nDCG @ 10, R @ 10, R @ 100, RR @ 10)
NAMES = {nDCG @ 10: "nDCG@10", R @ 10: "Recall@10", R @ 100: "Recall@100", RR @ 10: "MRR@10"}

# Retrieved documents a query, by id, with scores.
Run = dict[str, dict[str, float]]
Qrels = dict[str, dict[str, int]]

_RESAMPLES = 10_000
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Query:
    """A judged question; `kind` groups the table, "" where the file has none."""

    id: str
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure over some queries: mean, and its 95% bootstrap interval."""

    measure: str
    kind: str
    queries: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of two runs over the same queries.

    `difference` is the mean of the second minus that of the first, `p` of a two-sided paired
    permutation test that there is none.
    """

    measure: str
    first: float
    second: float
    difference: float
    p: float


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


def by_id(qrels: Qrels, ids: Mapping[str, str]) -> Qrels:
    """Name documents by id where judgements name them by title; `ids` maps titles to ids."""
    return {
        query: {ids.get(document, document): grade for document, grade in judged.items()}
        for query, judged in qrels.items()
    }


def make_run(queries: Iterable[Query], ask: Callable[[str, int], Sequence[str]]) -> Run:
    """Ask every query; `ask` takes a text and a limit and gives ids, best first.

    The scores of a run are made from the ranks: trec_eval orders by score alone, and would
    order equal ones by id.
    """
    return {
        query.id: {key: float(_DEPTH - at) for at, key in enumerate(ask(query.text, _DEPTH))}
        for query in queries
    }


def per_query(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Give each measure of each query that has a relevant document: {measure: {query: value}}.

    A query that found nothing counts 0.
    """
    judged = {query: grades for query, grades in qrels.items() if any(grades.values())}
    values: dict[str, dict[str, float]] = {
        name: dict.fromkeys(judged, 0.0) for name in NAMES.values()
    }
    asked = {query: run.get(query) or {"": 0.0} for query in judged}
    for each in ir_measures.iter_calc(MEASURES, judged, asked):
        values[NAMES[each.measure]][each.query_id] = float(each.value)
    return values


def summarise(queries: Sequence[Query], run: Run, qrels: Qrels) -> list[Measured]:
    """Give every measure over all queries, and over each kind where there are kinds."""
    values = per_query(run, qrels)
    kinds = list(dict.fromkeys(query.kind for query in queries if query.kind))
    groups = [("all", {query.id for query in queries})]
    groups += [(kind, {query.id for query in queries if query.kind == kind}) for kind in kinds]
    return [
        _measured(name, kind, [value for query, value in each.items() if query in ids])
        for kind, ids in groups
        for name, each in values.items()
        if ids & each.keys()
    ]


def compare(first: Run, second: Run, qrels: Qrels) -> list[Compared]:
    """Test whether two runs over the same queries differ."""
    one, two = per_query(first, qrels), per_query(second, qrels)
    return [_compared(name, one[name], two[name]) for name in NAMES.values()]


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


def _measured(name: str, kind: str, values: Sequence[float]) -> Measured:
    mean = float(np.mean(values))
    low, high = mean, mean
    if len(set(values)) > 1:
        interval = stats.bootstrap(
            (np.asarray(values),), np.mean, n_resamples=_RESAMPLES, method="percentile", rng=0
        ).confidence_interval
        low, high = float(interval.low), float(interval.high)
    return Measured(name, kind, len(values), mean, low, high)


def _compared(name: str, one: Mapping[str, float], two: Mapping[str, float]) -> Compared:
    first = np.asarray([one[query] for query in one])
    second = np.asarray([two[query] for query in one])
    p = 1.0
    if np.any(first != second):
        p = float(
            stats.permutation_test(
                (first, second),
                _difference,
                permutation_type="samples",
                n_resamples=_RESAMPLES,
                vectorized=True,
                rng=0,
            ).pvalue
        )
    mean_first, mean_second = float(first.mean()), float(second.mean())
    return Compared(name, mean_first, mean_second, mean_second - mean_first, p)


def _difference(first: Any, second: Any, axis: int) -> Any:
    # Differences first: equal permutations then have equal sums to the last bit, and ties count.
    return np.mean(second - first, axis=axis)
