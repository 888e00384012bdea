"""How often verdicts are right, counted by hand."""

from __future__ import annotations

from pathlib import Path

from benchmarks.asking import Libraries
from benchmarks.judged import JudgedSet
from benchmarks.verdicts import judge, verdict_lines
from embedder.records import Question, Verdict
from embedder.trec_files import Query
from embedder.verdict_measures import JudgedVerdict
from tests.support.words import WordEncoder


def judged(kind: str, verdict: Verdict, similarity: float, grade: int = 0) -> JudgedVerdict:
    probability = {"strong": 0.9, "possible": 0.5, "none": 0.1}[verdict]
    return JudgedVerdict(Query("q", "x", kind), verdict, grade, similarity, probability, grade)


# Probabilities: of two of 0.9 one came true, of two of 0.5 and three of 0.1 none.
JUDGED = {
    "plain": [
        judged("plain", "strong", 0.7, 2),
        judged("plain", "strong", 0.6, 1),
        judged("plain", "none", 0.28),
    ],
    "fr": [judged("crosslingual", "possible", 0.31)],
    "near": [judged("near", "none", 0.32), judged("near", "possible", 0.42)],
    "off": [judged("off", "none", 0.05)],
}


def test_verdicts_are_counted_by_kind_and_language() -> None:
    lines = list(verdict_lines(JUDGED))
    assert lines[2:7] == [
        "| plain | 2 | 0 | 1 |",
        "| fr | 0 | 1 | 0 |",
        "| near | 0 | 1 | 1 |",
        "| off | 0 | 0 | 1 |",
        "\n“strong” had a document of grade 2 or higher first in 1 of 2 answers. “none” hid 1 of 4 "
        "answers, and was right in 2 of 3. Probabilities were off by 0.300 on average.",
    ]


def test_of_answerable_questions_alone_only_what_is_hidden_is_said() -> None:
    lines = list(verdict_lines({group: JUDGED[group] for group in ("plain", "fr")}))
    assert lines[-1] == (
        "\n“strong” had a document of grade 2 or higher first in 1 of 2 answers. “none” hid 1 of 4 "
        "answers. Probabilities were off by 0.350 on average."
    )


def test_all_questions_are_judged_by_their_first_hit(
    tmp_path: Path, rural_health: JudgedSet
) -> None:
    libraries = Libraries(tmp_path, WordEncoder())
    library = libraries.of(rural_health)
    verdicts = judge(library, rural_health)
    assert {group: [each.query.id for each in found] for group, found in verdicts.items()} == {
        "question": ["q1"],
        "plain": ["q2", "q3"],
        "es": ["q4"],
        "near": ["q5"],
        "off": ["q6"],
    }
    every = [each for found in verdicts.values() for each in found]
    for each in every:
        answer = library.ask(Question(each.query.text, limit=1))
        grades = rural_health.qrels[each.query.id]
        assert (each.verdict, each.similarity) == (answer.verdict, answer.hits[0].similarity)
        assert each.grade == grades.get(answer.hits[0].document.id, 0)
    assert {each.grade for each in every} >= {0, 3}
    libraries.close()
