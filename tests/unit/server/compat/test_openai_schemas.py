"""OpenAI's bodies: what `input` may be, what else is taken, and what errors say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from server.compat.openai_schemas import (
    EmbeddingOut,
    EmbeddingsIn,
    EmbeddingsOut,
    ModelOut,
    ModelsOut,
    UsageOut,
)
from tests.support.app import CANARY


def read(**body: object) -> EmbeddingsIn:
    return EmbeddingsIn.model_validate(body)


def problems(**body: object) -> list[tuple[str, str]]:
    """Check that a body is refused, and return where and with what messages."""
    with pytest.raises(ValidationError) as caught:
        read(**body)
    assert CANARY not in str(caught.value)
    return [(".".join(map(str, each["loc"])), each["msg"]) for each in caught.value.errors()]


INPUTS: dict[str, tuple[object, object]] = {
    "a text": ("a", ["a"]),
    "texts": (["a", "b"], ["a", "b"]),
    "tokens": ([1, 2], [[1, 2]]),
    "tokens with a point": ([1.0, 2], [[1, 2]]),
    "token lists": ([[1], [2, 3]], [[1], [2, 3]]),
    "the least and the greatest token": ([0, 2**32 - 1], [[0, 2**32 - 1]]),
    # Empty ones are refused later, with an error of their own.
    "an empty text": ("", [""]),
    "no texts": ([], []),
    "no tokens": ([[]], [[]]),
}


@pytest.mark.parametrize(("value", "found"), INPUTS.values(), ids=list(INPUTS))
def test_input_is_a_text_texts_or_tokens(value: object, found: object) -> None:
    assert read(input=value).input == found


NO_TEXTS = "Input should be a text, a list of texts, or tokens"
NO_TEXT = "Input should be a valid string"
NOT_WHOLE = "Input should be a valid integer"
NO_LIST = "Input should be a valid list"
BAD_INPUTS: dict[str, tuple[object, str, str]] = {
    "null": (None, "input", NO_TEXTS),
    "a number": (5, "input", NO_TEXTS),
    "an object": ({"text": CANARY}, "input", NO_TEXTS),
    "a truth value": (True, "input", NO_TEXTS),
    # The first item decides what all are taken for.
    "a token after a text": ([CANARY, 1], "input.1", NO_TEXT),
    "a text after a token": ([1, CANARY], "input.1", NOT_WHOLE),
    "a text after a token list": ([[1], CANARY], "input.1", NO_LIST),
    "a token after a token list": ([[1], 2], "input.1", NO_LIST),
    "a token list after a text": ([CANARY, [1]], "input.1", NO_TEXT),
    "texts in a token list": ([[CANARY]], "input.0.0", NOT_WHOLE),
    "an object among texts": ([{"text": CANARY}], "input.0", NO_TEXT),
    "null among texts": ([None], "input.0", NO_TEXT),
    "half a token": ([1, 1.5], "input.1", NOT_WHOLE),
    "a truth value for a token": ([True], "input.0", NOT_WHOLE),
    "a negative token": ([-1], "input.0", "Input should be greater than or equal to 0"),
    "a token too great": ([[2**32]], "input.0.0", "Input should be less than 4294967296"),
    "infinity for a token": ([float("inf")], "input.0", NOT_WHOLE),
}


@pytest.mark.parametrize(("value", "where", "message"), BAD_INPUTS.values(), ids=list(BAD_INPUTS))
def test_an_input_of_another_shape_is_refused_where_it_differs(
    value: object, where: str, message: str
) -> None:
    # One error, of the shape that the input has most of, not one for each shape.
    assert problems(input=value) == [(where, message)]


def test_an_input_is_needed() -> None:
    assert problems(model=CANARY) == [("input", "Field required")]


def test_the_defaults() -> None:
    assert read(input="a").model_dump() == {
        "input": ["a"],
        "model": None,
        "encoding_format": "float",
        "dimensions": None,
        "user": None,
    }


def test_every_field_is_read_and_unknown_ones_are_ignored() -> None:
    body: dict[str, Any] = {
        "input": ["a"],
        "model": "text-embedding-3-small",
        "encoding_format": "base64",
        "dimensions": 8,
        "user": "u",
    }
    assert set(body) == set(EmbeddingsIn.model_fields)
    assert read(**body, newer=True).model_dump() == body


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("encoding_format", "hex", "Input should be 'float' or 'base64'"),
        ("encoding_format", None, "Input should be 'float' or 'base64'"),
        ("dimensions", 0, "Input should be greater than or equal to 1"),
        ("dimensions", 1.5, "Input should be a valid integer"),
        ("dimensions", "8", "Input should be a valid integer"),
        ("model", 5, "Input should be a valid string"),
        ("user", [CANARY], "Input should be a valid string"),
    ],
)
def test_a_value_of_another_type_is_refused(field: str, value: object, message: str) -> None:
    assert problems(**{"input": "a", field: value}) == [(field, message)]


def test_dimensions_may_be_written_with_a_point() -> None:
    dimensions = read(input="a", dimensions=8.0).dimensions
    assert (dimensions, type(dimensions)) == (8, int)


def test_a_body_does_not_print_its_text() -> None:
    assert CANARY not in repr(read(input=[CANARY]))


def test_the_description_has_every_shape_of_an_input() -> None:
    shapes = EmbeddingsIn.model_json_schema()["properties"]["input"]["anyOf"]
    text, texts, tokens, token_lists = shapes
    assert text == {"type": "string", "minLength": 1}
    assert (texts["items"], texts["minItems"]) == (text, 1)
    assert tokens["items"]["type"] == "integer"
    assert token_lists["items"] == tokens


def test_answers_have_openais_names() -> None:
    answer = EmbeddingsOut(
        data=[EmbeddingOut(index=0, embedding=[0.5]), EmbeddingOut(index=1, embedding="AAAAPw==")],
        model="m",
        usage=UsageOut(prompt_tokens=3, total_tokens=3),
    )
    assert answer.model_dump() == {
        "object": "list",
        "data": [
            {"object": "embedding", "index": 0, "embedding": [0.5]},
            {"object": "embedding", "index": 1, "embedding": "AAAAPw=="},
        ],
        "model": "m",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    }
    models = ModelsOut(data=[ModelOut(id="m", created=0, owned_by="o")])
    assert models.model_dump() == {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 0, "owned_by": "o"}],
    }
