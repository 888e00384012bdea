from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from embedder.search.fusion import convex_combination, estimated_minimum, min_max_normalise


def rows(*values: float) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("scores", "low", "stretched"),
    [
        pytest.param(rows(2, 4, 3), 2.0, [0.0, 1.0, 0.5], id="the lowest is the least"),
        pytest.param(rows(2, 4, 3), 0.0, [0.5, 1.0, 0.75], id="a lower one was possible"),
        pytest.param(rows(-0.5, 0.5, -0.25), -0.5, [0.0, 1.0, 0.25], id="negative"),
        pytest.param(rows(0.1, 0.3, 0.5), 0.3, [0.0, 0.0, 1.0], id="under the lowest"),
        pytest.param(rows(-0.5, 0.5, 0.25), 0.0, [0.0, 1.0, 0.5], id="negative under nothing"),
        pytest.param(rows(0, 10, 8), 0.0, [0.0, 1.0, 0.8], id="from nothing"),
        pytest.param(rows(3, 3, 7), 3.0, [0.0, 0.0, 1.0], id="two alike"),
        pytest.param(rows(7), 0.0, [1.0], id="one"),
        pytest.param(rows(7), 7.0, [0.0], id="one, the lowest"),
        pytest.param(rows(0.3, 0.3, 0.3), 0.0, [1.0, 1.0, 1.0], id="all alike"),
        pytest.param(rows(0.1, 0.2), 0.3, [0.0, 0.0], id="all under the lowest"),
        pytest.param(rows(0, 0), 0.0, [0.0, 0.0], id="all nothing"),
        pytest.param(rows(), 0.0, [], id="none"),
        pytest.param(rows(), -1.0, [], id="none from under nothing"),
    ],
)
def test_scores_are_stretched_from_0_to_1(
    scores: Any, low: float, stretched: list[float] | list[Any]
) -> None:
    found = min_max_normalise(scores, low)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(stretched, abs=1e-6)


def test_a_score_does_not_depend_on_how_far_down_a_list_reaches() -> None:
    short, long = (
        min_max_normalise(rows(0.9, 0.5), 0.1),
        min_max_normalise(rows(0.9, 0.5, 0.3, 0.05), 0.1),
    )
    assert long[:2].tolist() == short.tolist() == pytest.approx([1.0, 0.5], abs=1e-6)


# Stretched by hand: (0.9, 0.5, 0.1) from 0.1 to (1, 0.5, 0) and (0, 10, 5) to (0, 1, 0.5).
DENSE, LEXICAL, LOW = rows(0.9, 0.5, 0.1), rows(0, 10, 5), 0.1


@pytest.mark.parametrize(
    ("weight", "scores"),
    [
        (0.6, [0.60, 0.70, 0.20]),
        (0.8, [0.80, 0.60, 0.10]),
        (0.5, [0.50, 0.75, 0.25]),
        (1.0, [1.00, 0.50, 0.00]),
        (0.0, [0.00, 1.00, 0.50]),
    ],
)
def test_two_lists_become_one(weight: float, scores: list[float]) -> None:
    found = convex_combination(DENSE, LEXICAL, weight, LOW)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(scores, abs=1e-6)


def test_the_lowest_is_of_the_dense_list_alone() -> None:
    # From -0.7 the dense list is stretched to (1, 0.75, 0.5); the lexical one stays from 0.
    found = convex_combination(DENSE, LEXICAL, 0.6, -0.7)
    assert found.tolist() == pytest.approx([0.6, 0.85, 0.5], abs=1e-6)


def test_the_least_of_the_keyword_hits_still_counts() -> None:
    assert convex_combination(rows(0, 0), rows(10, 5), 0.5, 0.0).tolist() == pytest.approx(
        [0.5, 0.25]
    )


def test_a_list_that_says_nothing_adds_nothing() -> None:
    nothing = np.zeros(3, dtype=np.float32)
    assert convex_combination(DENSE, nothing, 0.6, LOW).tolist() == pytest.approx(
        [0.6, 0.3, 0.0], abs=1e-6
    )
    assert convex_combination(nothing, LEXICAL, 0.6, LOW).tolist() == pytest.approx(
        [0.0, 0.4, 0.2], abs=1e-6
    )


def test_no_candidates_have_no_scores() -> None:
    found = convex_combination(rows(), rows(), 0.6, LOW)
    assert (found.shape, found.dtype) == ((0,), np.float32)


def test_the_scale_of_a_list_does_not_matter() -> None:
    found = convex_combination(DENSE * 100 - 7, LEXICAL / 1000, 0.6, LOW * 100 - 7)
    assert found.tolist() == pytest.approx([0.6, 0.7, 0.2], abs=1e-5)


def test_scores_stay_between_0_and_1() -> None:
    random = np.random.default_rng(5)
    for _ in range(50):
        dense = random.normal(size=20).astype(np.float32)
        lexical = random.exponential(size=20).astype(np.float32)
        found = convex_combination(dense, lexical, float(random.random()), float(random.normal()))
        assert found.min() >= 0.0
        assert found.max() <= 1.0 + 1e-6


def test_lists_of_different_lengths_are_an_error() -> None:
    with pytest.raises(ValueError, match="shapes"):
        convex_combination(rows(1, 2, 3), rows(1, 2), 0.6, LOW)


def test_what_is_given_is_not_changed() -> None:
    dense, lexical = DENSE.copy(), LEXICAL.copy()
    convex_combination(dense, lexical, 0.6, LOW)
    assert (dense.tolist(), lexical.tolist()) == (DENSE.tolist(), LEXICAL.tolist())


# The usual lowest cosine.


def test_the_usual_lowest_is_two_and_a_half_deviations_under_the_mean() -> None:
    # Mean 0.3, standard deviation 0.1.
    assert estimated_minimum(rows(0.2, 0.4, 0.2, 0.4)) == pytest.approx(0.05, abs=1e-6)


def test_the_usual_lowest_of_equal_cosines_is_their_value() -> None:
    assert estimated_minimum(rows(0.25, 0.25, 0.25)) == pytest.approx(0.25, abs=1e-6)


def test_a_library_without_passages_has_nothing_as_its_lowest() -> None:
    assert estimated_minimum(rows()) == 0.0


def test_few_cosines_of_a_normal_sample_lie_under_the_usual_lowest() -> None:
    cosines = np.random.default_rng(3).normal(0.2, 0.1, size=10_000).astype(np.float32)
    under = float((cosines < estimated_minimum(cosines)).mean())
    assert 0.003 < under < 0.010  # 0.62% of a normal distribution
