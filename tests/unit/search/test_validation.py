"""What cannot be asked is refused with a message that says why, and never holds the question."""

from __future__ import annotations

from typing import cast

import pytest

from embedder.errors import RequestError
from embedder.records import Mode, Question
from embedder.search.validation import require_range, validate_query


@pytest.mark.parametrize(
    ("question", "field", "message"),
    [
        (
            Question(""),
            "query",
            "the question is empty. Write a few words or a situation.",
        ),
        (
            Question(" \n\t\u2003"),
            "query",
            "the question is empty. Write a few words or a situation.",
        ),
        (
            Question("x" * 10_001),
            "query",
            "the question has 10001 characters; at most 10000 are read. "
            "Leave out what matters least.",
        ),
        (Question("?! …"), "query", "the question holds no word. Write a few words."),
        (
            Question("secret \ud800"),
            "query",
            "the question holds an unpaired surrogate. Send valid text.",
        ),
        (
            Question("secret\x00"),
            "query",
            "the question holds control characters. Send plain text.",
        ),
        (
            Question("secret\x7f"),
            "query",
            "the question holds control characters. Send plain text.",
        ),
        (
            Question("secret", mode=cast("Mode", "fuzzy")),
            "mode",
            "'fuzzy' is not a mode. Modes are: hybrid, semantic, keyword.",
        ),
        (Question("secret", limit=0), "limit", "limit 0 is out of range: 1 to 100."),
        (Question("secret", limit=101), "limit", "limit 101 is out of range: 1 to 100."),
        (Question("secret", offset=-1), "offset", "offset -1 is out of range: 0 to 999."),
        (Question("secret", offset=1000), "offset", "offset 1000 is out of range: 0 to 999."),
        (
            Question("secret", offset=995),
            "offset",
            "only the first 1000 hits can be paged through. Narrow with filters.",
        ),
        (
            Question("secret", like=("a",) * 21),
            "like",
            "like has 21 documents; at most 20 can be marked.",
        ),
        (
            Question("secret", unlike=("a",) * 21),
            "unlike",
            "unlike has 21 documents; at most 20 can be marked.",
        ),
        (
            Question("secret", mode="keyword", unlike=("a",)),
            "unlike",
            "unlike works by meaning. Choose the mode hybrid or semantic, or leave it out.",
        ),
        (
            Question("x", ignore=("secret",) * 51),
            "ignore",
            "ignore has 51 meanings; at most 50 can be ignored.",
        ),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_cannot_be_answered_is_refused_with_a_message(
    question: Question, field: str, message: str
) -> None:
    with pytest.raises(RequestError) as error:
        validate_query(question)
    assert (error.value.field, str(error.value)) == (field, message)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "question",
    [
        Question("x" * 10_000),
        Question("a\tb\r\nc\fd\ve"),
        Question("7"),
        Question("人"),
        Question("x", limit=1),
        Question("x", limit=100, offset=900),
        Question("x", offset=990),
        Question("x", mode="semantic", like=("a",) * 20, unlike=("b",) * 20),
        Question("x", mode="keyword", expand=False, ignore=("a",) * 50),
    ],
    ids=[
        *("longest", "white space", "digit", "one sign", "least", "last page", "last"),
        *("marked", "ignored"),
    ],
)
def test_what_can_be_asked_is_not_refused(question: Question) -> None:
    validate_query(question)


def test_a_question_that_is_printed_does_not_show_its_text() -> None:
    assert "secret" not in repr(Question("secret", ignore=("secret",)))


@pytest.mark.parametrize("value", [0, 5, 10])
def test_a_number_in_a_range_is_not_refused(value: int) -> None:
    require_range("limit", value, 0, 10)


@pytest.mark.parametrize("value", [-1, 11])
def test_a_number_out_of_range_is_refused_with_the_range(value: int) -> None:
    with pytest.raises(RequestError) as error:
        require_range("limit", value, 0, 10)
    assert error.value.field == "limit"
    assert str(error.value) == f"limit {value} is out of range: 0 to 10."
