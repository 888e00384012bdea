"""Measure verdicts and probabilities of judged questions: how often they are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from embedder.records import FIRST_HITS, Answer, Verdict
from embedder.trec_files import Query

# From this grade on, of 0 to 3, a document answers a question, if only in part.
ANSWERS = 2
_BINS = 10


@dataclass(frozen=True, slots=True)
class JudgedVerdict:
    """The verdict on a judged query, and what is known of the first hits.

    `grade` is that of the first hit, 0 if it is not judged. `similarity` is its cosine with the
    query, -1 to 1, and -1 without a hit. `probability`, 0 to 1, is the answer's, and `best_grade`
    the highest grade of the three hits that it is about.
    """

    query: Query
    verdict: Verdict
    grade: int
    similarity: float
    probability: float = 0.0
    best_grade: int = 0


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """How many queries got each verdict, of those that a document answers and of the others.

    Of the answers with the verdict `strong`, `strong_right` have a document of the grade `answers`
    or higher first. `calibration_error`, 0 to 1, is that of the probabilities: see
    `expected_calibration_error`.
    """

    answerable: Mapping[Verdict, int]
    unanswerable: Mapping[Verdict, int]
    answers: int
    strong_right: int
    calibration_error: float = 0.0

    def summary(self) -> str:
        """Return in a sentence or two how often `strong` and `none` were right."""
        strong, none = (
            self.answerable[verdict] + self.unanswerable[verdict] for verdict in ("strong", "none")
        )
        text = (
            f"“strong” had a document of grade {self.answers} or higher first in "
            f"{self.strong_right} of {strong} answers. “none” hid {self.answerable['none']} of "
            f"{sum(self.answerable.values())} answers"
        )
        if any(self.unanswerable.values()):
            text += f", and was right in {self.unanswerable['none']} of {none}"
        return f"{text}. Probabilities were off by {self.calibration_error:.3f} on average."


def judge_verdict(query: Query, answer: Answer, grades: Mapping[str, int]) -> JudgedVerdict:
    """Return the verdict on a query with what its judgements, {document id: grade}, say."""
    if not answer.hits:
        return JudgedVerdict(query, answer.verdict, 0, -1.0, answer.probability)
    first = [grades.get(hit.document.id, 0) for hit in answer.hits[:FIRST_HITS]]
    similarity = answer.hits[0].similarity
    return JudgedVerdict(
        query, answer.verdict, first[0], similarity, answer.probability, max(first)
    )


def count_verdicts(judged: Sequence[JudgedVerdict], answers: int) -> VerdictCounts:
    """Count verdicts; a document of the grade `answers` or higher is an answer."""
    return VerdictCounts(
        answerable=_counts(each.verdict for each in judged if each.query.answerable),
        unanswerable=_counts(each.verdict for each in judged if not each.query.answerable),
        answers=answers,
        strong_right=sum(each.verdict == "strong" and each.grade >= answers for each in judged),
        calibration_error=expected_calibration_error(
            [each.probability for each in judged],
            [each.best_grade >= answers for each in judged],
        ),
    )


def expected_calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[bool], bins: int = _BINS
) -> float:
    """Return how far probabilities are from how often they came true, 0 to 1; 0 without any.

    In each of so many bins of equal width, the difference of the mean probability and of the share
    that came true, weighted by how many fall into the bin: Guo et al., "On Calibration of Modern
    Neural Networks", ICML 2017, eq. 3.
    """
    if not probabilities:
        return 0.0
    found = np.asarray(probabilities, dtype=np.float64)
    true = np.asarray(outcomes, dtype=np.float64)
    of_bin = np.minimum((found * bins).astype(np.int64), bins - 1)
    differences = np.bincount(of_bin, found - true, minlength=bins)
    return float(np.abs(differences).sum() / len(found))


def _counts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in get_args(Verdict)}
