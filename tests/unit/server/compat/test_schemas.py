"""What the bodies of other servers' routes have in common."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from server.compat.schemas import Dimensions, In, Out, Text, Texts, Whole
from tests.support.app import CANARY


class Body(In):
    """A body with a field of each kind."""

    text: Text = ""
    texts: Texts = Field(default_factory=list)
    number: Annotated[int, Whole] = 0
    dimensions: Dimensions | None = None


class Answer(Out):
    """An answer with one field."""

    number: int


def messages(value: object) -> list[tuple[str, str]]:
    """Check that a body is refused, and return where and with what messages."""
    with pytest.raises(ValidationError) as caught:
        Body.model_validate(value)
    return [(".".join(map(str, each["loc"])), each["msg"]) for each in caught.value.errors()]


def test_unknown_keys_of_a_body_are_ignored() -> None:
    read = Body.model_validate({"text": "x", "newer": {"a": 5}})
    assert read.model_dump() == {"text": "x", "texts": [], "number": 0, "dimensions": None}


def test_an_answer_has_no_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Answer.model_validate({"number": 5, "more": 5})


@pytest.mark.parametrize(("value", "whole"), [(10, 10), (10.0, 10), (-0.0, 0), (1e15, 10**15)])
def test_a_whole_number_may_be_written_with_a_point(value: float, whole: int) -> None:
    read = Body.model_validate({"number": value}).number
    assert (read, type(read)) == (whole, int)


@pytest.mark.parametrize("value", [10.5, "10", True, None, float("inf"), float("nan")], ids=repr)
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    assert messages({"number": value}) == [("number", "Input should be a valid integer")]


@pytest.mark.parametrize("value", [1, 8.0, 100_000, None])
def test_dimensions_are_one_at_least(value: float | None) -> None:
    assert Body.model_validate({"dimensions": value}).dimensions == value
    for less in (0, -1, -1.0):
        (problem,) = messages({"dimensions": less})
        assert problem == ("dimensions", "Input should be greater than or equal to 1")


def test_nothing_is_converted_to_text() -> None:
    assert messages({"text": 5}) == [("text", "Input should be a valid string")]
    assert messages({"texts": "x"}) == [("texts", "Input should be a valid list")]
    assert messages({"texts": ["x", None]}) == [("texts.1", "Input should be a valid string")]


def test_what_is_empty_is_described_but_not_refused_here() -> None:
    # Other servers have an error of its own for it, which `inputs` raises.
    assert Body.model_validate({"text": "", "texts": [""]}).texts == [""]
    properties = Body.model_json_schema()["properties"]
    assert properties["text"]["minLength"] == 1
    assert properties["texts"]["minItems"] == 1
    assert properties["texts"]["items"]["minLength"] == 1


def test_an_error_does_not_quote_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"text": [CANARY], "number": CANARY})
    assert CANARY not in str(caught.value)
