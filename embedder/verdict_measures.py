"""Measure verdicts: how often each is given to judged questions, and how often it is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from embedder.records import Answer, Verdict
from embedder.trec_files import Query

# From this grade on, of 0 to 3, a document answers a question, if only in part.
ANSWERS = 2


@dataclass(frozen=True, slots=True)
class JudgedVerdict:
    """The verdict on a judged query, and what is known of the first hit.

    `grade` is that of the first hit, 0 if it is not judged. `similarity` is its cosine with the
    query, -1 to 1, and -1 without a hit.
    """

    query: Query
    verdict: Verdict
    grade: int
    similarity: float


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """How many queries got each verdict, of those that a document answers and of the others.

    Of the answers with the verdict `strong`, `strong_right` have a document of the grade `answers`
    or higher first.
    """

    answerable: Mapping[Verdict, int]
    unanswerable: Mapping[Verdict, int]
    answers: int
    strong_right: int

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
        return f"{text}."


def judge_verdict(query: Query, answer: Answer, grades: Mapping[str, int]) -> JudgedVerdict:
    """Return the verdict on a query with what its judgements, {document id: grade}, say."""
    if not answer.hits:
        return JudgedVerdict(query, answer.verdict, grade=0, similarity=-1.0)
    first = answer.hits[0]
    return JudgedVerdict(query, answer.verdict, grades.get(first.document.id, 0), first.similarity)


def count_verdicts(judged: Sequence[JudgedVerdict], answers: int) -> VerdictCounts:
    """Count verdicts; a document of the grade `answers` or higher is an answer."""
    return VerdictCounts(
        answerable=_counts(each.verdict for each in judged if each.query.answerable),
        unanswerable=_counts(each.verdict for each in judged if not each.query.answerable),
        answers=answers,
        strong_right=sum(each.verdict == "strong" and each.grade >= answers for each in judged),
    )


def _counts(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in get_args(Verdict)}
