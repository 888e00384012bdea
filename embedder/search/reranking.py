"""Score the first candidates again, by their sentences and the parts of the question."""

from __future__ import annotations

import numpy as np

from embedder.records import Recipe
from embedder.search.fusion import convex
from embedder.search.query import Asked
from embedder.search.retrieval import Found, _chance, in_order
from embedder.search.served import Loaded
from embedder.vectors import Positions, Rows

# How many of them are looked at sentence by sentence.
CLOSER = 100


def look_closer(loaded: Loaded, asked: Asked, found: Found, weight: float, recipe: Recipe) -> Found:
    """Score the first candidates again by their sentences and the parts of the question.

    The others keep their order behind them, with scores under the lowest of the first.
    """
    first = found.positions[:CLOSER]
    if not len(first):
        return found
    best = _best(loaded, asked, first)
    dense = found.similarities[:CLOSER] + recipe.sentence_weight * best[:, 0]
    share = 1 + recipe.sentence_weight + recipe.parts_weight
    if len(asked.tells):
        # A part counts by what it tells and by how much the library has to say to it.
        says = np.maximum(best[:, 1:].max(axis=0), 0.01) * np.maximum(asked.tells, 0.01)
        dense = dense + recipe.parts_weight * (best[:, 1:] @ says) / says.sum()
    else:
        dense = dense + recipe.parts_weight * best[:, 0]
    closer = convex(
        (dense / share).astype(np.float32), found.keywords[:CLOSER], weight, *_chance(loaded, asked)
    )
    best_first = in_order(
        Found(found.scope, first, found.similarities[:CLOSER], found.keywords[:CLOSER], closer)
    )
    others = np.minimum(found.scores[CLOSER:], closer.min()) * np.float32(0.999)
    return Found(
        found.scope,
        np.concatenate((best_first.positions, found.positions[CLOSER:])),
        np.concatenate((best_first.similarities, found.similarities[CLOSER:])),
        np.concatenate((best_first.keywords, found.keywords[CLOSER:])),
        np.concatenate((best_first.scores, others)),
    )


def _best(loaded: Loaded, asked: Asked, positions: Positions) -> Rows:
    """Give the cosines of documents' best sentences: float32 (documents, 1 + parts).

    The first column is for the whole question, the others for its parts.
    """
    vectors, begins = loaded.sentences(positions)
    cosines = asked.vectors @ vectors.T
    # A product's last digits depend on where a row stands in it; equal documents must be equal.
    return np.round(np.clip(np.maximum.reduceat(cosines, begins, axis=1).T, -1, 1), 5)
