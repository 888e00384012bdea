"""Queries, judgements and runs, read and written in the formats of TREC and BEIR."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from embedder.errors import SourceError
from embedder.measures import per_query
from embedder.trec_files import (
    Query,
    read_qrels,
    read_queries,
    read_questions,
    read_run,
    write_queries,
    write_run,
)
from tests.support.runs import made_up


def write(folder: Path, text: str) -> Path:
    path = folder / "file"
    path.write_text(text, encoding="utf-8")
    return path


# Reading queries.


def test_queries_are_read_with_their_kinds(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        '{"_id": "1", "text": "What works?", "kind": "short"}\n\n{"id": 2, "query": "Café?"}\n',
    )
    assert read_queries(path) == ([Query("1", "What works?", "short"), Query("2", "Café?")], {})


def test_a_query_may_have_its_judgements(tmp_path: Path) -> None:
    line = {"_id": "1", "text": "x", "relevant": {"A title": 2, "d7": 1, "Gone": 0}}
    _, qrels = read_queries(write(tmp_path, json.dumps(line)))
    assert qrels == {"1": {"A title": 2, "d7": 1, "Gone": 0}}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[1]", id="a list"),
        pytest.param('"text"', id="a text"),
        pytest.param('{"text": "x"}', id="no id"),
        pytest.param('{"_id": "", "text": "x"}', id="empty id"),
        pytest.param('{"_id": "1"}', id="no text"),
        pytest.param('{"_id": "1", "text": " "}', id="empty text"),
        pytest.param('{"_id": "1", "text": 7}', id="a number as text"),
        # Once an AttributeError or ValueError without file and line.
        pytest.param('{"_id": "1", "text": "x", "relevant": ["a"]}', id="a list of relevant"),
        pytest.param('{"_id": "1", "text": "x", "relevant": {"a": "high"}}', id="a grade of text"),
        pytest.param('{"_id": "1", "text": "x", "relevant": {"a": null}}', id="no grade"),
        # Once read as the id "None".
        pytest.param('{"_id": null, "text": "x"}', id="null as id"),
    ],
)
def test_a_malformed_query_is_an_error_with_its_line(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, f'{{"_id": "0", "text": "x"}}\n{line}\n')
    with pytest.raises(SourceError) as error:
        read_queries(path)
    assert error.value.message == (
        f'{path}:2: expected a JSON object with "_id", "text" and, if any, '
        'whole grades in "relevant"'
    )


# Reading judgements.

HEADER = "query-id\tcorpus-id\tscore\n"


def test_judgements_are_read_under_a_header(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}q1\td1\t1\nq1\td 2\t0\n\nq2\td1\t2\n")
    assert read_qrels(path) == {"q1": {"d1": 1, "d 2": 0}, "q2": {"d1": 2}}


@pytest.mark.parametrize(
    "line",
    [
        "q1\td1",
        "q1 d1 1",
        "q1\td1\tone",
        "q1\td1\t1.5",
        "q1\td1\t1\tx",
        "q1\td1\t",
        "q1\td1\t²",  # a digit for `isdigit`, not for `int`
    ],
)
def test_a_malformed_judgement_is_an_error_with_its_line(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}q1\td1\t1\n{line}\n")
    with pytest.raises(SourceError) as error:
        read_qrels(path)
    assert error.value.message == (
        f"{path}:3: expected query-id, corpus-id and a whole score, separated by tabs"
    )


# The first line was once skipped whatever it was, and a judgement lost silently.
def test_judgements_without_a_header_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"file:1: expected a header: query-id, corpus-id and score, sep"
    ):
        read_qrels(write(tmp_path, "q1\td1\t1\nq2\td1\t1\n"))


# TREC runs.


def test_a_run_is_written_in_the_format_of_trec_eval(tmp_path: Path) -> None:
    path = tmp_path / "run"
    write_run(path, {"q1": {"b": 0.5, "a": 2.0}, "q2": {}}, "mine")
    assert [line.split() for line in path.read_text().splitlines()] == [
        ["q1", "Q0", "a", "1", "2.0", "mine"],
        ["q1", "Q0", "b", "2", "0.5", "mine"],
    ]


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run, qrels = made_up(5)
    write_run(tmp_path / "run", run, "mine")
    back = read_run(tmp_path / "run")
    assert back.keys() == run.keys()
    for query, found in run.items():
        assert back[query] == pytest.approx(found, abs=1e-6)
        assert list(back[query]) == sorted(found, key=lambda document: -found[document])
    assert per_query(back, qrels) == per_query(run, qrels)


# With six digits after the point small scores would be equal.
@pytest.mark.parametrize(("first", "second"), ["ab", "ba"])
def test_small_differences_survive_being_written(first: str, second: str, tmp_path: Path) -> None:
    run = {"q": {first: 2e-8, second: 1e-8}}
    write_run(tmp_path / "run", run, "mine")
    back = read_run(tmp_path / "run")["q"]
    assert back[first] > back[second]


def test_a_run_of_another_tool_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "q1\tQ0\td1\t1\t14.5\tbm25\nq1 Q0 d2 2 -3e-2 bm25\n\n")
    assert read_run(path) == {"q1": {"d1": 14.5, "d2": -0.03}}


@pytest.mark.parametrize(
    "line", ["q1 Q0 d1 1 0.5", "q1 Q0 d1 1 0.5 my run", "q1 Q0 d1 1 high mine", "q1"]
)
def test_a_malformed_run_is_an_error_with_its_line(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"q1 Q0 d1 1 0.5 mine\n\n{line}\n")
    with pytest.raises(SourceError) as error:
        read_run(path)
    assert error.value.message == f"{path}:3: expected the six columns of a TREC run"


@pytest.mark.parametrize("read", [read_queries, read_qrels, read_run])
def test_a_missing_file_is_an_error(read: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read(tmp_path / "gone")


# Questions as people write them, and the file of their judgements.


def test_questions_may_stand_one_a_line(tmp_path: Path) -> None:
    path = write(tmp_path, "\n  What works? \r\nCafé?\n\nWhat works?\n")
    queries, qrels = read_questions(path)
    assert [query.text for query in queries] == ["What works?", "Café?"]
    assert (qrels, {query.kind for query in queries}) == ({}, {""})
    # The ids are those of the texts, wherever they stand.
    again, _ = read_questions(write(tmp_path, "New?\nCafé?\nWhat works?"))
    assert again[1:] == queries[::-1]
    assert len({query.id for query in again}) == 3


def test_questions_in_json_lines_are_read_as_queries(tmp_path: Path) -> None:
    path = write(tmp_path, '\n{"_id": "1", "text": "x", "relevant": {"a": 1}}\n{"id": 2}\n')
    with pytest.raises(SourceError, match=r"file:3: expected a JSON object"):
        read_questions(path)
    path = write(tmp_path, '\n{"_id": "1", "text": "x", "relevant": {"a": 1}}\n')
    assert read_questions(path) == read_queries(path) == ([Query("1", "x")], {"1": {"a": 1}})


def test_queries_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    queries = [Query("1", "ماذا\nnow?", "none"), Query("2", "“x”"), Query("3", "y", "short")]
    qrels = {"1": {"a": 0, "b": 1}, "2": {"A title": 3}}
    write_queries(tmp_path / "file", queries, qrels)
    assert read_queries(tmp_path / "file") == (queries, qrels)
    lines = (tmp_path / "file").read_text(encoding="utf-8").splitlines()
    assert lines[1] == '{"_id": "2", "text": "“x”", "relevant": {"A title": 3}}'
    assert lines[2] == '{"_id": "3", "text": "y", "kind": "short"}'


@pytest.mark.parametrize(
    ("kind", "answerable"),
    [("", True), ("plain", True), ("none", False), ("near", False), ("off", False)],
)
def test_some_kinds_are_of_queries_that_nothing_answers(kind: str, answerable: bool) -> None:
    assert Query("1", "x", kind).answerable is answerable
