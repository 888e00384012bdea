"""The candidates of a question: found both ways, fused, and looked at closer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedder.asking import DEPTH, Asked
from embedder.dense import Positions
from embedder.encode import Rows
from embedder.fusion import convex
from embedder.loaded import Loaded, Scope
from embedder.records import Question, Recipe

# How many of them are looked at sentence by sentence.
CLOSER = 100


@dataclass(frozen=True, slots=True)
class Found:
    """The candidates of a question.

    `scope` is the whole hit set over all documents. The arrays are of the candidates, best
    first: `positions` of documents, `similarities` (cosine), `keywords` (BM25, 0 if not
    found), `scores`.
    """

    scope: Scope
    positions: Positions
    similarities: Rows
    keywords: Rows
    scores: Rows


def find(loaded: Loaded, question: Question, asked: Asked, weight: float) -> Found:
    """Search both ways and fuse."""
    allowed = loaded.facets.resolve(question.filters)
    scope = loaded.scope(allowed)
    everything = len(scope.mask)
    by_keyword = loaded.lexical.search(
        asked.wanted, everything if question.mode == "keyword" else DEPTH, allowed
    )
    rows = np.asarray([row for row, _ in by_keyword], dtype=np.int64)
    named = np.searchsorted(loaded.facets.rows, rows)
    bm25 = np.asarray([score for _, score in by_keyword], dtype=np.float32)
    if question.mode == "keyword":
        scope = _narrowed(loaded, scope, named[bm25 > 0])
    if question.min_similarity is not None:
        near = loaded.passage_documents[loaded.dense.within(asked.vector, question.min_similarity)]
        scope = _narrowed(loaded, scope, near[near >= 0])
    inside = scope.mask[named]
    named, bm25 = named[inside], bm25[inside]
    if question.mode == "keyword":
        positions = np.sort(named[:DEPTH])
        similarities = _similarities(loaded, asked.vector, positions)
    else:
        positions, similarities = nearest(loaded, asked.vector, scope)
    if question.mode == "hybrid":
        also = np.setdiff1d(named, positions)
        positions = np.concatenate((positions, also))
        similarities = np.concatenate((similarities, _similarities(loaded, asked.vector, also)))
    keywords = _scores_at(positions, named, bm25)
    scores = convex(similarities, keywords, weight, *_chance(loaded, asked))
    return in_order(Found(scope, positions, similarities, keywords, scores))


def _narrowed(loaded: Loaded, scope: Scope, positions: Positions) -> Scope:
    """Give the scope of those documents of a scope that are at some positions."""
    mask = np.zeros_like(scope.mask)
    mask[positions] = scope.mask[positions]
    return loaded.scope_of(mask)


def _scores_at(positions: Positions, named: Positions, scores: Rows) -> Rows:
    """Give the scores of the documents at some positions, of those named; 0 for the others."""
    found = np.zeros(len(positions), dtype=np.float32)
    order = np.argsort(positions)
    at = np.minimum(np.searchsorted(positions, named, sorter=order), max(len(positions) - 1, 0))
    if len(positions):
        at = order[at]
        there = positions[at] == named
        found[at[there]] = scores[there]
    return found


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
    scores = found.scores.copy()
    scores[:CLOSER] = convex(
        (dense / share).astype(np.float32), found.keywords[:CLOSER], weight, *_chance(loaded, asked)
    )
    scores[CLOSER:] = np.minimum(scores[CLOSER:], scores[:CLOSER].min()) * 0.999
    return in_order(Found(found.scope, found.positions, found.similarities, found.keywords, scores))


def _chance(loaded: Loaded, asked: Asked) -> tuple[float, float]:
    """Give about the lowest cosine of the question with the library, and the highest by chance."""
    return asked.low, loaded.manifest.calibration["none"]


def in_order(found: Found) -> Found:
    """Put candidates in order: by score, then similarity, then as the library is."""
    order = np.lexsort((found.positions, -found.similarities, -found.scores))
    return Found(
        found.scope,
        found.positions[order],
        found.similarities[order],
        found.keywords[order],
        found.scores[order],
    )


def nearest(
    loaded: Loaded, vector: Rows, scope: Scope, count: int = DEPTH
) -> tuple[Positions, Rows]:
    """Give the `count` nearest documents of a scope, in ascending order, with their cosines."""
    limit = count + count // 4
    while True:
        nearest, cosines = loaded.dense.search(vector, limit, scope.passages)
        documents, first = np.unique(loaded.passage_documents[nearest], return_index=True)
        # Many passages of few documents may fill the list: then look further down.
        if len(first) >= count or len(nearest) < limit:
            kept = np.sort(np.argsort(first)[:count])
            return documents[kept], cosines[first[kept]]
        limit *= 2


def _similarities(loaded: Loaded, vector: Rows, positions: Positions) -> Rows:
    """Give each document's cosine with a vector: that of its nearest passage, float32 (n,)."""
    if not len(positions):
        return np.empty(0, dtype=np.float32)
    members, begins = loaded.passages_of(positions)
    return np.maximum.reduceat(loaded.dense.similarities(vector, members), begins)


def _best(loaded: Loaded, asked: Asked, positions: Positions) -> Rows:
    """Give the cosines of documents' best sentences: float32 (documents, 1 + parts).

    The first column is for the whole question, the others for its parts.
    """
    vectors, begins = loaded.sentences(positions)
    cosines = asked.vectors @ vectors.T
    # A product's last digits depend on where a row stands in it; equal documents must be equal.
    return np.round(np.clip(np.maximum.reduceat(cosines, begins, axis=1).T, -1, 1), 5)
