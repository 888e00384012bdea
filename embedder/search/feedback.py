"""Refine a question by documents that were marked as fitting or not: relevance feedback.

Rocchio, "Relevance Feedback in Information Retrieval", in Salton (ed.), The SMART Retrieval System,
Prentice-Hall, 1971, pp. 313-323: the question's vector moves towards the mean of the documents that
fit and away from the mean of those that do not. The default weights, 0.75 and 0.15, are those of
Manning, Raghavan, Schütze: Introduction to Information Retrieval, Cambridge University Press, 2008,
section 9.1.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from embedder.errors import DocumentNotFound, RequestError
from embedder.records import Question, RankingWeights
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.store.snapshot import Snapshot
from embedder.vectors import DocumentPositions, Float32Array, normalise


@dataclass(frozen=True, slots=True)
class Marked:
    """The documents that were marked; false if there are none.

    `liked` and `unliked` are float32 (n, dim) and (m, dim), a vector of length 1 for each document.
    `unliked_positions` are those of the unliked ones, int64 (m,).
    """

    liked: Float32Array
    unliked: Float32Array
    unliked_positions: DocumentPositions

    def __bool__(self) -> bool:
        return bool(len(self.liked) or len(self.unliked))


def look_up(served: ServedGeneration, snapshot: Snapshot, question: Question) -> Marked:
    """Find the documents that a question marks; one that is named twice counts once.

    Raises RequestError for a document that is not in the library, has no text, or is marked both
    as fitting and as not fitting.
    """
    liked = _rows(snapshot, "like", question.like)
    unliked = _rows(snapshot, "unlike", question.unlike)
    for document_id in unliked:
        if document_id in liked:
            raise RequestError(
                "unlike",
                f"the document {document_id!r} is in like and in unlike. Leave it in one of them.",
            )
    return Marked(
        _vectors(served, "like", liked),
        _vectors(served, "unlike", unliked),
        served.positions(list(unliked.values())),
    )


def refine(
    query: EncodedQuery, marked: Marked, sample: Float32Array, weights: RankingWeights
) -> EncodedQuery:
    """Return the query with its `ranking_vector` moved by the marked documents, at length 1.

    `sample` is float32 (n, dim), passages that stand for the library's.
    """
    moved = query.vector.copy()
    if len(marked.liked):
        moved += np.float32(weights.like_weight) * marked.liked.mean(axis=0)
    if len(marked.unliked):
        moved -= np.float32(weights.unlike_weight) * marked.unliked.mean(axis=0)
    vector = normalise(moved)
    return replace(query, ranking_vector=vector, sample_cosines=sample @ vector)


def put_unliked_last(candidates: Candidates, marked: Marked) -> Candidates:
    """Return the candidates with the unliked ones behind all others."""
    unliked = np.isin(candidates.positions, marked.unliked_positions)
    return candidates.select(~unliked).followed_by(candidates.select(unliked))


def _rows(snapshot: Snapshot, field: str, ids: Sequence[str]) -> dict[str, int]:
    """Return the rows of documents by their ids."""
    try:
        return {document_id: snapshot.row_of(document_id) for document_id in ids}
    except DocumentNotFound as error:
        raise RequestError(field, error.message) from error


def _vectors(served: ServedGeneration, field: str, rows: dict[str, int]) -> Float32Array:
    """Return the vectors of documents, float32 (n, dim)."""
    vectors = np.empty((len(rows), served.encoder.dim), dtype=np.float32)
    for index, (document_id, row) in enumerate(rows.items()):
        vector = served.document_vector(row)
        if vector is None:
            raise RequestError(field, f"the document {document_id!r} has no text.")
        vectors[index] = vector
    return vectors
