"""Verdicts on judged queries and their probabilities, counted by hand."""

from __future__ import annotations

import pytest

from embedder.records import Answer, Document, Hit, Legs, Verdict
from embedder.trec_files import Query
from embedder.verdict_measures import (
    JudgedVerdict,
    count_verdicts,
    expected_calibration_error,
    judge_verdict,
)

QUERY = Query("1", "x")


def given(
    verdict: Verdict, grade: int = 0, kind: str = "", probability: float = 0.0
) -> JudgedVerdict:
    return JudgedVerdict(Query("1", "x", kind), verdict, grade, 0.5, probability, grade)


# By pairs in the same bin of probabilities, so that each bin can be counted by hand.
JUDGED = [
    given("strong", 3, probability=0.98),
    given("strong", 2, probability=0.92),
    given("strong", 1, probability=0.75),
    given("strong", kind="none", probability=0.75),
    given("possible", 3, probability=0.35),
    given("none", 3, probability=0.35),
    given("none", kind="near", probability=0.0),
    given("none", kind="off", probability=0.1),
]


def answer_with(*keys: str, verdict: Verdict = "possible", probability: float = 0.5) -> Answer:
    hits = tuple(
        Hit(rank, 0.9, 1 / rank, Document(key), (), Legs(0.5, None))
        for rank, key in enumerate(keys, start=1)
    )
    return Answer(verdict, len(hits), hits, {}, (), "m", 1, 0.0, probability=probability)


def test_the_first_hit_is_what_a_verdict_is_judged_by() -> None:
    answer = answer_with("a", "b", probability=0.625)
    assert judge_verdict(QUERY, answer, {"a": 2, "b": 3}) == JudgedVerdict(
        QUERY, "possible", 2, 1.0, 0.625, 3
    )
    assert judge_verdict(QUERY, answer, {"b": 3}).grade == 0
    nothing = answer_with(verdict="none", probability=0.125)
    assert judge_verdict(QUERY, nothing, {"b": 3}) == JudgedVerdict(
        QUERY, "none", 0, -1.0, 0.125, 0
    )


@pytest.mark.parametrize(
    ("grades", "best"),
    [({"a": 3}, 3), ({"a": 1, "b": 2}, 2), ({"c": 3}, 3), ({"d": 3}, 0), ({}, 0)],
    ids=["first", "second", "third", "fourth", "none"],
)
def test_the_first_three_hits_are_what_a_probability_is_judged_by(
    grades: dict[str, int], best: int
) -> None:
    assert judge_verdict(QUERY, answer_with(*"abcd"), grades).best_grade == best


@pytest.mark.parametrize(("answers", "right"), [(1, 3), (2, 2), (3, 1)])
def test_verdicts_are_counted(answers: int, right: int) -> None:
    counts = count_verdicts(JUDGED, answers)
    assert counts.answerable == {"strong": 3, "possible": 1, "none": 1}
    assert counts.unanswerable == {"strong": 1, "possible": 0, "none": 2}
    assert (counts.answers, counts.strong_right) == (answers, right)


def test_how_often_verdicts_are_right_is_said() -> None:
    # Off by 0.1 in all in the highest bin, 1.5 in the next, 1.3 in the next, 0.1 in the last two.
    assert count_verdicts(JUDGED, 2).summary() == (
        "“strong” had a document of grade 2 or higher first in 2 of 4 answers. “none” hid 1 of 5 "
        "answers, and was right in 2 of 3. Probabilities were off by 0.375 on average."
    )
    answerable = [each for each in JUDGED if each.query.answerable]
    # 0.1, 0.75 and 1.3.
    assert count_verdicts(answerable, 2).summary() == (
        "“strong” had a document of grade 2 or higher first in 2 of 3 answers. “none” hid 1 of 5 "
        "answers. Probabilities were off by 0.430 on average."
    )


@pytest.mark.parametrize(("answers", "error"), [(1, 0.25), (2, 0.375), (3, 0.475)])
def test_probabilities_are_measured_by_what_is_taken_for_an_answer(
    answers: int, error: float
) -> None:
    # At 1 the second bin is off by 0.5, as one of its two came true. At 3 the first is, by 0.9.
    found = count_verdicts(JUDGED, answers).calibration_error
    assert found == pytest.approx(error)


def test_the_best_grade_decides_whether_a_probability_came_true() -> None:
    third = JudgedVerdict(QUERY, "possible", 0, 0.5, 1.0, best_grade=3)
    assert count_verdicts([third], 2).calibration_error == 0.0
    first = JudgedVerdict(QUERY, "possible", 3, 0.5, 1.0, best_grade=0)
    assert count_verdicts([first], 2).calibration_error == 1.0


CALIBRATION: dict[str, tuple[list[float], list[bool], int, float]] = {
    "none": ([], [], 10, 0.0),
    "right and sure": ([0.0, 1.0], [False, True], 10, 0.0),
    "wrong and sure": ([0.0, 1.0], [True, False], 10, 1.0),
    "two bins, of three and of one": (
        # 3/4 of |0.25 - 1/3|, and 1/4 of |0.85 - 1|.
        [0.21, 0.25, 0.29, 0.85],
        [True, False, False, True],
        10,
        0.1,
    ),
    "within a bin too high and too low make up for one another": (
        [0.61, 0.69],
        [True, False],
        10,
        0.15,
    ),
    "between bins they do not": ([0.59, 0.61], [True, False], 10, 0.51),
    "1 is in the last bin, and so is 0.9": ([1.0, 0.9], [False, True], 10, 0.45),
    "0.1 is in the second": ([0.05, 0.1], [True, False], 10, 0.525),
    "one bin": ([0.2, 0.8], [True, False], 1, 0.0),
    "two bins": ([0.2, 0.8], [True, False], 2, 0.8),
}


@pytest.mark.parametrize(
    ("probabilities", "outcomes", "bins", "error"), CALIBRATION.values(), ids=CALIBRATION
)
def test_the_calibration_error_is_that_of_its_bins(
    probabilities: list[float], outcomes: list[bool], bins: int, error: float
) -> None:
    found = expected_calibration_error(probabilities, outcomes, bins)
    assert found == pytest.approx(error, abs=1e-12)


def test_there_are_ten_bins_unless_others_are_asked_for() -> None:
    probabilities = [step / 100 for step in range(101)]
    outcomes = [step % 2 == 0 for step in range(101)]
    of_bins = {
        bins: expected_calibration_error(probabilities, outcomes, bins) for bins in (9, 10, 11)
    }
    assert len(set(of_bins.values())) == 3
    assert expected_calibration_error(probabilities, outcomes) == of_bins[10]
