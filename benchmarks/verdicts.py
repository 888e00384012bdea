"""How often verdicts are right: of questions that a library answers, near misses, and others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.asking import qrels_by_id
from benchmarks.judged import JudgedSet
from embedder.library import Library
from embedder.records import FIRST_HITS, Question
from embedder.verdict_measures import ANSWERS, JudgedVerdict, count_verdicts, judge_verdict


def judge(library: Library, judged: JudgedSet) -> dict[str, list[JudgedVerdict]]:
    """Ask every question of a set, those that no document answers too.

    Returns the verdicts by kind, and by language but for English.
    """
    qrels = qrels_by_id(library, judged)
    verdicts: dict[str, list[JudgedVerdict]] = {}
    for question in judged.questions:
        answer = library.ask(Question(question.text, limit=FIRST_HITS))
        verdict = judge_verdict(question, answer, qrels.get(question.id, {}))
        verdicts.setdefault(question.group, []).append(verdict)
    return verdicts


def verdict_lines(by_group: Mapping[str, Sequence[JudgedVerdict]]) -> Iterator[str]:
    """Yield the verdicts by kind and language, and how often they are right."""
    yield "| kind or language | strong | possible | none |"
    yield "|---|---:|---:|---:|"
    for group, verdicts in by_group.items():
        count = Counter(each.verdict for each in verdicts)
        yield f"| {group} | {count['strong']} | {count['possible']} | {count['none']} |"
    verdicts = [each for of_group in by_group.values() for each in of_group]
    yield f"\n{count_verdicts(verdicts, ANSWERS).summary()}"
