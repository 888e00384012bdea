"""Judged questions to measures: how good are the answers, and is one way better than another?

The measures are trec_eval's, computed by ir-measures; intervals and tests by scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from scipy import stats

from embedder.trec_files import Qrels, Query, Run

# As trec_eval has them: nDCG with linear gain, recall of what is judged 1 or higher.
MEASURES = (nDCG @ 10, R @ 10, R @ 100, RR @ 10)
NAMES = {nDCG @ 10: "nDCG@10", R @ 10: "Recall@10", R @ 100: "Recall@100", RR @ 10: "MRR@10"}


_RESAMPLES = 10_000
_DEPTH = 100


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
