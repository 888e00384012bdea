from __future__ import annotations

import numpy as np
import pytest

from embedder.fusion import convex, min_max


def rows(*values: float) -> np.ndarray:
    return np.asarray(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("scores", "stretched"),
    [
        pytest.param(rows(2, 4, 3), [0.0, 1.0, 0.5], id="spread"),
        pytest.param(rows(-0.5, 0.5, -0.25), [0.0, 1.0, 0.25], id="negative"),
        pytest.param(rows(0, 10, 8), [0.0, 1.0, 0.8], id="from nothing"),
        pytest.param(rows(3, 3, 7), [0.0, 0.0, 1.0], id="two alike"),
        pytest.param(rows(7), [0.0], id="one"),
        pytest.param(rows(0.3, 0.3, 0.3), [0.0, 0.0, 0.0], id="all alike"),
        pytest.param(rows(0, 0), [0.0, 0.0], id="all nothing"),
        pytest.param(rows(), [], id="none"),
    ],
)
def test_scores_are_stretched_from_0_to_1(scores, stretched):
    found = min_max(scores)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(stretched, abs=1e-7)


# Stretched by hand: (0.9, 0.5, 0.1) to (1, 0.5, 0) and (0, 10, 5) to (0, 1, 0.5).
DENSE, LEXICAL = rows(0.9, 0.5, 0.1), rows(0, 10, 5)


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
def test_two_lists_become_one(weight, scores):
    found = convex(DENSE, LEXICAL, weight)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx(scores, abs=1e-6)


def test_a_list_that_says_nothing_adds_nothing():
    nothing = np.zeros(3, dtype=np.float32)
    assert convex(DENSE, nothing, 0.6).tolist() == pytest.approx([0.6, 0.3, 0.0], abs=1e-6)
    assert convex(nothing, LEXICAL, 0.6).tolist() == pytest.approx([0.0, 0.4, 0.2], abs=1e-6)


def test_no_candidates_have_no_scores():
    found = convex(rows(), rows(), 0.6)
    assert (found.shape, found.dtype) == ((0,), np.float32)


def test_the_scale_of_a_list_does_not_matter():
    found = convex(DENSE * 100 - 7, LEXICAL / 1000, 0.6)
    assert found.tolist() == pytest.approx([0.6, 0.7, 0.2], abs=1e-5)


def test_scores_stay_between_0_and_1():
    random = np.random.default_rng(5)
    for _ in range(50):
        dense = random.normal(size=20).astype(np.float32)
        lexical = random.exponential(size=20).astype(np.float32)
        found = convex(dense, lexical, float(random.random()))
        assert found.min() >= 0.0
        assert found.max() <= 1.0 + 1e-6


def test_lists_of_different_lengths_are_an_error():
    with pytest.raises(ValueError, match="shapes"):
        convex(rows(1, 2, 3), rows(1, 2), 0.6)


def test_what_is_given_is_not_changed():
    dense, lexical = DENSE.copy(), LEXICAL.copy()
    convex(dense, lexical, 0.6)
    assert (dense.tolist(), lexical.tolist()) == (DENSE.tolist(), LEXICAL.tolist())
