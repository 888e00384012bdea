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
    return JudgedVerdict(Query("q", "x", kind), verdict, grade, similarity)


JUDGED = [
    judged("plain", "strong", 0.7, 3),
    judged("plain", "strong", 0.6, 2),
    judged("plain", "none", 0.28),
    judged("fr", "possible", 0.31),
    judged("near", "none", 0.32),
    judged("near", "possible", 0.42),
    judged("off", "none", 0.05),
]


def test_verdicts_are_counted_by_kind_and_language() -> None:
    lines = list(verdict_lines(JUDGED))
    assert lines[2:7] == [
        "| plain | 2 | 0 | 1 |",
        "| fr | 0 | 1 | 0 |",
        "| near | 0 | 1 | 1 |",
        "| off | 0 | 0 | 1 |",
        "\n“strong” had a document of grade 3 or higher first in 1 of 2 answers. “none” hid 1 of 4 "
        "answers, and was right in 2 of 3.",
    ]


def test_every_threshold_is_tried() -> None:
    lines = list(verdict_lines(JUDGED))
    assert (
        "| cosine under | answers hidden | other subjects recognised | near misses recognised |"
        in lines
    )
    assert "| 0.15 | 0.00 | 1.00 | 0.00 |" in lines
    assert "| 0.30 | 0.25 | 1.00 | 0.00 |" in lines
    assert "| 0.45 | 0.50 | 1.00 | 1.00 |" in lines


def test_of_answerable_questions_alone_only_what_is_hidden_is_said() -> None:
    lines = list(verdict_lines([each for each in JUDGED if each.query.answerable]))
    assert lines[-1] == (
        "\n“strong” had a document of grade 3 or higher first in 1 of 2 answers. “none” hid 1 of 4 "
        "answers."
    )


def test_all_questions_are_judged_by_their_first_hit(
    tmp_path: Path, rural_health: JudgedSet
) -> None:
    libraries = Libraries(tmp_path, WordEncoder())
    library = libraries.of(rural_health)
    verdicts = judge(library, rural_health)
    assert [(each.query.id, each.query.kind) for each in verdicts] == [
        ("q1", "question"),
        ("q2", "plain"),
        ("q3", "plain"),
        ("q4", "es"),
        ("q5", "near"),
        ("q6", "off"),
    ]
    for each in verdicts:
        answer = library.ask(Question(each.query.text, limit=1))
        grades = rural_health.qrels[each.query.id]
        assert (each.verdict, each.similarity) == (answer.verdict, answer.hits[0].similarity)
        assert each.grade == grades.get(answer.hits[0].document.id, 0)
    assert {each.grade for each in verdicts} >= {0, 3}
    libraries.close()
