"""What an answer shows of its candidates: documents, the sentences that fit, and what they fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from embedder.records import Document, Evidence, Hit, Legs, Matched, Span
from embedder.search.query import TELLING, EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.store.snapshot import Snapshot
from embedder.vectors import Float32Array

# A second sentence, or a second part, is shown when it fits nearly as well as the first.
_SHOWN = 2
_NEARLY = 0.9


def hits(
    loaded: ServedGeneration,
    snapshot: Snapshot,
    asked: EncodedQuery,
    found: Candidates,
    page: range,
) -> Iterator[Hit]:
    """Give the hits of one page, a range of places among the candidates, in their order."""
    shown = found.positions[page.start : page.stop]
    if not len(shown):
        return
    rows = loaded.facets.rows[shown].tolist()
    stored = loaded.stored(snapshot, rows)
    telling = asked.shown()
    vectors, begins = loaded.sentences(shown)
    for at, row, told in zip(page, rows, np.split(vectors, begins[1:]), strict=True):
        document = stored[row].document
        # Each by itself, for a product's last digits depend on what else is in it.
        cosines = np.clip(told @ asked.vectors.T, -1, 1)
        keyword = float(found.keywords[at])
        yield Hit(
            rank=at + 1,
            score=_round(found.scores[at]),
            similarity=_round(found.similarities[at]),
            document=document,
            evidence=tuple(_evidence(document, stored[row].spans, cosines[:, telling].max(axis=1))),
            legs=Legs(_round(found.similarities[at]), _round(keyword) if keyword else None),
            matched=tuple(_matched(asked, cosines)),
        )


def _evidence(
    document: Document, spans: Sequence[Span], cosines: Float32Array
) -> Iterator[Evidence]:
    """Give the sentence that fits best, the whole question or a part, and one nearly as good.

    `cosines` (sentences,) are each one's best.
    """
    best = cosines.tolist()
    # A title shows itself: it is evidence only where there is nothing else.
    shown = [at for at, span in enumerate(spans) if span.field == "abstract"] or range(len(spans))
    ranked = sorted(shown, key=lambda at: -best[at])[:_SHOWN]
    for index in ranked:
        if index != ranked[0] and best[index] < _NEARLY * abs(best[ranked[0]]):
            return
        span = spans[index]
        text: str = getattr(document, span.field)[span.start : span.end]
        yield Evidence(span.field, span.start, span.end, text, _round(best[index]))


def _matched(asked: EncodedQuery, cosines: Float32Array) -> Iterator[Matched]:
    """Give the part of the question that a document fits best, and one nearly as good."""
    if not asked.places:
        return
    best = cosines[:, 1 : 1 + len(asked.places)].max(axis=0, initial=-1.0)
    best[asked.part_weights[: len(asked.places)] < TELLING] = -1.0
    for index in np.argsort(-best, kind="stable")[:_SHOWN]:
        if best[index] < _NEARLY * best.max():
            return
        start, end = asked.places[index]
        yield Matched(start, end, _round(best[index]))


def _round(value: float | np.floating) -> float:
    """Round to six digits, about what float32 holds."""
    return round(float(value), 6)
