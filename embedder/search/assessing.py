"""Say how sure an answer is, and how well each of its hits fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from embedder.records import FIRST_HITS, Fit, Hit, Verdict
from embedder.search import signals
from embedder.search.query import EncodedQuery
from embedder.search.retrieval import Candidates
from embedder.search.served import ServedGeneration
from embedder.search.signals import AnswerSignals
from embedder.search.verdict import verdict_model
from embedder.store.snapshot import Snapshot

# The last digits of a cosine depend on what else is in its product.
_SAME = 1e-5


@dataclass(frozen=True, slots=True)
class Assessment:
    """How sure an answer is; `probability` is 0 to 1. Without a hit there are no `signals`."""

    verdict: Verdict = "none"
    probability: float = 0.0
    signals: AnswerSignals | None = None


def assess(
    served: ServedGeneration,
    snapshot: Snapshot,
    text: str,
    query: EncodedQuery,
    candidates: Candidates,
) -> Assessment:
    """Assess the answer to a question by its candidates, best first.

    Raises LibraryDamaged if a row does not match its checksum.
    """
    rows = served.facets.rows[candidates.positions[:FIRST_HITS]].tolist()
    if not rows:
        return Assessment()
    stored = served.documents(snapshot, rows)
    documents = [stored[row].document for row in rows]
    measured = signals.of_answer(served, text, query, candidates, documents)
    model = verdict_model()
    return Assessment(model.decide(measured), model.probability(measured), measured)


def with_fit(
    served: ServedGeneration, assessment: Assessment, candidates: Candidates, hits: Iterable[Hit]
) -> Iterator[Hit]:
    """Yield hits, which are those of these candidates, with how well each fits.

    None does where the verdict is `none`; else the first one of the question is at least likely,
    and so are all that are as near.
    """
    answer = assessment.signals
    if answer is None:
        return
    model = verdict_model()
    measured = signals.of_hits(served, candidates.similarities, answer)
    for hit, of_hit in zip(hits, measured, strict=True):
        fit: Fit = "less likely"
        if assessment.verdict != "none":
            fit = model.fit(of_hit, answer)
            if fit == "less likely" and of_hit.nearness >= answer.first - _SAME:
                fit = "likely"
        yield replace(hit, fit=fit)
