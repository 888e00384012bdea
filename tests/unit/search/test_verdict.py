"""Verdicts: by the best cosine, and by the words that are not known."""

from __future__ import annotations

import pytest

from embedder.search.verdict import VerdictSignals, decide_verdict

CALIBRATION = {"none": 0.3, "strong": 0.5}


def verdict(best: float, word_count: int = 4, unknown: int = 0) -> str:
    return decide_verdict(VerdictSignals(best, word_count, unknown), CALIBRATION)


def test_without_documents_there_is_no_answer() -> None:
    assert decide_verdict(None, CALIBRATION) == "none"


@pytest.mark.parametrize(
    ("best", "expected"),
    [
        (-1.0, "none"),
        (0.299, "none"),
        (0.3, "possible"),
        (0.499, "possible"),
        (0.5, "strong"),
        (1.0, "strong"),
    ],
)
def test_the_best_cosine_decides(best: float, expected: str) -> None:
    assert verdict(best) == expected


# The cosine that is needed: 0.3 + 0.5 * unknown share, faded by (6 / words)^2 above six words.
@pytest.mark.parametrize(
    ("word_count", "unknown", "needed"),
    [
        pytest.param(4, 1, 0.425, id="a quarter unknown"),
        pytest.param(4, 4, 0.8, id="all unknown"),
        pytest.param(6, 3, 0.55, id="half of six"),
        pytest.param(7, 7, 0.3 + 0.5 * 36 / 49, id="all of seven"),
        pytest.param(12, 6, 0.3 + 0.25 / 4, id="half of twelve"),
        pytest.param(10, 9, 0.3 + 0.45 * 0.36, id="most of ten"),
        pytest.param(0, 0, 0.3, id="no words"),
    ],
)
def test_unknown_words_need_a_higher_cosine(word_count: int, unknown: int, needed: float) -> None:
    assert verdict(needed - 1e-6, word_count, unknown) == "none"
    assert verdict(needed + 1e-6, word_count, unknown) != "none"


@pytest.mark.parametrize(("word_count", "unknown"), [(0, 0), (5, 5)])
def test_across_languages_a_lower_cosine_is_enough(word_count: int, unknown: int) -> None:
    def across(best: float) -> str:
        signals = VerdictSignals(best, word_count, unknown, english=False)
        return decide_verdict(signals, CALIBRATION)

    # 0.8 times 0.3; English words of a mixed question that are unknown change nothing.
    assert [across(0.24 - 1e-6), across(0.24 + 1e-6), across(0.5)] == ["none", "possible", "strong"]


def test_an_answer_just_above_a_raised_threshold_may_be_strong() -> None:
    assert verdict(0.81, word_count=4, unknown=4) == "strong"
