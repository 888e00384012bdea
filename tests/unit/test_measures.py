"""Measures, checked by hand and with trec_eval itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import pytrec_eval

from embedder.library import Library
from embedder.measures import (
    by_id,
    by_rank,
    compare,
    compare_values,
    per_query,
    summarise,
)
from embedder.records import Document
from embedder.trec_files import Query
from tests.support.runs import made_up, ranked

NAMES = ["nDCG@10", "Recall@10", "Recall@100", "MRR@10"]


# Measures, by hand: nDCG is the sum of grade / log2(rank + 1), by that of the best order.


@pytest.mark.parametrize(
    ("found", "judged", "values"),
    [
        pytest.param(ranked("a"), {"a": 1}, [1, 1, 1, 1], id="found first"),
        pytest.param(ranked("x", "a"), {"a": 1}, [1 / math.log2(3), 1, 1, 0.5], id="second"),
        pytest.param(
            ranked("a", "x", "b"),
            {"a": 1, "b": 1},
            [1.5 / (1 + 1 / math.log2(3)), 1, 1, 1],
            id="first and third",
        ),
        pytest.param(
            ranked("b", "a"),
            {"a": 3, "b": 1},
            [(1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)), 1, 1, 1],
            id="grades in the wrong order",
        ),
        pytest.param(
            ranked("a"),
            {"a": 1, "b": 1},
            [1 / (1 + 1 / math.log2(3)), 0.5, 0.5, 1],
            id="one of two",
        ),
        pytest.param(ranked(*"0123456789", "a"), {"a": 1}, [0, 0, 1, 0], id="eleventh"),
        pytest.param(ranked(*map(str, range(100)), "a"), {"a": 1}, [0, 0, 0, 0], id="101st"),
        pytest.param(ranked("x", "y"), {"a": 1}, [0, 0, 0, 0], id="not found"),
        pytest.param(ranked("x", "a"), {"a": 1, "x": 0}, [1 / math.log2(3), 1, 1, 0.5], id="0"),
        pytest.param({}, {"a": 1}, [0, 0, 0, 0], id="nothing found"),
    ],
)
def test_measures_equal_those_computed_by_hand(
    found: Any, judged: dict[str, Any], values: list[int] | list[Any]
) -> None:
    measured = per_query({"q": found}, {"q": judged})
    assert list(measured) == NAMES
    assert [each["q"] for each in measured.values()] == pytest.approx(values, abs=1e-6)


def test_a_query_missing_from_the_run_counts_0() -> None:
    measured = per_query({"p": ranked("a")}, {"p": {"a": 1}, "q": {"a": 1}})
    assert measured["MRR@10"] == {"p": 1.0, "q": 0.0}


def test_queries_without_a_relevant_document_are_left_out() -> None:
    run = {"p": ranked("a"), "q": ranked("a"), "r": ranked("a")}
    measured = per_query(run, {"p": {"a": 1}, "q": {}, "r": {"a": 0}})
    assert all(each == {"p": 1.0} for each in measured.values())


def test_without_judgements_there_are_no_values() -> None:
    assert per_query({"p": ranked("a")}, {}) == {name: {} for name in NAMES}


@pytest.mark.parametrize("number", [1, 2, 3])
def test_measures_equal_those_of_trec_eval(number: int) -> None:
    run, qrels = made_up(number)
    reference = pytrec_eval.RelevanceEvaluator(
        qrels, {"ndcg_cut_10", "recall_10", "recall_100", "recip_rank"}
    ).evaluate(run)
    measured = per_query(run, qrels)
    for query, wanted in reference.items():
        first = wanted["recip_rank"] if wanted["recip_rank"] >= 0.1 else 0.0
        assert [measured[name][query] for name in NAMES] == pytest.approx(
            [wanted["ndcg_cut_10"], wanted["recall_10"], wanted["recall_100"], first], abs=1e-6
        )


# Summaries.

QUERIES = [Query("1", "a", "short"), Query("2", "b", "long"), Query("3", "c", "short")]
QRELS = {"1": {"a": 1}, "2": {"a": 1}, "3": {"a": 1}}
RUN = {"1": ranked("a"), "2": ranked("x", "a"), "3": {}}


def test_all_queries_are_summarised_first_then_each_kind() -> None:
    summary = summarise(QUERIES, RUN, QRELS)
    means = {(each.kind, each.measure): each.mean for each in summary}
    queries = {each.kind: each.queries for each in summary}
    assert len(summary) == len(means) == 12
    assert [kind for kind, _ in means][::4] == ["all", "short", "long"]
    assert queries == {"all": 3, "short": 2, "long": 1}
    assert means["all", "MRR@10"] == pytest.approx(0.5)
    assert means["short", "MRR@10"] == pytest.approx(0.5)
    assert means["long", "MRR@10"] == pytest.approx(0.5)
    assert means["all", "Recall@10"] == pytest.approx(2 / 3)
    assert means["long", "Recall@10"] == 1.0


def test_without_kinds_there_is_one_group() -> None:
    queries = [Query(each.id, each.text) for each in QUERIES]
    assert [each.kind for each in summarise(queries, RUN, QRELS)] == ["all"] * 4


def test_a_kind_without_judgements_is_left_out() -> None:
    queries = [*QUERIES, Query("4", "d", "unjudged")]
    found = summarise(queries, {**RUN, "4": ranked("a")}, QRELS)
    assert {each.kind for each in found} == {"all", "short", "long"}
    assert {each.queries for each in found if each.kind == "all"} == {3}


def test_judgements_of_queries_that_are_not_asked_do_not_count() -> None:
    found = summarise(QUERIES[:1], RUN, QRELS)
    assert {(each.queries, each.mean) for each in found} == {(1, 1.0)}


def test_the_interval_holds_the_mean() -> None:
    run, qrels = made_up(7)
    for each in summarise([Query(query, "x") for query in run], run, qrels):
        values = list(per_query(run, qrels)[each.measure].values())
        assert each.mean == pytest.approx(sum(values) / 20)
        assert min(values) <= each.low < each.mean < each.high <= max(values)


def test_the_interval_is_about_two_standard_errors_wide() -> None:
    random = np.random.default_rng(1)
    ranks = {f"q{at}": int(random.integers(1, 11)) for at in range(200)}
    run = {query: ranked(*map(str, range(rank - 1)), "a") for query, rank in ranks.items()}
    qrels = {query: {"a": 1} for query in run}
    (found,) = [
        each
        for each in summarise([Query(query, "x") for query in run], run, qrels)
        if each.measure == "MRR@10"
    ]
    error = float(np.std([1 / rank for rank in ranks.values()])) / 200**0.5
    assert found.high - found.mean == pytest.approx(1.96 * error, rel=0.15)
    assert found.mean - found.low == pytest.approx(1.96 * error, rel=0.15)


def test_the_interval_of_equal_values_is_their_value() -> None:
    run = {"1": ranked("a"), "2": ranked("a")}
    for each in summarise(QUERIES[:2], run, QRELS):
        assert (each.low, each.mean, each.high) == (1.0, 1.0, 1.0)


def test_the_same_run_has_the_same_summary() -> None:
    assert summarise(QUERIES, RUN, QRELS) == summarise(QUERIES, RUN, QRELS)


# Comparing.

MANY = {f"q{at}": {"a": 1} for at in range(12)}
GOOD = {query: ranked("a") for query in MANY}
BAD = {query: ranked("x", "y", "a") for query in MANY}


def test_equal_runs_do_not_differ() -> None:
    for each in compare(GOOD, GOOD, MANY):
        assert (each.difference, each.p) == (0.0, 1.0)
        assert each.first == each.second == 1.0


def test_clearly_different_runs_differ() -> None:
    found = {each.measure: each for each in compare(BAD, GOOD, MANY)}
    assert list(found) == NAMES
    assert found["MRR@10"].first == pytest.approx(1 / 3)
    assert found["MRR@10"].second == pytest.approx(1.0)
    assert found["MRR@10"].difference == pytest.approx(2 / 3)
    # All 12 differences have one sign: 2 of the 2**12 ways to exchange pairs are as extreme.
    assert found["MRR@10"].p == pytest.approx(2 / 2**12)
    assert found["Recall@10"].p == 1.0


def test_the_interval_of_a_difference_is_of_the_pairs() -> None:
    # One of ten is better by 1, all others equal: the mean of ten draws with replacement.
    one = {f"q{at}": 0.5 * (at % 2) for at in range(10)}
    found = compare_values("MRR@10", one, {**one, "q0": 1.0})
    assert found.measure == "MRR@10"
    assert found.difference == pytest.approx(0.1)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.3)
    equal = compare_values("MRR@10", one, one)
    assert (equal.low, equal.difference, equal.high) == (0.0, 0.0, 0.0)


def test_pairs_of_equal_values_do_not_change_p() -> None:
    one = {"a": 0.1, "b": 0.2, "c": 0.3}
    two = {"a": 0.4, "b": 0.3, "c": 0.5}
    same = {f"q{at}": at / 40 for at in range(40)}
    few, many = compare_values("MRR@10", one, two), compare_values("MRR@10", one | same, two | same)
    assert few.p == many.p == pytest.approx(2 / 2**3)


def test_without_a_query_there_is_nothing_to_compare() -> None:
    assert compare(GOOD, BAD, {"q0": {"a": 0}}) == []
    with pytest.raises(ValueError, match="there is no query to compare"):
        compare_values("MRR@10", {}, {})


def test_one_query_alone_cannot_be_significant() -> None:
    found = {each.measure: each for each in compare({"q": BAD["q0"]}, GOOD, {"q": {"a": 1}})}
    assert (found["MRR@10"].second, found["MRR@10"].p) == (0.0, 1.0)
    assert found["MRR@10"].difference == pytest.approx(-1 / 3)


def test_exchanging_the_runs_negates_the_difference() -> None:
    one, two = compare(BAD, GOOD, MANY), compare(GOOD, BAD, MANY)
    assert [each.difference for each in one] == [-each.difference for each in two]
    assert [each.p for each in one] == pytest.approx([each.p for each in two])


def test_runs_that_differ_by_chance_have_no_small_p() -> None:
    run = {query: (BAD if at % 2 else GOOD)[query] for at, query in enumerate(MANY)}
    other = {query: (GOOD if at % 2 else BAD)[query] for at, query in enumerate(MANY)}
    assert {each.p > 0.5 for each in compare(run, other, MANY)} == {True}


@pytest.mark.slow
def test_one_differing_query_is_not_significant() -> None:
    # Grades and ranks that give sums no binary fraction holds.
    judged = {f"q{at}": {"a": 3, "b": 2, "c": 1, "d": at % 4} for at in range(44)}
    orders = ("abcd", "xbacd", "dcba", "xxabc", "cxxba", "axxxd", "bxcxa")
    run = {query: ranked(*orders[at % 7]) for at, query in enumerate(judged)}
    for query in judged:
        found = {
            each.measure: each for each in compare(run, {**run, query: ranked(*"abxdc")}, judged)
        }
        assert found["nDCG@10"].p > 0.9


# Runs.


def test_a_run_has_falling_scores() -> None:
    assert by_rank(["b", "c", "a"]) == {"b": 100.0, "c": 99.0, "a": 98.0}
    assert by_rank([]) == {}
    # The last of the deepest measure still has a score above a document that was not found.
    assert min(by_rank([str(number) for number in range(100)]).values()) == 1.0


@pytest.mark.parametrize("hits", ["ab", "ba"])
def test_a_run_keeps_the_order_of_the_hits(hits: str) -> None:
    measured = per_query({"q": by_rank(hits)}, {"q": {hits[0]: 1}})
    assert {name: each["q"] for name, each in measured.items()} == dict.fromkeys(NAMES, 1.0)


# Judgements by title.


def test_judgements_by_title_become_judgements_by_id() -> None:
    qrels = {"1": {"A title": 2, "d7": 1, "Gone": 0}}
    documents = [Document("d3", "A title"), Document("d4", "Other")]
    assert by_id(qrels, documents) == {"1": {"d3": 2, "d7": 1, "Gone": 0}}
    assert by_id({}, documents) == {}


def test_documents_of_a_library_may_be_judged_by_title_or_id(seed_library: Library) -> None:
    documents = list(seed_library.documents())
    qrels = {"q": {documents[3].title: 1, documents[5].id: 2}}
    assert by_id(qrels, documents) == {"q": {documents[3].id: 1, documents[5].id: 2}}
