"""Grading the first hits of questions: what is asked next, and what lies in the file."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from embedder.errors import RequestError, SourceError
from embedder.evaluation import SearchSettings, evaluate_library
from embedder.judging import Judging, Step
from embedder.library import Library
from embedder.records import Document
from embedder.trec_files import Query, read_queries
from tests.conftest import write_jsonl
from tests.support.words import build_words, read_words

ANIMALS = ("badgers", "beetles", "herons", "lizards", "otters", "salmon")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A library of six documents, `On herons` and so on."""
    build_words(tmp_path / "v", *(Document(id=name, title=f"On {name}") for name in ANIMALS))
    return read_words(tmp_path / "v")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Three questions, one a line."""
    path = tmp_path / "questions.txt"
    path.write_text("What of herons?\nany otters\nincome tax\n")
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "judgements.jsonl"


def next_of(judging: Judging) -> Step:
    step = judging.next_step()
    assert step is not None
    return step


def give(judging: Judging, *grades: int) -> list[str]:
    """Grade the next documents, and return their ids."""
    given = []
    for grade in grades:
        step = next_of(judging)
        given.append(step.hits[step.at].document.id)
        judging.grade(step, grade)
    return given


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def ids(step: Step) -> list[str]:
    return [hit.document.id for hit in step.hits]


# The way through.


def test_the_first_hits_of_each_question_are_asked_about(
    library: Library, questions: Path, out: Path
) -> None:
    judging = Judging(library, questions, out, limit=2)
    seen = []
    while (step := judging.next_step()) is not None:
        seen.append((step.number, step.at))
        first = library.search(step.query.text, limit=2)
        assert set(ids(step)) == {hit.document.id for hit in first}
        judging.grade(step, 3)
    assert seen == [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]


def test_the_order_says_nothing_of_the_rank_and_stays(
    library: Library, tmp_path: Path, out: Path
) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"question {number}\n" for number in range(30)))
    judging = Judging(library, path, out, limit=3)
    again = Judging(library, path, out.with_name("again"), limit=3)
    ranks_shown_first = []
    while (step := judging.next_step()) is not None:
        ranks_shown_first.append(step.hits[0].rank)
        assert ids(next_of(again)) == ids(step)
        judging.none_answers(step)
        again.none_answers(next_of(again))
    assert len(ranks_shown_first) == 30
    # Each rank is first in about ten of them.
    assert all(5 <= ranks_shown_first.count(rank) <= 15 for rank in (1, 2, 3))


def test_each_answer_is_written_at_once(library: Library, questions: Path, out: Path) -> None:
    judging = Judging(library, questions, out, limit=2)
    first = next_of(judging)
    (graded,) = give(judging, 3)
    written = {"_id": first.query.id, "text": "What of herons?", "relevant": {graded: 3}}
    assert lines_of(out) == [written]
    (other,) = give(judging, 1)
    assert lines_of(out) == [written | {"relevant": {graded: 3, other: 1}}]


def test_a_second_run_goes_on_where_the_first_was(
    library: Library, questions: Path, out: Path
) -> None:
    whole = Judging(library, questions, out.with_name("other"), limit=3)
    wanted = give(whole, 0, 2, 1, 3, 0, 0, 0, 0, 0)
    found = []
    for grade in (0, 2, 1, 3, 0, 0, 0, 0, 0):
        found += give(Judging(library, questions, out, limit=3), grade)
    assert found == wanted
    assert Judging(library, questions, out, limit=3).next_step() is None
    assert out.read_text() == out.with_name("other").read_text()


def test_documents_that_are_new_among_the_first_hits_are_asked_about(
    library: Library, questions: Path, out: Path, tmp_path: Path
) -> None:
    judging = Judging(library, questions, out, limit=2)
    judging.none_answers(next_of(judging))
    build_words(tmp_path / "v", Document(id="new", title="What of herons?"))
    judging = Judging(library, questions, out, limit=2)
    step = next_of(judging)
    assert (step.number, step.hits[step.at].document.id) == (1, "new")
    judging.grade(step, 3)
    # It was kept as unanswerable; it has an answer now.
    assert [query.answerable for query in judging.judged] == [True]


def test_an_unanswerable_question_stays_so_until_a_new_document_answers_it(
    library: Library, questions: Path, out: Path, tmp_path: Path
) -> None:
    judging = Judging(library, questions, out, limit=2)
    judging.none_answers(next_of(judging))
    build_words(
        tmp_path / "v",
        Document(id="new", title="What of herons?"),
        Document(id="newer", title="What of herons?"),
    )
    judging = Judging(library, questions, out, limit=2)
    for grade, kinds in ((1, ["none"]), (2, [""])):
        judging.grade(next_of(judging), grade)
        assert [query.kind for query in judging.judged] == kinds


def test_a_skipped_document_is_asked_about_in_the_next_run(
    library: Library, questions: Path, out: Path
) -> None:
    judging = Judging(library, questions, out, limit=2)
    skipped = next_of(judging)
    judging.skip(skipped)
    assert not out.exists()
    assert next_of(judging).at == 1
    give(judging, 0)
    assert next_of(judging).number == 2
    again = next_of(Judging(library, questions, out, limit=2))
    assert (again.number, again.at) == (1, skipped.at)
    assert ids(again) == ids(skipped)


# Back.


def test_back_takes_back_one_answer_after_the_other(
    library: Library, questions: Path, out: Path
) -> None:
    judging = Judging(library, questions, out, limit=2)
    assert not judging.can_go_back
    states: list[tuple[Step | None, str]] = []

    def state() -> tuple[Step | None, str]:
        return judging.next_step(), out.read_text() if out.exists() else ""

    rng = random.Random(3)  # noqa: S311 (no secret)
    while (step := judging.next_step()) is not None:
        states.append(state())
        if rng.random() < 0.3:
            judging.skip(step)
        elif rng.random() < 0.3 and not any(grade > 1 for grade in step.grades.values()):
            judging.none_answers(step)
        else:
            judging.grade(step, rng.randrange(4))
    assert len(states) > 4
    for before in reversed(states):
        judging.back()
        assert state() == before
    assert not judging.can_go_back
    with pytest.raises(RequestError) as caught:
        judging.back()
    assert caught.value.message == "nothing has been answered in this run."
    # The file is empty now, and can be gone on with.
    assert next_of(Judging(library, questions, out, limit=2)).number == 1


# Questions that no document answers.


def kinds(judging: Judging) -> list[str]:
    return [query.kind for query in judging.judged]


@pytest.mark.parametrize(
    ("grades", "kind"),
    [((0, 0, 0), "none"), ((1, 0, 1), "none"), ((0, 2, 0), ""), ((3, 3, 3), ""), ((0, 1), "")],
)
def test_a_question_whose_documents_all_have_0_or_1_is_unanswerable(
    library: Library, questions: Path, out: Path, grades: Sequence[int], kind: str
) -> None:
    judging = Judging(library, questions, out, limit=3)
    give(judging, *grades)
    assert kinds(judging) == [kind]
    assert [query.kind for query in read_queries(out)[0]] == [kind]


def test_none_of_these_gives_0_to_the_rest(library: Library, questions: Path, out: Path) -> None:
    judging = Judging(library, questions, out, limit=4)
    (related,) = give(judging, 1)
    step = next_of(judging)
    judging.none_answers(step)
    (line,) = lines_of(out)
    assert line["kind"] == "none"
    assert line["relevant"] == dict.fromkeys(ids(step), 0) | {related: 1}
    assert next_of(judging).number == 2


@pytest.mark.parametrize("grade", [2, 3])
def test_none_of_these_is_refused_where_one_answers(
    library: Library, questions: Path, out: Path, grade: int
) -> None:
    judging = Judging(library, questions, out, limit=4)
    give(judging, grade)
    before = out.read_text()
    with pytest.raises(RequestError, match="a document of this question has a 2 or a 3"):
        judging.none_answers(next_of(judging))
    assert out.read_text() == before


def test_a_kind_is_kept_where_the_grades_allow_it(
    library: Library, tmp_path: Path, out: Path
) -> None:
    questions = write_jsonl(
        tmp_path / "q.jsonl",
        {"_id": "1", "text": "herons", "kind": "plain"},
        {"_id": "2", "text": "otters", "kind": "plain"},
        {"_id": "3", "text": "salmon", "kind": "near"},
        {"_id": "4", "text": "lizards", "kind": "near"},
    )
    judging = Judging(library, questions, out, limit=1)
    assert kinds(judging) == ["near", "near"]
    give(judging, 3, 0, 3, 0)
    assert kinds(judging) == ["plain", "none", "", "near"]


# What was judged before.


def test_grades_beside_the_questions_are_taken_over(
    library: Library, tmp_path: Path, out: Path
) -> None:
    questions = write_jsonl(
        tmp_path / "q.jsonl",
        {"_id": "1", "text": "herons", "relevant": dict.fromkeys(ANIMALS, 3)},
        {"_id": "2", "text": "otters", "relevant": {"On otters": 2, "gone": 1}},
        {"_id": "3", "text": "tax", "kind": "off"},
        {"_id": "4", "text": "salmon"},
    )
    judging = Judging(library, questions, out, limit=6)
    step = next_of(judging)
    assert (step.number, step.grades) == (2, {"otters": 2, "gone": 1})
    (graded,) = give(judging, 0)
    first, second, third = lines_of(out)
    assert first["relevant"] == dict.fromkeys(ANIMALS, 3)
    assert second["relevant"] == {"otters": 2, "gone": 1, graded: 0}
    assert third == {"_id": "3", "text": "tax", "kind": "off"}
    # What the file has counts, once it has it.
    (line,) = [each for each in lines_of(questions) if each["_id"] == "2"]
    write_jsonl(questions, line | {"relevant": dict.fromkeys(ANIMALS, 3)})
    assert next_of(Judging(library, questions, out, limit=6)).grades == second["relevant"]


def test_other_questions_in_the_file_stay(
    library: Library, questions: Path, out: Path, tmp_path: Path
) -> None:
    give(Judging(library, questions, out, limit=1), 3)
    (before,) = lines_of(out)
    more = tmp_path / "more.txt"
    more.write_text("any salmon\n")
    give(Judging(library, more, out, limit=1), 2)
    first, second = lines_of(out)
    assert first == before
    assert second["text"] == "any salmon"


def test_the_file_is_what_evaluate_reads(library: Library, questions: Path, out: Path) -> None:
    judging = Judging(library, questions, out, limit=6)
    while (step := judging.next_step()) is not None:
        if step.query.text == "income tax":
            judging.none_answers(step)
        else:
            judging.grade(step, 3 if step.hits[step.at].rank == 2 else 0)
    found = evaluate_library(library, out, None, SearchSettings(), None)
    means = {each.measure: each.mean for each in found.measured}
    assert means["MRR@10"] == 0.5
    assert {each.queries for each in found.measured} == {2}
    assert sum(found.verdicts.answerable.values()) == 2
    assert sum(found.verdicts.unanswerable.values()) == 1
    assert found.verdicts.answers == 2


# What is refused.


def test_bad_questions_are_refused_before_the_first_is_asked(
    library: Library, tmp_path: Path, out: Path
) -> None:
    path = tmp_path / "q.txt"
    path.write_text("What?\n\n?!\n")
    with pytest.raises(SourceError) as caught:
        Judging(library, path, out)
    assert caught.value.message == (
        f"{path}: question 2: the question holds no word. Write a few words."
    )
    path = write_jsonl(path, {"_id": "1", "text": "one"}, {"_id": "1", "text": "two"})
    with pytest.raises(SourceError) as caught:
        Judging(library, path, out)
    assert caught.value.message == (
        f"{path}: question 2 has the id of another. Give it one of its own."
    )
    with pytest.raises(SourceError, match="No such file"):
        Judging(library, tmp_path / "none", out)


@pytest.mark.parametrize("limit", [0, 101])
def test_a_limit_out_of_range_is_refused(
    library: Library, questions: Path, out: Path, limit: int
) -> None:
    with pytest.raises(RequestError) as caught:
        Judging(library, questions, out, limit)
    assert caught.value.message == f"limit {limit} is out of range: 1 to 100."


def test_a_file_of_other_questions_is_not_mixed_with_these(
    library: Library, tmp_path: Path, out: Path
) -> None:
    questions = write_jsonl(tmp_path / "q.jsonl", {"_id": "1", "text": "herons"})
    write_jsonl(out, {"_id": "1", "text": "otters", "relevant": {"otters": 3}})
    before = out.read_text()
    with pytest.raises(SourceError) as caught:
        Judging(library, questions, out)
    assert caught.value.message == (
        f"{out}: the grades under the id '1' are of another question. "
        "Name another file for the grades, or give the question another id."
    )
    assert out.read_text() == before


def test_the_questions_are_not_written_over(library: Library, questions: Path) -> None:
    with pytest.raises(SourceError) as caught:
        Judging(library, questions, questions)
    assert caught.value.message == (
        f"{questions}: these are the questions. Name another file for the grades."
    )


def test_an_answer_that_cannot_be_written_is_not_taken(
    library: Library, questions: Path, tmp_path: Path
) -> None:
    judging = Judging(library, questions, tmp_path / "none" / "out", limit=2)
    step = next_of(judging)
    with pytest.raises(SourceError, match="cannot be written: No such file or directory"):
        judging.grade(step, 1)
    assert next_of(judging) == step
    assert judging.judged == []


def test_questions_are_written_to_the_named_file_alone(
    library: Library, tmp_path: Path, out: Path
) -> None:
    word = "quetzalcoatlus"
    questions = tmp_path / "q.txt"
    questions.write_text(f"{word} herons\n")
    judging = Judging(library, questions, out, limit=2)
    give(judging, 3, 1)
    judging.back()
    holding = [
        path
        for path in tmp_path.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    ]
    assert sorted(holding) == sorted([questions, out])
    assert judging.judged == [Query(judging.queries[0].id, f"{word} herons")]
