"""Answer a question: check it, encode it, retrieve, rerank, show evidence, decide the verdict."""

from __future__ import annotations

import time

import numpy as np

from embedder.index.facets import FacetFilter
from embedder.records import Answer, Hit, Question, RankingWeights
from embedder.search import evidence, feedback, query
from embedder.search.assessing import Assessment, assess, with_fit
from embedder.search.fusion import min_max_normalise
from embedder.search.query import EncodedQuery
from embedder.search.reranking import rerank
from embedder.search.retrieval import Candidates, find_candidates, nearest_documents
from embedder.search.served import ServedGeneration
from embedder.search.suggestions import suggest_filters
from embedder.search.validation import MAX_LIMIT, require_range, validate_query
from embedder.store.snapshot import Snapshot

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
    candidates = _ranked(served, question, encoded, weights)
    # What is said of the answer is about the question, not about where marks move it.
    assessment = assess(served, snapshot, question.text, encoded, candidates)
    if marked:
        refined = feedback.refine(encoded, marked, served.sample, weights)
        candidates = feedback.put_unliked_last(
            _ranked(served, question, refined, weights), marked
        ).with_similarities_to(served, encoded.vector)
    page = range(question.offset, min(question.offset + question.limit, len(candidates)))
    shown = candidates.select(slice(page.start, page.stop))
    hits = evidence.hits(served, snapshot, encoded, candidates, page)
    suggested = suggest_filters(served, question, encoded.languages, candidates.filtered)
    return Answer(
        verdict=assessment.verdict,
        probability=round(assessment.probability, 3),
        total=candidates.filtered.total,
        hits=tuple(with_fit(served, assessment, shown, hits)),
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


def assess_question(
    served: ServedGeneration,
    snapshot: Snapshot,
    question: Question,
    weights: RankingWeights = DEFAULT_WEIGHTS,
) -> Assessment:
    """Return how sure the answer to a question is, with what that is decided by."""
    encoded = query.encode(served, question, weights)
    candidates = _ranked(served, question, encoded, weights)
    return assess(served, snapshot, question.text, encoded, candidates)


def _ranked(
    served: ServedGeneration, question: Question, encoded: EncodedQuery, weights: RankingWeights
) -> Candidates:
    """Return the candidates of a question, best first."""
    dense_weight = _dense_weight(question, encoded, weights)
    candidates = find_candidates(served, question, encoded, dense_weight)
    if question.mode == "keyword":
        return candidates
    return rerank(served, encoded, candidates, dense_weight, weights)


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
