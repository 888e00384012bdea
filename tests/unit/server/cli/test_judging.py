"""The `judge` command: what it shows, which keys it takes, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from embedder.library import Library
from embedder.records import Document
from server.cli.commands import main
from tests.support.words import build_words, load_words

Run = Callable[..., Result]

KEYS = "(0 1 2 3 n s b q ?)"
MARKUP = r"[bold]Title[/] [/nothing] \[red]z"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


@pytest.fixture
def run(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `judge` with the first two hits of two questions, and answers from standard input."""
    documents = (
        Document(
            id=name,
            title=f"On {name}",
            abstract=f"Of {name}.",
            year=2009,
            countries=("Lebanon", "Jordan"),
            authors=("A. Healy",),
        )
        for name in ("herons", "otters", "salmon")
    )
    build_words(tmp_path / "v", *documents)
    monkeypatch.setattr(Library.__init__, "__defaults__", (load_words,))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("FINGERPOST_VECTORS", str(tmp_path / "v"))
    questions = tmp_path / "questions.txt"
    questions.write_text("What of herons?\nany [bold] otters\n")

    def invoke(*answers: str, more: tuple[str, ...] = ("--limit", "2")) -> Result:
        arguments = ["judge", str(questions), "--out", str(out), *more]
        return CliRunner().invoke(main, arguments, input="".join(f"{key}\n" for key in answers))

    return invoke


def judgements(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def printed(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_a_question_is_shown_with_its_documents_before_the_first_grade(run: Run) -> None:
    lines = printed(run("q"))
    assert lines[:2] == ["", "Question 1 of 2: What of herons?"]
    first = [line for line in lines if line.startswith(("1. On ", "2. On "))]
    assert len(first) == 2
    for line in first:
        name = line.split()[-1]
        at = lines.index(line)
        # No author, rank, cosine or verdict.
        assert lines[at + 1 : at + 4] == ["   2009 · Lebanon, Jordan", f"   “Of {name}.”", ""]
    assert lines[-3] == (
        "0 unrelated, 1 related, 2 answers in part, 3 answers; n none does; ? all keys"
    )
    assert lines[-2:] == [f"Grade of document 1 {KEYS}: q", "Nothing is judged yet."]


def test_grades_are_kept_under_what_was_shown(run: Run, out: Path) -> None:
    lines = printed(run("3", "0", "q"))
    shown = [line.split()[-1] for line in lines if line.startswith(("1. On ", "2. On "))][:2]
    (line,) = judgements(out)
    assert line["text"] == "What of herons?"
    assert line["relevant"] == {shown[0]: 3, shown[1]: 0}
    assert lines[-2:] == [
        "1 of 2 questions have judgements; no document answers 0 of them.",
        f"Measure with: fingerpost evaluate --queries {out}",
    ]


def test_none_back_and_skip(run: Run, out: Path) -> None:
    lines = printed(run("n", "b", "s", " N ", "1", "b", "2", "q"))
    first, second = judgements(out)
    assert (first["kind"], list(first["relevant"].values())) == ("none", [0, 0])
    assert list(second["relevant"].values()) == [2]
    assert "kind" not in second
    # The questions are shown again when another one is gone to.
    assert [line[9] for line in lines if line.startswith("Question ")] == ["1", "2", "1", "2"]
    assert "no document answers 1 of them." in lines[-2]


def test_what_cannot_be_done_is_said_and_asked_again(run: Run, out: Path) -> None:
    lines = printed(run("b", "4", "", "3", "n", "q"))
    assert "Not done: nothing has been answered in this run." in lines
    assert "Error: this is none of the keys 0 1 2 3 n s b q ?" in lines
    assert any(
        line.startswith("Not done: a document of this question has a 2 or a 3.") for line in lines
    )
    assert [list(line["relevant"].values()) for line in judgements(out)] == [[3]]


def test_the_keys_are_explained(run: Run) -> None:
    lines = printed(run("?", "q"))
    start = lines.index("   0  unrelated: nothing in it is about the question")
    assert [line.split()[0] for line in lines[start : start + 9]] == list("0123nsbq?")
    assert lines.count("Question 1 of 2: What of herons?") == 2


def test_the_last_answer_can_be_taken_back(run: Run, out: Path) -> None:
    lines = printed(run("n", "n", "0", "b", "3", "0", "q"))
    assert "Error: this is none of the keys b q" in lines
    assert lines[-3] == "All documents have been shown (b q): q"
    first, second = judgements(out)
    assert first["kind"] == "none"
    assert list(second["relevant"].values()) == [3, 0]
    # Another run has nothing to ask, and nothing to take back.
    assert printed(run())[0] == "2 of 2 questions have judgements; no document answers 1 of them."


def test_the_end_of_the_input_is_the_end(run: Run, out: Path) -> None:
    lines = printed(run("3"))
    assert len(judgements(out)) == 1
    assert lines[-1] == f"Measure with: fingerpost evaluate --queries {out}"
    lines = printed(run())
    assert lines[-2] == "1 of 2 questions have judgements; no document answers 0 of them."


def test_markup_is_text(run: Run, tmp_path: Path) -> None:
    lines = printed(run("n", "q"))
    assert "Question 2 of 2: any [bold] otters" in lines
    document = Document(id="x", title=MARKUP, abstract=MARKUP, countries=(MARKUP,))
    build_words(tmp_path / "v", document, replace=True)
    text = "\n".join(printed(run("q")))
    assert text.count(MARKUP) == 3


def test_a_document_that_has_a_grade_is_shown_with_it(run: Run) -> None:
    run("2", "q")
    lines = printed(run("q"))
    assert sum(line.endswith(" (has the grade 2)") for line in lines) == 1
    assert lines[-3] == f"Grade of document 2 {KEYS}: q"


def test_bad_input_is_an_error_that_shows_no_question(run: Run, out: Path) -> None:
    result = run(more=("--limit", "0"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "fingerpost: limit 0 is out of range: 1 to 100.\n"
    out.write_text("quetzalcoatlus\n")
    result = run("3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "out.jsonl:1: expected a JSON object" in result.stderr
    assert "quetzalcoatlus" not in result.output


def test_what_is_judged_is_measured(run: Run, out: Path) -> None:
    run("3", "0", "n", "q")
    result = CliRunner().invoke(main, ["evaluate", "--queries", str(out), "--json"])
    found = json.loads(result.stdout)
    assert {each["queries"] for each in found["measures"]} == {1}
    assert sum(found["verdicts"]["answerable"].values()) == 1
    assert sum(found["verdicts"]["unanswerable"].values()) == 1
