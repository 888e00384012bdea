"""A question to an answer: read it, search both ways, look closer, show the evidence, judge."""

from __future__ import annotations

import time

import numpy as np

from embedder.index.facets import FacetFilter
from embedder.records import Answer, Hit, Question, RankingWeights
from embedder.search import evidence, query, reranking, retrieval, validation
from embedder.search.fusion import min_max_normalise
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.search.verdict import Signals, decide
from embedder.store.snapshot import Snapshot
from embedder.vectors import Float32Array, normalise

DEFAULT_WEIGHTS = RankingWeights()
# The least share of a question's words that is taken for known.
_LEAST_KNOWN = 0.5


def answer(
    loaded: ServedGeneration,
    snapshot: Snapshot,
    question: Question,
    weights: RankingWeights = DEFAULT_WEIGHTS,
) -> Answer:
    """Answer a question from one generation of a library.

    Raises RequestError (UnknownValue for a filter) for a question that cannot be answered as
    it stands.
    """
    begin = time.perf_counter()
    validation.check(question)
    asked = query.read(loaded, question, weights)
    hybrid = _dense_weight(asked, weights)
    weight = {"hybrid": hybrid, "semantic": 1.0, "keyword": 0.0}[question.mode]
    found = retrieval.find(loaded, question, asked, weight)
    if question.mode != "keyword":
        found = reranking.rerank(loaded, asked, found, weight, weights)
    page = range(question.offset, min(question.offset + question.limit, len(found.positions)))
    return Answer(
        verdict=decide(_signals(asked, found), loaded.manifest.calibration),
        total=found.scope.total,
        hits=tuple(evidence.hits(loaded, snapshot, asked, found, page)),
        facets=found.scope.facets,
        understood=asked.understood,
        model=loaded.manifest.model,
        generation=loaded.generation,
        took_ms=round((time.perf_counter() - begin) * 1000, 1),
    )


def place(loaded: ServedGeneration, row: int) -> tuple[float, float] | None:
    """Give where the document in a row lies on the map, None where there is no saying."""
    if loaded.chart is None:
        return None
    at = np.flatnonzero(loaded.chart.rows == row)
    if len(at):
        x, y = loaded.chart.coordinates()[at[0]].tolist()
        return x, y
    vector = _vector(loaded, row)
    return None if vector is None else loaded.chart.locate(vector)


def neighbours(loaded: ServedGeneration, snapshot: Snapshot, row: int, limit: int) -> list[Hit]:
    """Give the documents nearest to the one in a row, by the average of its passages."""
    validation.check_range("limit", limit, 1, validation.MAX_LIMIT)
    position = np.flatnonzero(loaded.facets.rows == row)
    vector = _vector(loaded, row)
    if vector is None:
        return []
    scope = loaded.scope(FacetFilter())
    near, cosines = retrieval.nearest(loaded, vector, scope, len(position) + limit)
    others = near != position
    positions, similarities = near[others], cosines[others]
    nothing = np.zeros_like(similarities)
    found = retrieval.in_order(
        Candidates(scope, positions, similarities, nothing, min_max_normalise(similarities, 0.0))
    )
    asked = query.like(vector)
    page = range(min(limit, len(found.positions)))
    return list(evidence.hits(loaded, snapshot, asked, found, page))


def _vector(loaded: ServedGeneration, row: int) -> Float32Array | None:
    """Give the vector of the document in a row, float32 (dim,); None if it has no text."""
    own, _ = loaded.passages_of(np.flatnonzero(loaded.facets.rows == row))
    return normalise(loaded.dense.vectors(own).mean(axis=0)) if len(own) else None


def _dense_weight(asked: EncodedQuery, weights: RankingWeights) -> float:
    """Give what meaning weighs against keywords, 0 to 1.

    Keywords weigh as much less as the question has words that the library does not know: those
    that it does know of a story in people's own words are mostly not what the story is about.
    They keep half their weight, for of a question in another language the names are known. In a
    question that is taken as it stands no words are counted.
    """
    known = 1 - asked.unknown_words / max(asked.words, 1)
    return 1 - (1 - weights.dense_weight) * max(known, _LEAST_KNOWN)


def _signals(asked: EncodedQuery, found: Candidates) -> Signals | None:
    if not len(found.positions):
        return None
    return Signals(float(found.similarities.max()), asked.words, asked.unknown_words)
