"""Two lists of scores to one."""

from __future__ import annotations

import math

import numpy as np

from embedder.vectors import Float32Array

_DEVIATIONS = 2.5


def min_max_normalise(scores: Float32Array, low: float, high: float = -math.inf) -> Float32Array:
    """Stretch float32 (n,) so that `low` becomes 0 and the highest 1; under 0 becomes 0.

    A highest score under `high` does not become 1 but keeps its distance from it.
    """
    high = float(scores.max(initial=max(low, high)))
    if high <= low:
        return np.zeros_like(scores)
    return np.asarray(np.clip((scores - low) / (high - low), 0.0, 1.0), dtype=np.float32)


def convex_combination(
    dense: Float32Array,
    lexical: Float32Array,
    dense_weight: float,
    low: float,
    high: float = -math.inf,
) -> Float32Array:
    """Fuse two float32 (n,) by a convex combination of normalised scores: 0 to 1.

    Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1),
    2023, eq. 2 and 3: min-max normalisation, with the lowest score that is possible (BM25: 0)
    or usual (cosine: `low`, see `estimated_minimum`) for the minimum, so that a score does not
    depend on how far down a list of candidates reaches. Cosines that are all below `high`, the
    highest that come about by chance, are not scaled up to 1: where meaning says nothing, words
    count.
    """
    fused = dense_weight * min_max_normalise(dense, low, high) + (
        1.0 - dense_weight
    ) * min_max_normalise(lexical, 0.0)
    return np.asarray(fused, dtype=np.float32)


def estimated_minimum(cosines: Float32Array) -> float:
    """Give about the lowest cosine of a question with a library, from a sample of it, (n,)."""
    if not len(cosines):
        return 0.0
    return float(cosines.mean() - _DEVIATIONS * cosines.std())
