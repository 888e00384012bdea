"""Retrieve the candidates of a question: by meaning and by keywords, fused into one list."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from embedder.index.facets import FacetFilter
from embedder.records import Question
from embedder.search.fusion import convex_combination
from embedder.search.query import EncodedQuery
from embedder.search.served import FilteredSet, ServedGeneration
from embedder.search.validation import MAX_CANDIDATES
from embedder.vectors import (
    BoolArray,
    DocumentPositions,
    DocumentRows,
    Float32Array,
    Int64Array,
    PassageSlots,
)

# A filter is broad if it allows at least one document of this many; the keyword index is then
# asked without it, for this many times the documents that are expected to be needed.
_BROAD = 4
_SPARE = 1.25
# Scores of candidates that are put behind others are scaled by this to stay below them.
_BELOW = np.float32(0.999)


@dataclass(frozen=True, slots=True)
class KeywordMatches:
    """Documents that share words with a question, best first.

    `positions` (n,) of the documents, each once; `scores` float32 (n,), their BM25 scores.
    """

    positions: DocumentPositions
    scores: Float32Array

    def within(self, mask: BoolArray) -> KeywordMatches:
        """Return those that a mask, bool (documents,), allows."""
        return self._select(mask[self.positions])

    def best(self, count: int) -> KeywordMatches:
        """Return the best `count`, of equal ones those with the lowest positions."""
        if len(self.positions) <= count:
            return self
        tied = slice(np.searchsorted(-self.scores, -self.scores[count - 1], side="right"))
        order = np.lexsort((self.positions[tied], -self.scores[tied]))
        return self._select(order[:count])

    def scores_at(self, positions: Int64Array) -> Float32Array:
        """Return the scores of documents, 0 where one has not matched: float32 (k,)."""
        if not len(self.positions):
            return np.zeros(len(positions), dtype=np.float32)
        order = np.argsort(self.positions)
        indexes = np.searchsorted(self.positions[order], positions)
        matches = order[np.minimum(indexes, len(order) - 1)]
        matched = self.positions[matches] == positions
        return np.where(matched, self.scores[matches], np.float32(0))

    def _select(self, which: Any) -> KeywordMatches:
        return KeywordMatches(DocumentPositions(self.positions[which]), self.scores[which])


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates of a question.

    `filtered` is the whole hit set, of which the candidates are the best. The arrays (n,) are of
    the candidates: `positions` of documents, `similarities` (float32 cosines), `keyword_scores`
    (float32 BM25, 0 for those not found by keywords) and `scores` (float32, 0 to 1).
    """

    filtered: FilteredSet
    positions: DocumentPositions
    similarities: Float32Array
    keyword_scores: Float32Array
    scores: Float32Array

    def __len__(self) -> int:
        return len(self.positions)

    def select(self, which: Any) -> Candidates:
        """Return some of the candidates, by a slice or an array of indexes."""
        return Candidates(
            self.filtered,
            DocumentPositions(self.positions[which]),
            self.similarities[which],
            self.keyword_scores[which],
            self.scores[which],
        )

    def followed_by(self, others: Candidates) -> Candidates:
        """Return them with others behind, in their order, with scores no higher than these."""
        lowered = np.minimum(others.scores, self.scores.min(initial=1)) * _BELOW
        return Candidates(
            self.filtered,
            DocumentPositions(np.concatenate((self.positions, others.positions))),
            np.concatenate((self.similarities, others.similarities)),
            np.concatenate((self.keyword_scores, others.keyword_scores)),
            np.concatenate((self.scores, lowered)),
        )

    def with_similarities_to(self, served: ServedGeneration, vector: Float32Array) -> Candidates:
        """Return them, in their order, with their cosines with a vector, float32 (dim,)."""
        return replace(self, similarities=similarities_of(served, vector, self.positions))

    def ranked(self) -> Candidates:
        """Return them best first: by score, then by similarity, then by position."""
        return self.select(np.lexsort((self.positions, -self.similarities, -self.scores)))


def find_candidates(
    served: ServedGeneration, question: Question, query: EncodedQuery, dense_weight: float
) -> Candidates:
    """Search by meaning and by keywords, as the question's mode says, and fuse the scores.

    Similarities are those with `query.ranking_vector`.

    Raises RequestError (UnknownValue for a value) if a filter cannot be used.
    """
    filtered, matches = _hit_set(served, question, query)
    if question.mode == "keyword":
        matches = matches.best(MAX_CANDIDATES)
        positions = DocumentPositions(np.sort(matches.positions))
        similarities = similarities_of(served, query.ranking_vector, positions)
    else:
        positions, similarities = nearest_documents(
            served, query.ranking_vector, filtered, MAX_CANDIDATES
        )
    if question.mode == "hybrid":
        others = DocumentPositions(np.setdiff1d(matches.positions, positions))
        positions = DocumentPositions(np.concatenate((positions, others)))
        others_similarities = similarities_of(served, query.ranking_vector, others)
        similarities = np.concatenate((similarities, others_similarities))
    keyword_scores = matches.scores_at(positions)
    scores = convex_combination(
        similarities, keyword_scores, dense_weight, *cosine_range(served, query)
    )
    return Candidates(filtered, positions, similarities, keyword_scores, scores).ranked()


def cosine_range(served: ServedGeneration, query: EncodedQuery) -> tuple[float, float]:
    """Return about the lowest cosine of a question with the library, and the highest by chance."""
    return query.estimated_minimum, served.manifest.calibration["chance"]


def nearest_documents(
    served: ServedGeneration,
    vector: Float32Array,
    filtered: FilteredSet,
    count: int,
) -> tuple[DocumentPositions, Float32Array]:
    """Return the `count` documents of a set nearest to a vector, float32 (dim,), of length 1.

    Their positions, ascending, and the cosines of each one's nearest passage, float32 (k,).
    """
    limit = count + count // 4
    while True:
        slots, cosines = served.dense.search(vector, limit, filtered.passages)
        # The filter lets no removed passage be found, so each slot has a document.
        documents = served.passages.positions_of(PassageSlots(slots))
        positions, first = np.unique(documents, return_index=True)
        # Many passages of few documents may fill the list: then search deeper.
        if len(first) >= count or len(slots) < limit:
            kept = np.sort(np.argsort(first)[:count])
            return DocumentPositions(positions[kept]), cosines[first[kept]]
        limit *= 2


def similarities_of(
    served: ServedGeneration, vector: Float32Array, positions: DocumentPositions
) -> Float32Array:
    """Return the cosine of each document's nearest passage with a vector: float32 (n,).

    Each document must have a passage.
    """
    if not len(positions):
        return np.empty(0, dtype=np.float32)
    slots, starts = served.passages.slots_of(positions)
    return np.maximum.reduceat(served.dense.similarities(vector, slots), starts)


def _hit_set(
    served: ServedGeneration, question: Question, query: EncodedQuery
) -> tuple[FilteredSet, KeywordMatches]:
    """Return all documents that answer a question, and those of them that keywords match."""
    allowed = served.facets.resolve(question.filters)
    filtered = served.filtered_set(allowed)
    if question.mode == "keyword":
        matches = search_keywords(served, query, len(filtered.mask), allowed)
        matching = DocumentPositions(matches.positions[matches.scores > 0])
        filtered = _narrow(served, filtered, matching)
    else:
        matches = _keyword_candidates(served, query, filtered, allowed)
    if question.min_similarity is not None:
        slots = served.dense.within(query.vector, question.min_similarity)
        similar = served.passages.positions_of(PassageSlots(slots))
        filtered = _narrow(served, filtered, similar)
    return filtered, matches.within(filtered.mask)


def search_keywords(
    served: ServedGeneration, query: EncodedQuery, limit: int, allowed: FacetFilter
) -> KeywordMatches:
    """Return the `limit` documents that share most with a question's words."""
    rows, scores = served.lexical.search(query.lexical, limit, allowed)
    positions = served.facets.positions(DocumentRows(rows))
    return KeywordMatches(DocumentPositions(positions), scores)


def _keyword_candidates(
    served: ServedGeneration, query: EncodedQuery, filtered: FilteredSet, allowed: FacetFilter
) -> KeywordMatches:
    """Return as many documents of a set as are fused, the best by keywords.

    A filter that allows many documents costs the keyword index more than it saves, because the
    index can no longer skip documents that cannot be among the best. So it searches deeper,
    without the filter.
    """
    document_count = len(filtered.mask)
    broad = 0 < document_count <= _BROAD * filtered.total
    if broad and allowed != FacetFilter():
        limit = int(_SPARE * MAX_CANDIDATES * document_count / filtered.total)
        inside = search_keywords(served, query, limit, FacetFilter()).within(filtered.mask)
        if len(inside.positions) >= MAX_CANDIDATES:
            return inside.best(MAX_CANDIDATES)
    return search_keywords(served, query, MAX_CANDIDATES, allowed)


def _narrow(
    served: ServedGeneration, filtered: FilteredSet, positions: DocumentPositions
) -> FilteredSet:
    """Return the documents of a set that are at some positions."""
    mask = np.zeros_like(filtered.mask)
    mask[positions] = filtered.mask[positions]
    return served.filtered_set_of(mask)
