"""How many texts go in one call, how long they are, and what is not text."""

from __future__ import annotations

import pytest

from embedder.errors import RequestError
from server.http.text_limits import check_count, check_texts
from tests.support.app import CANARY, ClientWith, error_of


def test_a_count_up_to_the_limit_is_let_through() -> None:
    check_count("texts", 0, 2)
    check_count("texts", 2, 2)
    with pytest.raises(RequestError, match=r"^3 texts; at most 2 go in one call\.$") as caught:
        check_count("texts", 3, 2)
    assert caught.value.field == "texts"


def test_a_text_up_to_the_limit_is_let_through() -> None:
    check_texts("inputs", [], 3)
    check_texts("inputs", ["", "abc", "🙂🙂🙂"], 3)
    with pytest.raises(RequestError) as caught:
        check_texts("inputs", ["abc", f"{CANARY}"], 3)
    assert caught.value.field == "inputs"
    assert caught.value.message == "a text of 14 characters; at most 3 are read."


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_an_unpaired_surrogate_is_refused(code: int) -> None:
    with pytest.raises(RequestError, match=r"^a text holds an unpaired surrogate\.$"):
        check_texts("inputs", ["a", f"a{chr(code)}b"], 10)


@pytest.mark.parametrize("code", [0xD7FF, 0xE000, 0x10000])
def test_the_neighbours_of_surrogates_are_text(code: int) -> None:
    check_texts("inputs", [f"a{chr(code)}b"], 10)


def test_every_size_has_its_limit(client_with: ClientWith) -> None:
    client = client_with(
        max_questions=2, max_texts=2, max_inputs=1, max_text_chars=10, max_body_bytes=2000
    )
    three = {"questions": [{"query": "a nurse"}] * 3}
    error = error_of(client.post("/api/search/batch", json=three), 422)
    assert error == {
        "type": "invalid",
        "message": "3 questions; at most 2 go in one call.",
        "field": "questions",
    }
    many = client.post("/api/similarity", json={"source": "a", "texts": ["b"] * 3})
    assert error_of(many, 422)["field"] == "texts"
    long = client.post("/api/similarity", json={"source": "a" * 11, "texts": ["b"]})
    assert error_of(long, 422)["field"] == "source"
    inputs = client.post("/v1/embeddings", json={"input": ["a", "b"], "model": "any"})
    assert (inputs.status_code, inputs.get_json()["error"]["param"]) == (400, "input")
    texts = client.post("/embed", json={"inputs": ["a"] * 3})
    assert (texts.status_code, texts.get_json()["error_type"]) == (422, "Validation")
    large = client.post("/api/search", json={"query": "a " * 2000})
    assert error_of(large, 413)["type"] == "request_entity_too_large"
