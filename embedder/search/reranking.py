"""Score the first candidates again, by their sentences and the parts of the question."""

from __future__ import annotations

import numpy as np

from embedder.records import RankingWeights
from embedder.search.fusion import convex_combination
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates, _chance, in_order
from embedder.search.served import ServedGeneration
from embedder.vectors import Float32Array, Int64Array

# How many of them are looked at sentence by sentence.
RERANKED = 100


def rerank(
    loaded: ServedGeneration,
    asked: EncodedQuery,
    found: Candidates,
    weight: float,
    weights: RankingWeights,
) -> Candidates:
    """Score the first candidates again by their sentences and the parts of the question.

    The others keep their order behind them, with scores under the lowest of the first.
    """
    first = found.positions[:RERANKED]
    if not len(first):
        return found
    best = _best(loaded, asked, first)
    dense = found.similarities[:RERANKED] + weights.sentence_weight * best[:, 0]
    share = 1 + weights.sentence_weight + weights.parts_weight
    if len(asked.part_weights):
        # A part counts by what it tells and by how much the library has to say to it.
        says = np.maximum(best[:, 1:].max(axis=0), 0.01) * np.maximum(asked.part_weights, 0.01)
        dense = dense + weights.parts_weight * (best[:, 1:] @ says) / says.sum()
    else:
        dense = dense + weights.parts_weight * best[:, 0]
    closer = convex_combination(
        (dense / share).astype(np.float32),
        found.keywords[:RERANKED],
        weight,
        *_chance(loaded, asked),
    )
    best_first = in_order(
        Candidates(
            found.scope, first, found.similarities[:RERANKED], found.keywords[:RERANKED], closer
        )
    )
    others = np.minimum(found.scores[RERANKED:], closer.min()) * np.float32(0.999)
    return Candidates(
        found.scope,
        np.concatenate((best_first.positions, found.positions[RERANKED:])),
        np.concatenate((best_first.similarities, found.similarities[RERANKED:])),
        np.concatenate((best_first.keywords, found.keywords[RERANKED:])),
        np.concatenate((best_first.scores, others)),
    )


def _best(loaded: ServedGeneration, asked: EncodedQuery, positions: Int64Array) -> Float32Array:
    """Give the cosines of documents' best sentences: float32 (documents, 1 + parts).

    The first column is for the whole question, the others for its parts.
    """
    vectors, begins = loaded.sentences(positions)
    cosines = asked.vectors @ vectors.T
    # A product's last digits depend on where a row stands in it; equal documents must be equal.
    return np.round(np.clip(np.maximum.reduceat(cosines, begins, axis=1).T, -1, 1), 5)
