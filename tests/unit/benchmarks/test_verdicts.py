"""How often verdicts are right, counted by hand."""

from __future__ import annotations

from pathlib import Path

from benchmarks.asking import Libraries
from benchmarks.judged import JudgedQuestion, JudgedSet
from benchmarks.verdicts import Judgement, judge, verdict_lines
from embedder.records import Question, Verdict
from tests.support.words import WordEncoder


def judged(
    kind: str, verdict: Verdict, similarity: float, *, right: bool = False, language: str = "en"
) -> Judgement:
    return Judgement(JudgedQuestion("q", "x", kind, language), verdict, similarity, right)


JUDGED = [
    judged("plain", "strong", 0.7, right=True),
    judged("plain", "strong", 0.6),
    judged("plain", "none", 0.28),
    judged("crosslingual", "possible", 0.31, language="fr"),
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
        "\n`strong` had a grade-3 document first in 1 of 2 answers. `none` hid 1 of 4 answers, and "
        "was right in 2 of 3 (precision 0.67); it was given to 1 of 1 questions of other subjects, "
        "and to 1 of 2 near misses.",
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
    lines = list(verdict_lines([each for each in JUDGED if each.question.answerable]))
    assert lines[-1] == (
        "\n`strong` had a grade-3 document first in 1 of 2 answers. `none` hid 1 of 4 answers."
    )


def test_all_questions_are_judged_by_their_first_hit(
    tmp_path: Path, rural_health: JudgedSet
) -> None:
    libraries = Libraries(tmp_path, WordEncoder())
    library = libraries.of(rural_health)
    judgements = judge(library, rural_health)
    assert [each.question for each in judgements] == list(rural_health.questions)
    for each in judgements:
        answer = library.ask(Question(each.question.text, limit=1))
        grades = rural_health.qrels[each.question.id]
        assert (each.verdict, each.similarity) == (answer.verdict, answer.hits[0].similarity)
        assert each.is_answer is (grades.get(answer.hits[0].document.id) == 3)
    assert {each.is_answer for each in judgements} == {True, False}
    libraries.close()
