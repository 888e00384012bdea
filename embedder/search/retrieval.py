"""The candidates of a question: found both ways, fused, and looked at closer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from embedder.index.facets import FacetFilter
from embedder.records import Question
from embedder.search.fusion import convex_combination
from embedder.search.query import EncodedQuery
from embedder.search.served import FilteredSet, ServedGeneration
from embedder.search.validation import MAX_CANDIDATES
from embedder.vectors import Float32Array, Int64Array

# A filter is broad that lets through one document of so many, or more; so many times the number
# that is expected to be needed is looked at then.
_BROAD = 4
_SPARE = 1.25


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates of a question.

    `scope` is the whole hit set over all documents. The arrays are of the candidates, best
    first: `positions` of documents, `similarities` (cosine), `keywords` (BM25, 0 if not
    found), `scores`.
    """

    scope: FilteredSet
    positions: Int64Array
    similarities: Float32Array
    keywords: Float32Array
    scores: Float32Array


def find(
    loaded: ServedGeneration, question: Question, asked: EncodedQuery, weight: float
) -> Candidates:
    """Search both ways and fuse."""
    allowed = loaded.facets.resolve(question.filters)
    scope = loaded.scope(allowed)
    if question.mode == "keyword":
        named, bm25 = _by_words(loaded, asked, len(scope.mask), allowed)
        scope = _narrowed(loaded, scope, named[bm25 > 0])
    else:
        named, bm25 = _first_by_words(loaded, asked, scope, allowed)
    if question.min_similarity is not None:
        near = loaded.passage_documents[loaded.dense.within(asked.vector, question.min_similarity)]
        scope = _narrowed(loaded, scope, near[near >= 0])
    inside = scope.mask[named]
    named, bm25 = named[inside], bm25[inside]
    if question.mode == "keyword":
        positions = np.sort(named[:MAX_CANDIDATES])
        similarities = _similarities(loaded, asked.vector, positions)
    else:
        positions, similarities = nearest(loaded, asked.vector, scope)
    also, keywords = _beside(positions, named, bm25)
    if question.mode == "hybrid":
        positions = np.concatenate((positions, also))
        similarities = np.concatenate((similarities, _similarities(loaded, asked.vector, also)))
    keywords = keywords[: len(positions)]
    scores = convex_combination(similarities, keywords, weight, *_chance(loaded, asked))
    return in_order(Candidates(scope, positions, similarities, keywords, scores))


def _by_words(
    loaded: ServedGeneration, asked: EncodedQuery, limit: int, allowed: FacetFilter
) -> tuple[Int64Array, Float32Array]:
    """Return the positions of documents that share words with a query, best first, then in order.

    By position, not row number, so that the same documents give the same order.
    """
    rows, bm25 = loaded.lexical.search(asked.wanted, limit, allowed)
    positions = loaded.facets.positions(rows)
    order = np.lexsort((positions, -bm25))
    return positions[order], bm25[order]


def _first_by_words(
    loaded: ServedGeneration, asked: EncodedQuery, scope: FilteredSet, allowed: FacetFilter
) -> tuple[Int64Array, Float32Array]:
    """Give the first of them in a scope, as many as are fused.

    A filter that lets many documents through costs the keyword index more than it saves: it
    cannot pass over those that share too little then. So it looks for more, without the filter.
    """
    everything = len(scope.mask)
    if allowed != FacetFilter() and 0 < everything <= _BROAD * scope.total:
        many = int(_SPARE * MAX_CANDIDATES * everything / scope.total)
        named, bm25 = _by_words(loaded, asked, many, FacetFilter())
        inside = scope.mask[named]
        if np.count_nonzero(inside) >= MAX_CANDIDATES:
            return named[inside][:MAX_CANDIDATES], bm25[inside][:MAX_CANDIDATES]
    return _by_words(loaded, asked, MAX_CANDIDATES, allowed)


def _narrowed(loaded: ServedGeneration, scope: FilteredSet, positions: Int64Array) -> FilteredSet:
    """Give the scope of those documents of a scope that are at some positions."""
    mask = np.zeros_like(scope.mask)
    mask[positions] = scope.mask[positions]
    return loaded.scope_of(mask)


def _beside(
    positions: Int64Array, named: Int64Array, scores: Float32Array
) -> tuple[Int64Array, Float32Array]:
    """Give the documents named that are not at some positions, and the scores of both.

    `positions` are in ascending order, as are those given. The scores, float32, are of
    `positions`, 0 for those not named, and then of the others.
    """
    at = np.minimum(np.searchsorted(positions, named), max(len(positions) - 1, 0))
    there = positions[at] == named if len(positions) else np.zeros(len(named), dtype=np.bool_)
    own = np.zeros(len(positions), dtype=np.float32)
    own[at[there]] = scores[there]
    also = named[~there]
    order = np.argsort(also)
    return also[order], np.concatenate((own, scores[~there][order]))


def _chance(loaded: ServedGeneration, asked: EncodedQuery) -> tuple[float, float]:
    """Give about the lowest cosine of the question with the library, and the highest by chance."""
    return asked.low, loaded.manifest.calibration["none"]


def in_order(found: Candidates) -> Candidates:
    """Put candidates in order: by score, then similarity, then as the library is."""
    order = np.lexsort((found.positions, -found.similarities, -found.scores))
    return Candidates(
        found.scope,
        found.positions[order],
        found.similarities[order],
        found.keywords[order],
        found.scores[order],
    )


def nearest(
    loaded: ServedGeneration, vector: Float32Array, scope: FilteredSet, count: int = MAX_CANDIDATES
) -> tuple[Int64Array, Float32Array]:
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


def _similarities(
    loaded: ServedGeneration, vector: Float32Array, positions: Int64Array
) -> Float32Array:
    """Give each document's cosine with a vector: that of its nearest passage, float32 (n,)."""
    if not len(positions):
        return np.empty(0, dtype=np.float32)
    members, begins = loaded.passages_of(positions)
    return np.maximum.reduceat(loaded.dense.similarities(vector, members), begins)
