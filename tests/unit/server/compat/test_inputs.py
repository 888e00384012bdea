"""Checks of texts on other servers' routes: what is empty, too long, or cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from apiflask import APIFlask

from embedder.encoders.encoder import Encoder
from embedder.errors import RequestError
from server.compat.inputs import (
    Empty,
    check_dimensions,
    refuse_truncation,
    require_nonempty,
    require_texts,
    truncation_headers,
)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "`inputs` is empty. Send one text at least."),
        ([""], "`inputs` is an empty text. Write something."),
        ([[]], "`inputs` is an empty text. Write something."),
        (["a", "", ""], "`inputs` holds an empty text, at index 1. Leave it out."),
        ([[1], []], "`inputs` holds an empty text, at index 1. Leave it out."),
    ],
)
def test_what_is_empty_is_named(texts: Sequence[str], message: str) -> None:
    with pytest.raises(Empty) as caught:
        require_nonempty("inputs", texts)
    assert (caught.value.field, caught.value.message) == ("inputs", message)


@pytest.mark.parametrize("texts", [["a"], [" "], ["a", "b"], [[0]], [[1, 2], [3]]])
def test_what_is_not_empty_passes(texts: Sequence[str]) -> None:
    require_nonempty("inputs", texts)


def test_texts_are_held_to_the_servers_limits(app: APIFlask) -> None:
    with app.app_context():
        require_texts("inputs", ["a" * 100_000])
        with pytest.raises(RequestError, match=r"^a text of 100001 characters; at most 100000 are"):
            require_texts("inputs", ["a", "a" * 100_001])
        with pytest.raises(Empty):
            require_texts("inputs", ["a", ""])


def test_dimensions_are_at_most_the_models(encoder: Encoder) -> None:
    for fine in (None, 1, encoder.dim):
        check_dimensions(encoder, fine)
    with pytest.raises(RequestError) as caught:
        check_dimensions(encoder, encoder.dim + 1)
    assert caught.value.field == "dimensions"
    assert caught.value.message == (
        f"`dimensions` is {encoder.dim + 1}; {encoder.name} has {encoder.dim}."
    )


@pytest.mark.parametrize(
    ("truncated", "headers"),
    [
        ([], {}),
        ([0], {"x-truncated": "0"}),
        ([-1, 2, 10], {"x-truncated": "-1,2,10"}),
    ],
)
def test_what_was_cut_is_named_in_a_header(truncated: list[int], headers: dict[str, str]) -> None:
    assert truncation_headers(truncated) == headers


def test_a_text_is_refused_only_if_the_model_would_cut_it(encoder: Encoder) -> None:
    whole = "x " * encoder.max_tokens
    refuse_truncation(encoder, "inputs", [])
    refuse_truncation(encoder, "inputs", ["a", whole])
    with pytest.raises(RequestError) as caught:
        refuse_truncation(encoder, "inputs", ["a", f"{whole} x"])
    assert caught.value.message == (
        f"`inputs` must have less than {encoder.max_tokens + 1} tokens. "
        "Shorten the text, or let it be cut: `truncate`."
    )
