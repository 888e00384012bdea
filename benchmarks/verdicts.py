"""How often verdicts are right: of questions that a library answers, near misses, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks.asking import qrels_by_id
from benchmarks.judged import JudgedSet
from embedder.library import Library
from embedder.records import Question
from embedder.trec_files import NEAR, OFF
from embedder.verdict_measures import ANSWERS, JudgedVerdict, count_verdicts, judge_verdict

_THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


def judge(library: Library, judged: JudgedSet) -> dict[str, list[JudgedVerdict]]:
    """Ask every question of a set, those that no document answers too.

    Returns the verdicts by kind, and by language but for English.
    """
    qrels = qrels_by_id(library, judged)
    verdicts: dict[str, list[JudgedVerdict]] = {}
    for question in judged.questions:
        answer = library.ask(Question(question.text, limit=1))
        verdict = judge_verdict(question, answer, qrels.get(question.id, {}))
        verdicts.setdefault(question.group, []).append(verdict)
    return verdicts


def verdict_lines(by_group: Mapping[str, Sequence[JudgedVerdict]]) -> Iterator[str]:
    """Yield the verdicts by kind and language, how often they are right, and other thresholds."""
    yield "| kind or language | strong | possible | none |"
    yield "|---|---:|---:|---:|"
    for group, verdicts in by_group.items():
        count = Counter(each.verdict for each in verdicts)
        yield f"| {group} | {count['strong']} | {count['possible']} | {count['none']} |"
    verdicts = [each for of_group in by_group.values() for each in of_group]
    yield f"\n{count_verdicts(verdicts, ANSWERS).summary()}"
    if any(not each.query.answerable for each in verdicts):
        yield "\nWith the first hit's cosine alone, at each threshold:\n"
        yield from _threshold_lines(verdicts)


def _threshold_lines(verdicts: Sequence[JudgedVerdict]) -> Iterator[str]:
    groups = {
        "answers hidden": [each for each in verdicts if each.query.answerable],
        "other subjects recognised": [each for each in verdicts if each.query.kind == OFF],
        "near misses recognised": [each for each in verdicts if each.query.kind == NEAR],
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
