"""Rows that are near have points that are near, whatever the rows are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import procrustes

from embedder.index.tsne import MIN_ROWS, align, lay_out, principal_components
from embedder.vectors import Float64Array, Int64Array


def unit(rows: Float64Array) -> Float64Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def in_groups(groups: int, each: int, seed: int = 0) -> tuple[Float64Array, Int64Array]:
    """Rows in groups about directions at right angles, and the group of each."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    return unit(np.eye(24)[group] + rng.normal(size=(groups * each, 24)) * 0.08), group


def distances(points: Float64Array) -> Float64Array:
    return np.asarray(np.linalg.norm(points[:, None] - points[None], axis=2))


def test_groups_stay_together_and_apart() -> None:
    rows, group = in_groups(5, 12)
    between = distances(lay_out(rows))
    same = group[:, None] == group[None]
    assert between[same].max() < between[~same].min()


def test_the_same_rows_give_the_same_points() -> None:
    rows, _ = in_groups(4, 10)
    assert np.array_equal(lay_out(rows), lay_out(rows.copy()))


def test_rows_that_differ_in_their_last_digits_give_about_the_same_points() -> None:
    rows, _ = in_groups(4, 10)
    other = unit(rows + np.random.default_rng(1).normal(size=rows.shape) * 1e-9)
    assert procrustes(lay_out(rows), lay_out(other))[2] < 0.01


def test_points_lie_around_the_origin() -> None:
    rows, _ = in_groups(3, 10)
    np.testing.assert_allclose(lay_out(rows).mean(axis=0), 0, atol=1e-9)


def test_going_on_from_a_map_moves_little() -> None:
    rows, _ = in_groups(5, 12)
    before = lay_out(rows)
    after = lay_out(rows, before)
    moved = np.linalg.norm(after - before, axis=1)
    assert moved.max() < 0.05 * np.ptp(before, axis=0).max()


@pytest.mark.parametrize("count", [0, 1, 2, 3, MIN_ROWS, 5])
def test_few_rows_give_as_many_finite_points(count: int) -> None:
    rows = np.eye(8)[:count]
    points = lay_out(rows)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


def test_equal_rows_give_equal_points() -> None:
    points = lay_out(np.tile(unit(np.ones((1, 6))), (9, 1)))
    assert np.array_equal(points, np.zeros((9, 2)))


def test_copies_lie_close_together_and_others_do_not() -> None:
    rows = np.concatenate([np.eye(6), np.eye(6)])
    between = distances(lay_out(rows))
    for at in range(6):
        assert between[at, at + 6] < 0.05 * between.max()
        assert np.delete(between[at], [at, at + 6]).min() > 0.1 * between.max()


def test_two_rows_many_times_each_give_two_places() -> None:
    rows = np.repeat(np.eye(4)[:2], [5, 7], axis=0)
    between = distances(lay_out(rows))
    assert np.isfinite(between).all()
    assert between[:5, 5:].min() > 3 * max(between[:5, :5].max(), between[5:, 5:].max())


# Principal components.


def test_principal_components_keep_all_distances_of_rows_in_a_plane() -> None:
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(7, 2)) @ np.linalg.qr(rng.normal(size=(9, 2)))[0].T
    np.testing.assert_allclose(distances(principal_components(flat)), distances(flat), atol=1e-9)


def test_the_largest_entry_of_each_component_is_positive() -> None:
    rows, _ = in_groups(3, 5)
    for points in (principal_components(rows), principal_components(-rows)):
        assert (points.max(axis=0) > -points.min(axis=0)).all()


# Aligning.


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_map_is_rotated_and_mirrored_to_lie_as_another(mirrored: bool) -> None:
    wanted = np.random.default_rng(0).normal(size=(10, 2))
    wanted -= wanted.mean(axis=0)
    angle = 2.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = wanted @ turn * (-1 if mirrored else 1, 1)
    np.testing.assert_allclose(align(points, points, wanted), wanted, atol=1e-12)


def test_the_points_that_are_shared_rotate_the_others() -> None:
    wanted = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    points = wanted[:, ::-1] * (1, -1)
    found = align(points, points[:3], wanted[:3])
    np.testing.assert_allclose(distances(found), distances(wanted), atol=1e-12)
    np.testing.assert_allclose(found - found[0], wanted - wanted[0], atol=1e-12)
