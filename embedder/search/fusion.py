"""Fuse the scores of two ways of searching into one."""

from __future__ import annotations

import math

import numpy as np

from embedder.vectors import Float32Array

# Of a normal distribution 0.6% lies further below the mean than this many deviations.
_DEVIATIONS = 2.5


def min_max_normalise(
    scores: Float32Array, minimum: float, maximum_at_least: float = -math.inf
) -> Float32Array:
    """Scale float32 (n,) so that `minimum` becomes 0 and the highest 1; what is lower becomes 0.

    Scores that are all below `maximum_at_least` stay below 1: they are scaled by it.
    """
    maximum = float(scores.max(initial=max(minimum, maximum_at_least)))
    if maximum <= minimum:
        return np.zeros_like(scores)
    scaled = (scores - minimum) / (maximum - minimum)
    return np.asarray(np.clip(scaled, 0.0, 1.0), dtype=np.float32)


def convex_combination(
    dense: Float32Array,
    lexical: Float32Array,
    dense_weight: float,
    minimum: float,
    by_chance: float = -math.inf,
) -> Float32Array:
    """Fuse two float32 (n,) by a convex combination of normalised scores: float32 (n,), 0 to 1.

    Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1),
    2023, eq. 2 and 3: min-max normalisation, with the lowest score that is possible (BM25: 0)
    or usual (cosine: `minimum`, see `estimated_minimum`) as the minimum, so that a score does not
    depend on how deep a list of candidates is. Cosines that are all below `by_chance`, the
    highest that come about by chance, are not scaled up to 1: where meaning says nothing, words
    count.

    Raises ValueError if the lengths differ.
    """
    fused = dense_weight * min_max_normalise(dense, minimum, by_chance) + (
        1.0 - dense_weight
    ) * min_max_normalise(lexical, 0.0)
    return np.asarray(fused, dtype=np.float32)


def estimated_minimum(cosines: Float32Array) -> float:
    """Estimate the lowest cosine of a question with a library from a sample of them, (n,).

    It is 2.5 standard deviations below their mean; 0 for an empty sample.
    """
    if not len(cosines):
        return 0.0
    return float(cosines.mean() - _DEVIATIONS * cosines.std())
