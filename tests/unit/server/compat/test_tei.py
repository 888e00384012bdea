"""Errors on the routes of Text Embeddings Inference: which text is at fault, and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.e2e.clients.conftest import LONG
from tests.support.app import CANARY

CUT = "must have less than 255 tokens. Shorten the text, or let it be cut: `truncate`."
UNCUT = {"truncate": False}


def sentences(source: str, *others: str) -> dict[str, Any]:
    return {"source_sentence": source, "sentences": list(others)}


EMPTY: dict[str, tuple[str, dict[str, Any], str]] = {
    "a text": ("/embed", {"inputs": ""}, "`inputs` is an empty text. Write something."),
    "no texts": ("/embed", {"inputs": []}, "`inputs` is empty. Send one text at least."),
    "one of several": (
        "/embed",
        {"inputs": ["x", "", "y"]},
        "`inputs` holds an empty text, at index 1. Leave it out.",
    ),
    "a source": (
        "/similarity",
        {"inputs": sentences("", "x")},
        "`source_sentence` is an empty text. Write something.",
    ),
    "a query": (
        "/rerank",
        {"query": "", "texts": ["x", "y"]},
        "`query` is an empty text. Write something.",
    ),
}


@pytest.mark.parametrize(("path", "body", "said"), EMPTY.values(), ids=list(EMPTY))
def test_what_is_empty_is_named(client: FlaskClient, path: str, body: object, said: str) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 400
    assert answer.get_json() == {"error": said, "error_type": "Empty"}


TOO_LONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "the source": ("/similarity", {"inputs": sentences(LONG, "x")}, "source_sentence"),
    "a sentence": ("/similarity", {"inputs": sentences("x", "y", LONG)}, "sentences"),
    "the query": ("/rerank", {"query": LONG, "texts": ["x"]}, "query"),
    "a text": ("/rerank", {"query": "x", "texts": [LONG]}, "texts"),
    "a text alone": ("/embed", {"inputs": LONG}, "inputs"),
}


@pytest.mark.parametrize(("path", "body", "field"), TOO_LONG.values(), ids=list(TOO_LONG))
def test_the_text_that_is_too_long_is_named(
    client: FlaskClient, path: str, body: dict[str, Any], field: str
) -> None:
    uncut = {"parameters": UNCUT} if path == "/similarity" else UNCUT
    answer = client.post(path, json={**body, **uncut})
    assert answer.status_code == 422
    assert answer.get_json() == {"error": f"`{field}` {CUT}", "error_type": "Validation"}


@pytest.mark.parametrize("inputs", [None, 5, {"a": CANARY}], ids=repr)
def test_what_is_not_text_is_refused(client: FlaskClient, inputs: object) -> None:
    answer = client.post("/embed", json={"inputs": inputs})
    said = "inputs: Input should be a text or a list of texts"
    assert answer.status_code == 422
    assert answer.get_json() == {"error": said, "error_type": "Validation"}


def test_a_body_for_two_routes_is_refused_at_the_root(client: FlaskClient) -> None:
    answer = client.post("/", json={"query": CANARY, "texts": ["x"]})
    assert answer.status_code == 422
    assert answer.get_json() == {
        "error": "`query` and `texts` may be meant for two routes. "
        "Send them to /rerank or /similarity.",
        "error_type": "Validation",
    }
