"""Measure answers on judged questions, and test whether two runs differ.

The measures are trec_eval's, computed by ir-measures (https://ir-measur.es); bootstrap intervals
and permutation tests are scipy's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ir_measures
import numpy as np
from ir_measures import RR, R, nDCG
from scipy import stats

from embedder.records import Document
from embedder.trec_files import Qrels, Query, Run
from embedder.vectors import Float64Array

# As trec_eval defines them: nDCG with linear gain (Järvelin, Kekäläinen 2002), recall of the
# documents with a grade of 1 or higher, reciprocal rank of the first of these.
MEASURES = (nDCG @ 10, R @ 10, R @ 100, RR @ 10)
NAMES = {nDCG @ 10: "nDCG@10", R @ 10: "Recall@10", R @ 100: "Recall@100", RR @ 10: "MRR@10"}

_RESAMPLES = 10_000
# Documents to retrieve for each query: as many as the deepest measure needs.
DEPTH = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure over the queries of a kind: its mean, 0 to 1, and the 95% bootstrap interval.

    The interval, `low` to `high`, is of the percentile method (Efron, Tibshirani 1993).
    """

    measure: str
    kind: str
    queries: int
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of two runs over the same queries.

    `first` and `second` are means, 0 to 1, `difference` is second minus first, and `low` to `high`
    its 95% bootstrap interval (see `Measured`). `p` is of a two-sided paired permutation test,
    whose null hypothesis is that there is no difference.
    """

    measure: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float


def by_id(qrels: Qrels, documents: Iterable[Document]) -> Qrels:
    """Return judgements by document id, where they name documents of a library by title or id.

    A document that the library does not have keeps its name.
    """
    ids = {document.title: document.id for document in documents}
    return {
        query: {ids.get(document, document): grade for document, grade in grades.items()}
        for query, grades in qrels.items()
    }


def by_rank(documents: Sequence[str]) -> dict[str, float]:
    """Return the scores of at most 100 document ids, the best first, for a run: 100, 99, and so on.

    trec_eval orders by score alone, and equal scores by id: these keep the order.
    """
    return {document: float(DEPTH - index) for index, document in enumerate(documents)}


def per_query(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """Return {measure: {query: value}} for the queries with a relevant document.

    Values are from 0 to 1; 0 for a query that is not in the run or found nothing.
    """
    judged = {query: grades for query, grades in qrels.items() if any(grades.values())}
    values: dict[str, dict[str, float]] = {
        name: dict.fromkeys(judged, 0.0) for name in NAMES.values()
    }
    # ir-measures leaves out a query without documents: give it one that cannot be relevant.
    retrieved = {query: run.get(query) or {"": 0.0} for query in judged}
    for metric in ir_measures.iter_calc(MEASURES, judged, retrieved):
        values[NAMES[metric.measure]][metric.query_id] = float(metric.value)
    return values


def summarise(queries: Sequence[Query], run: Run, qrels: Qrels) -> list[Measured]:
    """Return every measure over all queries, of kind `all`, and then over each kind that they have.

    A kind without a judged query is left out.
    """
    values = per_query(run, qrels)
    kinds = list(dict.fromkeys(query.kind for query in queries if query.kind))
    groups = [("all", {query.id for query in queries})]
    groups += [(kind, {query.id for query in queries if query.kind == kind}) for kind in kinds]
    return [
        _measured(name, kind, [value for query, value in by_query.items() if query in ids])
        for kind, ids in groups
        for name, by_query in values.items()
        if ids & by_query.keys()
    ]


def compare(first: Run, second: Run, qrels: Qrels) -> list[Compared]:
    """Return each measure of two runs over the same queries, and whether they differ.

    Without a query that has a relevant document there is nothing to compare.
    """
    one, two = per_query(first, qrels), per_query(second, qrels)
    return [compare_values(name, one[name], two[name]) for name in NAMES.values() if one[name]]


def _measured(name: str, kind: str, values: Sequence[float]) -> Measured:
    mean = float(np.mean(values))
    return Measured(name, kind, len(values), mean, *_interval(np.asarray(values), mean))


def _interval(values: Float64Array, mean: float) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the mean of float64 (n,); of equal values, the mean."""
    if len(set(values.tolist())) <= 1:
        return mean, mean
    interval = stats.bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, method="percentile", rng=0
    ).confidence_interval
    return float(interval.low), float(interval.high)


def compare_values(name: str, one: Mapping[str, float], two: Mapping[str, float]) -> Compared:
    """Compare the values of one measure, {query: value}, of two runs over the same queries.

    Raises ValueError without a query.
    """
    if not one:
        raise ValueError("there is no query to compare")
    first = np.asarray([one[query] for query in one])
    second = np.asarray([two[query] for query in one])
    # Exchanging a pair of equal values changes nothing: the others alone decide, in less time.
    differ = first != second
    p = 1.0  # also of a single pair, which is as extreme when it is exchanged
    if np.count_nonzero(differ) > 1:
        p = float(
            stats.permutation_test(
                (first[differ], second[differ]),
                _difference,
                permutation_type="samples",
                n_resamples=_RESAMPLES,
                vectorized=True,
                rng=0,
            ).pvalue
        )
    mean_first, mean_second = float(first.mean()), float(second.mean())
    difference = mean_second - mean_first
    low, high = _interval(second - first, difference)
    return Compared(name, mean_first, mean_second, difference, low, high, p)


def _difference(first: Any, second: Any, axis: int) -> Any:
    # Subtract before the mean: equal permutations then have exactly equal means, and count as ties.
    return np.mean(second - first, axis=axis)
