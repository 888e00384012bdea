"""Verdicts on judged queries, counted by hand."""

from __future__ import annotations

import pytest

from embedder.records import Answer, Document, Hit, Legs, Verdict
from embedder.trec_files import Query
from embedder.verdict_measures import JudgedVerdict, count_verdicts, judge_verdict

QUERY = Query("1", "x")


def given(verdict: Verdict, grade: int = 0, kind: str = "") -> JudgedVerdict:
    return JudgedVerdict(Query("1", "x", kind), verdict, grade, 0.5)


JUDGED = [
    given("strong", 3),
    given("strong", 2),
    given("strong", 1),
    given("strong", kind="none"),
    given("possible", 3),
    given("none", 3),
    given("none", kind="near"),
    given("none", kind="off"),
]


def test_the_first_hit_is_what_a_verdict_is_judged_by() -> None:
    hits = tuple(
        Hit(rank, 0.9, 1 / rank, Document(key), (), Legs(0.5, None))
        for rank, key in enumerate("ab", start=1)
    )
    answer = Answer("possible", 2, hits, {}, (), "m", 1, 0.0)
    assert judge_verdict(QUERY, answer, {"a": 2, "b": 3}) == JudgedVerdict(
        QUERY, "possible", 2, 1.0
    )
    assert judge_verdict(QUERY, answer, {"b": 3}).grade == 0
    nothing = Answer("none", 0, (), {}, (), "m", 1, 0.0)
    assert judge_verdict(QUERY, nothing, {"b": 3}) == JudgedVerdict(QUERY, "none", 0, -1.0)


@pytest.mark.parametrize(("answers", "right"), [(1, 3), (2, 2), (3, 1)])
def test_verdicts_are_counted(answers: int, right: int) -> None:
    counts = count_verdicts(JUDGED, answers)
    assert counts.answerable == {"strong": 3, "possible": 1, "none": 1}
    assert counts.unanswerable == {"strong": 1, "possible": 0, "none": 2}
    assert (counts.answers, counts.strong_right) == (answers, right)


def test_how_often_verdicts_are_right_is_said() -> None:
    assert count_verdicts(JUDGED, 2).summary() == (
        "“strong” had a document of grade 2 or higher first in 2 of 4 answers. “none” hid 1 of 5 "
        "answers, and was right in 2 of 3."
    )
    answerable = [each for each in JUDGED if each.query.answerable]
    assert count_verdicts(answerable, 2).summary() == (
        "“strong” had a document of grade 2 or higher first in 2 of 3 answers. “none” hid 1 of 5 "
        "answers."
    )
