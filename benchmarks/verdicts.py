"""How often verdicts are right: of questions that a library answers, near misses, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.asking import qrels_by_id
from benchmarks.judged import ANSWERS, NEAR, OFF, JudgedQuestion, JudgedSet
from embedder.library import Library
from embedder.records import Question, Verdict

_THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on a question, its first hit's cosine, and whether that hit answers it."""

    question: JudgedQuestion
    verdict: Verdict
    similarity: float
    is_answer: bool


def judge(library: Library, judged: JudgedSet) -> list[Judgement]:
    """Ask every question of a set, those that no document answers too."""
    qrels = qrels_by_id(library, judged)
    judgements = []
    for question in judged.questions:
        answer = library.ask(Question(question.text, limit=1))
        first = answer.hits[0]
        grade = qrels.get(question.id, {}).get(first.document.id, 0)
        judgements.append(Judgement(question, answer.verdict, first.similarity, grade == ANSWERS))
    return judgements


def verdict_lines(judgements: Sequence[Judgement]) -> Iterator[str]:
    """Yield the verdicts by kind and language, how often they are right, and other thresholds."""
    counts: dict[str, Counter[Verdict]] = {}
    for each in judgements:
        counts.setdefault(each.question.group, Counter())[each.verdict] += 1
    yield "| kind or language | strong | possible | none |"
    yield "|---|---:|---:|---:|"
    for group, count in counts.items():
        yield f"| {group} | {count['strong']} | {count['possible']} | {count['none']} |"
    yield f"\n{_summary(judgements)}"
    if any(not each.question.answerable for each in judgements):
        yield "\nWith the first hit's cosine alone, at each threshold:\n"
        yield from _threshold_lines(judgements)


def _summary(judgements: Sequence[Judgement]) -> str:
    strong = [each for each in judgements if each.verdict == "strong"]
    nones = [each for each in judgements if each.verdict == "none"]
    answerable = [each for each in judgements if each.question.answerable]
    hidden = [each for each in nones if each.question.answerable]
    right = len(nones) - len(hidden)
    text = (
        f"`strong` had a grade-3 document first in {sum(each.is_answer for each in strong)} of "
        f"{len(strong)} answers. `none` hid {len(hidden)} of {len(answerable)} answers"
    )
    if len(answerable) == len(judgements):
        return f"{text}."
    given = ", and to ".join(
        f"{sum(each.question.kind == kind for each in nones)} of "
        f"{sum(each.question.kind == kind for each in judgements)} {name}"
        for kind, name in ((OFF, "questions of other subjects"), (NEAR, "near misses"))
    )
    precision = f" (precision {right / len(nones):.2f})" if nones else ""
    return f"{text}, and was right in {right} of {len(nones)}{precision}; it was given to {given}."


def _threshold_lines(judgements: Sequence[Judgement]) -> Iterator[str]:
    groups = {
        "answers hidden": [each for each in judgements if each.question.answerable],
        "other subjects recognised": [each for each in judgements if each.question.kind == OFF],
        "near misses recognised": [each for each in judgements if each.question.kind == NEAR],
    }
    cosines = {
        name: np.asarray([each.similarity for each in group])
        for name, group in groups.items()
        if group
    }
    yield f"| cosine under | {' | '.join(cosines)} |"
    yield "|---|" + "---:|" * len(cosines)
    for threshold in _THRESHOLDS:
        shares = [f"{np.mean(values < threshold):.2f}" for values in cosines.values()]
        yield f"| {threshold:.2f} | {' | '.join(shares)} |"
