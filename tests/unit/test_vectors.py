"""The arithmetic of vectors, on numbers that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from embedder.vectors import Float32Array, cosine, inner_products, normalise, shorten


def rows(*values: tuple[float, ...]) -> Float32Array:
    return np.asarray(values, dtype=np.float32)


def test_rows_are_scaled_to_length_one_and_zeros_stay() -> None:
    found = normalise(rows((3, 4), (0, 0), (0, -2)))
    assert found.tolist() == rows((0.6, 0.8), (0, 0), (0, -1)).tolist()
    assert found.dtype == np.float32


def test_one_vector_is_scaled_too() -> None:
    assert normalise(np.asarray([0, 5], dtype=np.float32)).tolist() == [0, 1]


@pytest.mark.parametrize(("dim", "wanted"), [(1, [1.0]), (2, [0.6, 0.8]), (3, [0.6, 0.8, 0.0])])
def test_shortened_rows_have_length_one_again(dim: int, wanted: list[float]) -> None:
    assert shorten(rows((0.6, 0.8, 0)), dim).tolist() == [pytest.approx(wanted)]


def test_shortened_rows_may_keep_their_length() -> None:
    assert shorten(rows((0.5, 0.5, 0.5, 0.5)), 2, normalised=False).tolist() == [[0.5, 0.5]]


def test_cosines_are_of_all_pairs_and_within_one() -> None:
    found = cosine(rows((1, 0), (0.6, 0.8)), rows((1, 0), (0, 1), (-1, 0)))
    assert found.tolist() == rows((1, 0, -1), (0.6, 0.8, -0.6)).tolist()
    assert cosine(rows((1.001, 0)), rows((1.001, 0), (-1.001, 0))).tolist() == [[1, -1]]
    assert cosine(rows((1, 0)), np.empty((0, 2), dtype=np.float32)).shape == (1, 0)


def test_inner_products_of_equal_vectors_are_equal_wherever_they_stand() -> None:
    random = np.random.default_rng(1)
    vector = random.normal(size=(1, 37)).astype(np.float32)
    query = random.normal(size=37).astype(np.float32)
    found = inner_products(np.repeat(vector, 129, axis=0), query)
    assert found.shape == (129,)
    assert found.dtype == np.float32
    assert len(set(found.tolist())) == 1
    assert found[0] == pytest.approx(float(vector[0].astype(float) @ query.astype(float)), abs=1e-4)
