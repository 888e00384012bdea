"""Two lists of scores become one."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.search.fusion import convex_combination, estimated_minimum, min_max_normalise
from embedder.vectors import Float32Array


def floats(*values: float) -> Float32Array:
    return np.asarray(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("scores", "minimum", "normalised"),
    [
        pytest.param(floats(2, 4, 3), 2.0, [0.0, 1.0, 0.5], id="from the lowest"),
        pytest.param(floats(2, 4, 3), 0.0, [0.5, 1.0, 0.75], id="from below the lowest"),
        pytest.param(floats(-0.5, 0.5, -0.25), -0.5, [0.0, 1.0, 0.25], id="negative"),
        pytest.param(floats(0.1, 0.3, 0.5), 0.3, [0.0, 0.0, 1.0], id="from above the lowest"),
        pytest.param(floats(-0.5, 0.5, 0.25), 0.0, [0.0, 1.0, 0.5], id="from 0 with a negative"),
        pytest.param(floats(0, 10, 8), 0.0, [0.0, 1.0, 0.8], id="from 0"),
        pytest.param(floats(3, 3, 7), 3.0, [0.0, 0.0, 1.0], id="two equal"),
        pytest.param(floats(7), 0.0, [1.0], id="one"),
        pytest.param(floats(7), 7.0, [0.0], id="one, the lowest"),
        pytest.param(floats(0.3, 0.3, 0.3), 0.0, [1.0, 1.0, 1.0], id="all equal"),
        pytest.param(floats(0.1, 0.2), 0.3, [0.0, 0.0], id="all below the minimum"),
        pytest.param(floats(0, 0), 0.0, [0.0, 0.0], id="all 0"),
        pytest.param(floats(), 0.0, [], id="none"),
        pytest.param(floats(), -1.0, [], id="none, from a negative"),
    ],
)
def test_scores_are_normalised_to_0_to_1(
    scores: Float32Array, minimum: float, normalised: list[float]
) -> None:
    found = min_max_normalise(scores, minimum)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(normalised, abs=1e-6)


def test_a_score_does_not_depend_on_how_deep_a_list_is() -> None:
    short, long = (
        min_max_normalise(floats(0.9, 0.5), 0.1),
        min_max_normalise(floats(0.9, 0.5, 0.3, 0.05), 0.1),
    )
    assert long[:2].tolist() == short.tolist() == pytest.approx([1.0, 0.5], abs=1e-6)


# Normalised by hand: (0.9, 0.5, 0.1) from 0.1 to (1, 0.5, 0) and (0, 10, 5) to (0, 1, 0.5).
DENSE, LEXICAL, MINIMUM = floats(0.9, 0.5, 0.1), floats(0, 10, 5), 0.1


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
    found = convex_combination(DENSE, LEXICAL, weight, MINIMUM)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(scores, abs=1e-6)


def test_the_minimum_is_of_the_dense_list_alone() -> None:
    # From -0.7 the dense list becomes (1, 0.75, 0.5); the lexical one stays from 0.
    found = convex_combination(DENSE, LEXICAL, 0.6, -0.7)
    assert found.tolist() == pytest.approx([0.6, 0.85, 0.5], abs=1e-6)


def test_the_lowest_keyword_score_still_counts() -> None:
    assert convex_combination(floats(0, 0), floats(10, 5), 0.5, 0.0).tolist() == pytest.approx(
        [0.5, 0.25]
    )


def test_a_list_of_zeros_adds_nothing() -> None:
    nothing = np.zeros(3, dtype=np.float32)
    assert convex_combination(DENSE, nothing, 0.6, MINIMUM).tolist() == pytest.approx(
        [0.6, 0.3, 0.0], abs=1e-6
    )
    assert convex_combination(nothing, LEXICAL, 0.6, MINIMUM).tolist() == pytest.approx(
        [0.0, 0.4, 0.2], abs=1e-6
    )


def test_cosines_below_what_comes_by_chance_stay_below_1() -> None:
    # From 0.1 to 1.7, not to 0.9: (0.5, 0.25, 0).
    found = convex_combination(DENSE, LEXICAL, 0.5, MINIMUM, 1.7)
    assert found.tolist() == pytest.approx([0.25, 0.625, 0.25], abs=1e-6)


def test_cosines_above_what_comes_by_chance_are_scaled_to_1() -> None:
    found = convex_combination(DENSE, LEXICAL, 1.0, MINIMUM, 0.3)
    assert found.tolist() == pytest.approx([1.0, 0.5, 0.0], abs=1e-6)


def test_no_candidates_have_no_scores() -> None:
    found = convex_combination(floats(), floats(), 0.6, MINIMUM)
    assert found.shape == (0,)
    assert found.dtype == np.float32


def test_the_scale_of_a_list_does_not_matter() -> None:
    dense, lexical = (DENSE * 100 - 7).astype(np.float32), (LEXICAL / 1000).astype(np.float32)
    found = convex_combination(dense, lexical, 0.6, MINIMUM * 100 - 7)
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
        convex_combination(floats(1, 2, 3), floats(1, 2), 0.6, MINIMUM)


def test_the_given_lists_are_not_changed() -> None:
    dense, lexical = DENSE.copy(), LEXICAL.copy()
    convex_combination(dense, lexical, 0.6, MINIMUM)
    assert (dense.tolist(), lexical.tolist()) == (DENSE.tolist(), LEXICAL.tolist())


# The estimated minimum.


def test_the_estimated_minimum_is_two_and_a_half_deviations_below_the_mean() -> None:
    # Mean 0.3, standard deviation 0.1.
    assert estimated_minimum(floats(0.2, 0.4, 0.2, 0.4)) == pytest.approx(0.05, abs=1e-6)


def test_the_estimated_minimum_of_equal_cosines_is_their_value() -> None:
    assert estimated_minimum(floats(0.25, 0.25, 0.25)) == pytest.approx(0.25, abs=1e-6)


def test_the_estimated_minimum_of_no_cosines_is_0() -> None:
    assert estimated_minimum(floats()) == 0.0


def test_few_cosines_of_a_normal_sample_lie_below_the_estimated_minimum() -> None:
    cosines = np.random.default_rng(3).normal(0.2, 0.1, size=10_000).astype(np.float32)
    under = float((cosines < estimated_minimum(cosines)).mean())
    assert 0.003 < under < 0.010  # 0.62% of a normal distribution
