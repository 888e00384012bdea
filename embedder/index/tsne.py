"""t-SNE: rows of many numbers as points in a plane, so that rows that are near stay near.

L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", Journal of Machine Learning
Research 9, 2008; begun from the principal components, so that the whole keeps its shape and
the same rows always give the same points (D. Kobak and P. Berens, "The art of using t-SNE for
single-cell transcriptomics", Nature Communications 10:5416, 2019).

All pairs are compared, in numpy: for a thousand points that is faster than scikit-learn, which
compares few of them but takes the better part of a second to import.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from embedder.vectors import Float64Array

# About how many neighbours attract each point, if there are three times as many points.
_PERPLEXITY = 15
# Fewer rows than this have no neighbourhoods: their points are their principal components.
MIN_ROWS = 4
_BISECTIONS = 50  # of the range in which the bandwidth of a row is searched
# In the first steps the attraction is multiplied. The usual factor of 12 tears a few dozen points
# apart, and gives different maps of rows that differ only in their last digits.
_EXAGGERATION, _EXAGGERATED_STEPS = 1.75, 30
_STEPS = 200
_STEPS_FROM_MAP = 50  # from the points of an earlier map
# R. Jacobs, "Increased rates of convergence through learning rate adaptation", 1988, as in t-SNE.
_GAIN_INCREASE, _GAIN_FACTOR, _MIN_GAIN = 0.2, 0.8, 0.01
_MIN_SPREAD = 1e-6  # rows nearer to their mean than this are equal


def lay_out(rows: Float64Array, start: Float64Array | None = None) -> Float64Array:
    """Return a point for each of float64 (n, dim), unit rows: float64 (n, 2), around the origin.

    `start` float64 (n, 2) are points of an earlier map to go on from; these move little.
    """
    with threadpool_limits(1, user_api="blas"):  # the same sums on any number of cores
        if start is not None and len(rows) >= MIN_ROWS:
            return _descend(_attraction(rows), start, 0, _STEPS_FROM_MAP)
        points = principal_components(rows)
        spread = float(points[:, 0].std()) if len(points) else 0.0
        if len(rows) < MIN_ROWS or spread < _MIN_SPREAD:
            return points
        return _descend(_attraction(rows), points / spread, _EXAGGERATED_STEPS, _STEPS)


def principal_components(rows: Float64Array) -> Float64Array:
    """Return the first two principal components of float64 (n, dim): float64 (n, 2).

    The largest entry of each is positive, so that the same rows never give a mirror image.
    """
    points = np.zeros((len(rows), 2))
    if len(rows) < 2:
        return points
    centred = rows - rows.mean(axis=0)
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    scores = left[:, :2] * lengths[:2]
    largest = scores[np.abs(scores).argmax(axis=0), np.arange(scores.shape[1])]
    points[:, : scores.shape[1]] = scores * np.where(largest < 0, -1.0, 1.0)
    points[:, np.abs(points).max(axis=0) < _MIN_SPREAD] = 0.0  # rounding errors of equal rows
    return points


def align(points: Float64Array, shared: Float64Array, target: Float64Array) -> Float64Array:
    """Rotate and mirror points (n, 2) so that `shared` (m, 2) of them lie close to `target`.

    P. Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966.
    """
    left, _, right = np.linalg.svd(
        (shared - shared.mean(axis=0)).T @ (target - target.mean(axis=0))
    )
    return np.asarray((points - points.mean(axis=0)) @ (left @ right))


def _attraction(rows: Float64Array) -> Float64Array:
    """Return how much each pair attracts: float64 (n, n), symmetric, 0 to 1, with the sum 1.

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
    precision = np.full(count, 1.0)
    for _ in range(_BISECTIONS):
        near = _gaussian(squares, precision)
        total = near.sum(axis=1)
        wide = np.log(total) + precision * (squares * near).sum(axis=1) / total > entropy
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    near = _gaussian(squares, precision)
    near /= near.sum(axis=1, keepdims=True)
    return np.asarray((near + near.T) / (2 * count))


def _gaussian(squares: Float64Array, precision: Float64Array) -> Float64Array:
    near = np.exp(-squares * precision[:, None])
    np.fill_diagonal(near, 0.0)
    return near


def _descend(
    attraction: Float64Array, points: Float64Array, exaggerated_steps: int, steps: int
) -> Float64Array:
    """Return points (n, 2) moved down the gradient of their divergence from the attraction (n, n).

    The gradient is 4 sum over j of (p(i, j) - q(i, j)) w(i, j) (y(i) - y(j)), with
    w(i, j) = 1 / (1 + |y(i) - y(j)|^2) and q = w / sum of w.
    """
    moves, gains = np.zeros_like(points), np.ones_like(points)
    pull, near = np.empty_like(attraction), np.empty_like(attraction)
    for step in range(exaggerated_steps + steps):
        early = step < exaggerated_steps
        np.multiply(attraction, _EXAGGERATION if early else 1.0, out=pull)
        _nearness(points, near)
        total = near.sum()
        pull -= near / total
        pull *= near
        gradient = 4 * (pull.sum(axis=1)[:, None] * points - pull @ points)
        onward = moves * gradient < 0
        gains = np.where(onward, gains + _GAIN_INCREASE, gains * _GAIN_FACTOR)
        gains = np.maximum(gains, _MIN_GAIN)
        moves = (0.5 if early else 0.8) * moves - len(points) / 4 * gains * gradient
        points = points + moves
    return np.asarray(points - points.mean(axis=0))


def _nearness(points: Float64Array, near: Float64Array) -> None:
    """Write w of all pairs into `near` (n, n), and 0 for a point with itself."""
    lengths = (points * points).sum(axis=1)
    np.matmul(points, -2 * points.T, out=near)
    near += lengths
    near += lengths[:, None]
    # Rounding may leave a negative distance of points that lie on one another.
    np.maximum(near, 0.0, out=near)
    near += 1.0
    np.reciprocal(near, out=near)
    np.fill_diagonal(near, 0.0)
