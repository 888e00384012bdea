"""Two lists of scores to one."""

from __future__ import annotations

import numpy as np

from embedder.encode import Rows


def min_max(scores: Rows) -> Rows:
    """Stretch float32 (n,) to 0 to 1: `(s - min) / (max - min)`; all alike become 0."""
    if not len(scores):
        return scores
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.zeros_like(scores)
    return np.asarray((scores - low) / (high - low), dtype=np.float32)


def convex(dense: Rows, lexical: Rows, dense_weight: float) -> Rows:
    """Fuse two float32 (n,) by a convex combination of min-max-normalised scores: 0 to 1.

    Bruch, Gai, Ingber: "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1),
    2023, eq. 2 and 3.
    """
    return np.asarray(
        dense_weight * min_max(dense) + (1.0 - dense_weight) * min_max(lexical), dtype=np.float32
    )
