"""Rerank the best candidates by their sentences and by the parts of the question."""

from __future__ import annotations

import numpy as np

from embedder.records import RankingWeights
from embedder.search.fusion import convex_combination
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates, cosine_range
from embedder.search.served import ServedGeneration
from embedder.vectors import DocumentPositions, Float32Array

# How many candidates are compared sentence by sentence.
RERANKED = 100
# What a part of a question counts at least, so that weights never sum to 0.
_MIN_PART_WEIGHT = 0.01
# Scores of the candidates behind the reranked ones are scaled by this to stay below them.
_BELOW = np.float32(0.999)


def rerank(
    served: ServedGeneration,
    query: EncodedQuery,
    candidates: Candidates,
    dense_weight: float,
    weights: RankingWeights,
) -> Candidates:
    """Score the first 100 candidates again by their sentences and the parts of the question.

    The others stay behind them in their order, with scores below the lowest of the first.
    """
    first, others = candidates.select(slice(RERANKED)), candidates.select(slice(RERANKED, None))
    if not len(first):
        return candidates
    sentence_cosines = best_sentence_cosines(served, query, first.positions)
    scores = convex_combination(
        _dense_scores(query, first.similarities, sentence_cosines, weights),
        first.keyword_scores,
        dense_weight,
        *cosine_range(served, query),
    )
    reranked = Candidates(
        first.filtered, first.positions, first.similarities, first.keyword_scores, scores
    ).ranked()
    return Candidates(
        candidates.filtered,
        DocumentPositions(np.concatenate((reranked.positions, others.positions))),
        np.concatenate((reranked.similarities, others.similarities)),
        np.concatenate((reranked.keyword_scores, others.keyword_scores)),
        np.concatenate((reranked.scores, np.minimum(others.scores, scores.min()) * _BELOW)),
    )


def best_sentence_cosines(
    served: ServedGeneration, query: EncodedQuery, positions: DocumentPositions
) -> Float32Array:
    """Return the cosines of documents' best sentences: float32 (documents, 1 + parts).

    The first column is for the whole question, the others for its parts.
    """
    vectors, starts = served.sentences(positions)
    cosines = np.maximum.reduceat(query.vectors @ vectors.T, starts, axis=1).T
    # The last digits of a product of matrices depend on a row's place in it; rounded, equal
    # documents have equal cosines.
    return np.round(np.clip(cosines, -1, 1), 5)


def _dense_scores(
    query: EncodedQuery,
    similarities: Float32Array,
    sentence_cosines: Float32Array,
    weights: RankingWeights,
) -> Float32Array:
    """Average the cosines of each document: its best passage, best sentence, and best parts.

    A part counts by its weight and by how near the candidates come to it at best.
    """
    if len(query.part_weights):
        nearest = np.maximum(sentence_cosines[:, 1:].max(axis=0), _MIN_PART_WEIGHT)
        part_weights = nearest * np.maximum(query.part_weights, _MIN_PART_WEIGHT)
        parts = (sentence_cosines[:, 1:] @ part_weights) / part_weights.sum()
    else:
        parts = sentence_cosines[:, 0]
    total = (
        similarities
        + weights.sentence_weight * sentence_cosines[:, 0]
        + weights.parts_weight * parts
    )
    share = 1 + weights.sentence_weight + weights.parts_weight
    return np.asarray(total / share, dtype=np.float32)
