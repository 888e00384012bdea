"""Rows of many numbers as points in a plane: rows that are near stay near (t-SNE).

L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", Journal of Machine Learning
Research 9, 2008; begun from the principal components, so that the whole keeps its shape and
equal rows always give equal points (D. Kobak and P. Berens, "The art of using t-SNE for
single-cell transcriptomics", Nature Communications 10:5416, 2019).

Every pair is looked at, in numpy: for a thousand points that is faster than scikit-learn's way,
which looks at few but costs the better part of a second to import.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Plane = NDArray[np.float64]

# About how many neighbours each point is drawn to, if there are three times as many points.
_PERPLEXITY = 15
# Fewer points than this have no neighbourhoods, and are shown by their principal components.
LEAST = 4
_HALVINGS = 50  # of the range in which a row's bandwidth is looked for
# At first neighbours are drawn together by so much more. The usual 12 tears a few dozen points
# apart and makes other maps of rows that differ in their last digits.
_EXAGGERATION, _EXAGGERATED = 1.75, 30  # factor, steps
_STEPS = 200
# From points that were a map already.
_STEPS_AGAIN = 50
# R. Jacobs, "Increased rates of convergence through learning rate adaptation", 1988, as in t-SNE.
_FASTER, _SLOWER, _SLOWEST = 0.2, 0.8, 0.01
_UNLIKE = 1e-6  # rows nearer to their mean than this are equal


def lay_out(rows: Plane, start: Plane | None = None) -> Plane:
    """Give a point for each of float64 (n, dim), unit rows: float64 (n, 2), around the origin.

    `start` (n, 2) are points of an earlier map to go on from; these move little.
    """
    with threadpool_limits(1, user_api="blas"):  # the same sums on any number of cores
        if start is not None and len(rows) >= LEAST:
            return _descend(_attraction(rows), start, 0, _STEPS_AGAIN)
        points = principal(rows)
        spread = float(points[:, 0].std()) if len(points) else 0.0
        if len(rows) < LEAST or spread < _UNLIKE:
            return points
        return _descend(_attraction(rows), points / spread, _EXAGGERATED, _STEPS)


def principal(rows: Plane) -> Plane:
    """Give the first two principal components of float64 (n, dim): float64 (n, 2).

    The largest entry of each is positive, so that the same rows never give a mirror image.
    """
    points = np.zeros((len(rows), 2))
    if len(rows) < 2:
        return points
    centred = rows - rows.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    found = left[:, :2] * lengths[:2]
    largest = found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])]
    points[:, : found.shape[1]] = found * np.where(largest < 0, -1.0, 1.0)
    points[:, np.abs(points).max(axis=0) < _UNLIKE] = 0.0  # what is left of equal rows
    return points


def turned(points: Plane, shared: Plane, wanted: Plane) -> Plane:
    """Turn and mirror points (n, 2) so that `shared` (m, 2) of them come to lie as `wanted`.

    P. Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966.
    """
    left, _, right = np.linalg.svd(
        (shared - shared.mean(axis=0)).T @ (wanted - wanted.mean(axis=0))
    )
    return np.asarray((points - points.mean(axis=0)) @ (left @ right))


def _attraction(rows: Plane) -> Plane:
    """Give how much each pair attracts: float64 (n, n), symmetric, 0 to 1, the sum 1.

    p(j|i) = exp(-b d(i, j)^2) / sum over k; b such that the entropy is that of `_PERPLEXITY`
    equal neighbours; p(i, j) = (p(j|i) + p(i|j)) / 2n.
    """
    count = len(rows)
    squares = np.maximum(2.0 - 2.0 * (rows @ rows.T), 0.0)
    np.fill_diagonal(squares, np.inf)
    squares -= squares.min(axis=1, keepdims=True)
    np.fill_diagonal(squares, 0.0)
    entropy = np.log(max(2.0, min(_PERPLEXITY, (count - 1) / 3)))
    low, high = np.zeros(count), np.full(count, np.inf)
    narrow = np.full(count, 1.0)
    for _ in range(_HALVINGS):
        near = _gaussian(squares, narrow)
        total = near.sum(axis=1)
        wide = np.log(total) + narrow * (squares * near).sum(axis=1) / total > entropy
        low, high = np.where(wide, narrow, low), np.where(wide, high, narrow)
        narrow = np.where(np.isinf(high), narrow * 2, (low + high) / 2)
    near = _gaussian(squares, narrow)
    near /= near.sum(axis=1, keepdims=True)
    return np.asarray((near + near.T) / (2 * count))


def _gaussian(squares: Plane, narrow: Plane) -> Plane:
    near = np.exp(-squares * narrow[:, None])
    np.fill_diagonal(near, 0.0)
    return near


def _descend(attraction: Plane, points: Plane, exaggerated: int, steps: int) -> Plane:
    """Move points (n, 2) down the gradient of their divergence from the attraction (n, n).

    The gradient is 4 sum over j of (p(i, j) - q(i, j)) w(i, j) (y(i) - y(j)), with
    w(i, j) = 1 / (1 + |y(i) - y(j)|^2) and q = w / sum of w.
    """
    moves, gains = np.zeros_like(points), np.ones_like(points)
    pull, near = np.empty_like(attraction), np.empty_like(attraction)
    for step in range(exaggerated + steps):
        early = step < exaggerated
        np.multiply(attraction, _EXAGGERATION if early else 1.0, out=pull)
        _nearness(points, near)
        total = near.sum()
        pull -= near / total
        pull *= near
        gradient = 4 * (pull.sum(axis=1)[:, None] * points - pull @ points)
        onward = moves * gradient < 0
        gains = np.maximum(np.where(onward, gains + _FASTER, gains * _SLOWER), _SLOWEST)
        moves = (0.5 if early else 0.8) * moves - len(points) / 4 * gains * gradient
        points = points + moves
    return np.asarray(points - points.mean(axis=0))


def _nearness(points: Plane, near: Plane) -> None:
    """Write w of all pairs into `near` (n, n), 0 for a point with itself."""
    lengths = (points * points).sum(axis=1)
    np.matmul(points, -2 * points.T, out=near)
    near += lengths
    near += lengths[:, None]
    # Of points that lie on one another, rounding may leave less than nothing.
    np.maximum(near, 0.0, out=near)
    near += 1.0
    np.reciprocal(near, out=near)
    np.fill_diagonal(near, 0.0)
