"""Turn candidates into hits: documents, the sentences that fit, and the parts that they fit.

And say what of that which was understood of a question the documents have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from embedder.records import Document, Evidence, Hit, Legs, Matched, Span, Understood
from embedder.search.query import MIN_SHOWN_WEIGHT, EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.store.snapshot import Snapshot
from embedder.vectors import DocumentRows, Float32Array

# A second sentence, or a second part, is shown if it fits this well compared with the best.
_MAX_SHOWN = 2
_NEARLY = 0.9


def hits(
    served: ServedGeneration,
    snapshot: Snapshot,
    query: EncodedQuery,
    candidates: Candidates,
    page: range,
) -> Iterator[Hit]:
    """Yield the hits of one page, a range of indexes of the candidates, in their order.

    Raises LibraryDamaged if a row or vector does not match its checksum.
    """
    shown = candidates.select(slice(page.start, page.stop))
    if not len(shown):
        return
    rows = served.facets.rows[shown.positions].tolist()
    stored = served.documents(snapshot, rows)
    evidence_rows = query.evidence_rows()
    vectors, starts = served.sentences(shown.positions)
    sentences = np.split(vectors, starts[1:])
    for index, (row, document_sentences) in enumerate(zip(rows, sentences, strict=True)):
        document = stored[row].document
        # One product a document: the last digits of a larger one depend on what else is in it.
        cosines = np.clip(document_sentences @ query.vectors.T, -1, 1)
        best = cosines[:, evidence_rows].max(axis=1)
        similarity = _round(shown.similarities[index])
        keyword_score = _round(shown.keyword_scores[index])
        yield Hit(
            rank=page.start + index + 1,
            score=_round(shown.scores[index]),
            similarity=similarity,
            document=document,
            evidence=tuple(_evidence(document, stored[row].spans, best)),
            legs=Legs(similarity, keyword_score if shown.keyword_scores[index] else None),
            matched=tuple(_matched(query, cosines)),
        )


def understood(
    served: ServedGeneration, query: EncodedQuery, candidates: Candidates, page: range
) -> tuple[Understood, ...]:
    """Return what was understood of a question, each with whether a document of the page has it."""
    if not query.understood:
        return ()
    positions = candidates.select(slice(page.start, page.stop)).positions
    rows = DocumentRows(served.facets.rows[positions])
    rings = served.lexical.rings_in(rows, query.lexical.rings)
    spellings = [each.meaning for each in query.understood if each.kind == "spelling"]
    used = {
        "term": {ring.term for ring in served.glossary.rings if ring.number in rings},
        "spelling": served.lexical.words_in(rows, spellings),
    }
    return tuple(replace(each, used=each.meaning in used[each.kind]) for each in query.understood)


def _evidence(
    document: Document, spans: Sequence[Span], cosines: Float32Array
) -> Iterator[Evidence]:
    """Yield the sentence that fits best, and a second one that fits nearly as well.

    `cosines` is float32 (sentences,), each one's best with the question or a part of it.
    """
    best = cosines.tolist()
    # A title is shown anyway: it is evidence only where there is nothing else.
    shown = [index for index, span in enumerate(spans) if span.field == "abstract"]
    ranked = sorted(shown or range(len(spans)), key=lambda index: -best[index])[:_MAX_SHOWN]
    for index in ranked:
        if index != ranked[0] and best[index] < _NEARLY * abs(best[ranked[0]]):
            return
        span = spans[index]
        text: str = getattr(document, span.field)[span.start : span.end]
        yield Evidence(span.field, span.start, span.end, text, _round(best[index]))


def _matched(query: EncodedQuery, cosines: Float32Array) -> Iterator[Matched]:
    """Yield the part of the question that a document fits best, and one nearly as good.

    `cosines` is float32 (sentences, 1 + parts).
    """
    if not query.part_spans:
        return
    best = cosines[:, 1:].max(axis=0, initial=-1.0)
    best[query.part_weights < MIN_SHOWN_WEIGHT] = -1.0
    for index in np.argsort(-best, kind="stable")[:_MAX_SHOWN]:
        if best[index] < _NEARLY * best.max():
            return
        start, end = query.part_spans[index]
        yield Matched(start, end, _round(best[index]))


def _round(value: float | np.floating) -> float:
    """Round to six digits, about what float32 holds."""
    return round(float(value), 6)
