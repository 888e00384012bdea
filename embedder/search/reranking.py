"""Rerank the best candidates by their sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embedder.records import RankingWeights
from embedder.search.fusion import convex_combination
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates, cosine_range
from embedder.search.served import ServedGeneration
from embedder.vectors import DocumentPositions, Float32Array

# How many candidates are compared sentence by sentence.
RERANKED = 100


def rerank(
    served: ServedGeneration,
    query: EncodedQuery,
    candidates: Candidates,
    dense_weight: float,
    weights: RankingWeights,
) -> Candidates:
    """Score the first 100 candidates again by their sentences.

    The others stay behind them in their order, with scores below the lowest of the first.
    """
    first, others = candidates.select(slice(RERANKED)), candidates.select(slice(RERANKED, None))
    if not len(first):
        return candidates
    of_sentences = best_sentence_cosines(served, query, first.positions)
    dense = (first.similarities + weights.sentence_weight * of_sentences) / (
        1 + weights.sentence_weight
    )
    scores = convex_combination(
        np.asarray(dense, dtype=np.float32),
        first.keyword_scores,
        dense_weight,
        *cosine_range(served, query),
    )
    return replace(first, scores=scores).ranked().followed_by(others)


def best_sentence_cosines(
    served: ServedGeneration, query: EncodedQuery, positions: DocumentPositions
) -> Float32Array:
    """Return the cosines of `ranking_vector` with documents' best sentences: float32 (n,)."""
    vectors, starts = served.sentences(positions)
    cosines = np.maximum.reduceat(vectors @ query.ranking_vector, starts)
    # The last digits of a product depend on a row's place in it; rounded, equal documents have
    # equal cosines.
    return np.round(np.clip(cosines, -1, 1), 5)
