"""Answer a question: check it, encode it, retrieve, rerank, show evidence, decide the verdict."""

from __future__ import annotations

import time

import numpy as np

from embedder.index.facets import FacetFilter
from embedder.records import Answer, Hit, Question, RankingWeights
from embedder.search import evidence, feedback, query
from embedder.search.fusion import min_max_normalise
from embedder.search.query import EncodedQuery
from embedder.search.reranking import rerank
from embedder.search.retrieval import Candidates, find_candidates, nearest_documents
from embedder.search.served import ServedGeneration
from embedder.search.suggestions import suggest_filters
from embedder.search.validation import MAX_LIMIT, require_range, validate_query
from embedder.search.verdict import VerdictSignals, decide_verdict
from embedder.store.snapshot import Snapshot
from embedder.text.languages import ENGLISH
from embedder.vectors import Float32Array

DEFAULT_WEIGHTS = RankingWeights()


def answer(
    served: ServedGeneration,
    snapshot: Snapshot,
    question: Question,
    weights: RankingWeights = DEFAULT_WEIGHTS,
) -> Answer:
    """Answer a question from one generation of a library.

    Raises RequestError (UnknownValue for a filter) for a question that cannot be answered as
    it stands.
    """
    start = time.perf_counter()
    validate_query(question)
    marked = feedback.look_up(served, snapshot, question)
    encoded = query.encode(served, question, weights)
    if marked:
        encoded = feedback.refine(encoded, marked, served.sample, weights)
    dense_weight = _dense_weight(question, encoded, weights)
    candidates = find_candidates(served, question, encoded, dense_weight)
    if question.mode != "keyword":
        candidates = rerank(served, encoded, candidates, dense_weight, weights)
    if marked:
        candidates = feedback.put_unliked_last(candidates, marked)
        # What is said of the answer is about the question, not about where marks moved it.
        candidates = candidates.with_similarities_to(served, encoded.vector)
    similarities = candidates.similarities
    if marked and question.mode != "keyword":
        # The documents nearest to the question may not be near where marks moved it.
        _, similarities = nearest_documents(served, encoded.vector, candidates.filtered, 1)
    page = range(question.offset, min(question.offset + question.limit, len(candidates)))
    suggested = suggest_filters(served, question, encoded.languages, candidates.filtered)
    return Answer(
        verdict=decide_verdict(_signals(encoded, similarities), served.manifest.calibration),
        total=candidates.filtered.total,
        hits=tuple(evidence.hits(served, snapshot, encoded, candidates, page)),
        facets=candidates.filtered.facets,
        understood=evidence.understood(served, encoded, candidates, page),
        model=served.manifest.model,
        generation=served.generation,
        took_ms=round((time.perf_counter() - start) * 1000, 1),
        languages=encoded.languages,
        suggested_filters=suggested,
    )


def map_place(served: ServedGeneration, row: int) -> tuple[float, float] | None:
    """Return where the document in a row is on the map: x and y, 0 to 1.

    None for a document without text, and in a library without a map.
    """
    if served.document_map is None:
        return None
    shown = np.flatnonzero(served.document_map.rows == row)
    if len(shown):
        x, y = served.document_map.coordinates()[shown[0]].tolist()
        return x, y
    vector = served.document_vector(row)
    return None if vector is None else served.document_map.locate(vector)


def similar_documents(
    served: ServedGeneration, snapshot: Snapshot, row: int, limit: int
) -> list[Hit]:
    """Return the documents nearest to the one in a row, by the average of its passages.

    Raises RequestError for a limit out of range.
    """
    require_range("limit", limit, 1, MAX_LIMIT)
    vector = served.document_vector(row)
    if vector is None:
        return []
    filtered = served.filtered_set(FacetFilter())
    positions, similarities = nearest_documents(served, vector, filtered, limit + 1)
    candidates = Candidates(
        filtered,
        positions,
        similarities,
        keyword_scores=np.zeros_like(similarities),
        scores=min_max_normalise(similarities, 0.0),
    )
    others = candidates.select(positions != served.positions([row])).ranked()
    page = range(min(limit, len(others)))
    return list(evidence.hits(served, snapshot, query.from_vector(vector), others, page))


def _dense_weight(question: Question, encoded: EncodedQuery, weights: RankingWeights) -> float:
    """Return the weight of meaning against keywords, 0 to 1.

    In a hybrid search, keywords weigh less the more of the question's words the library does not
    know: the words that it does know, of a story in a person's own words, are mostly not what the
    story is about. They keep a share of their weight, `min_keyword_share`, because of a question
    in a language that no document is in they are the names. No words of a question that is
    searched verbatim are counted as unknown.
    """
    if question.mode != "hybrid":
        return 1.0 if question.mode == "semantic" else 0.0
    known_share = max(encoded.known_share, weights.min_keyword_share)
    return 1 - (1 - weights.dense_weight) * known_share


def _signals(encoded: EncodedQuery, similarities: Float32Array) -> VerdictSignals | None:
    """Return what the verdict is decided by; `similarities` (n,) are those of the documents."""
    if not len(similarities):
        return None
    return VerdictSignals(
        best_similarity=float(similarities.max()),
        word_count=encoded.word_count,
        unknown_word_count=encoded.unknown_word_count,
        english=encoded.languages == (ENGLISH,),
    )
