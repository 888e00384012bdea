"""OpenAI's routes, without its client: bodies, answers and errors."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from embedder.encoders.encoder import Encoder
from tests.support.app import CANARY

TEXTS = ["A nurse meets a victim.", "The olive harvest begins."]


def vectors_of(client: FlaskClient, **body: object) -> np.ndarray[Any, Any]:
    answer = client.post("/v1/embeddings", json={"model": "any", **body})
    assert answer.status_code == 200, answer.text
    return np.array([each["embedding"] for each in answer.get_json()["data"]])


def test_vectors_are_the_models_in_the_order_of_the_texts(
    client: FlaskClient, encoder: Encoder
) -> None:
    rows = vectors_of(client, input=TEXTS)
    np.testing.assert_allclose(rows, encoder.encode_documents(TEXTS), atol=1e-5)
    np.testing.assert_allclose(vectors_of(client, input=TEXTS[::-1]), rows[::-1], atol=1e-5)


def test_the_answer_names_the_model_that_answered_and_counts_tokens(
    client: FlaskClient, encoder: Encoder
) -> None:
    answer = client.post("/v1/embeddings", json={"input": TEXTS, "model": "text-embedding-3"})
    body = answer.get_json()
    assert (body["object"], body["model"]) == ("list", encoder.name)
    assert [each["index"] for each in body["data"]] == [0, 1]
    tokens = sum(encoder.count_tokens(TEXTS))
    assert body["usage"] == {"prompt_tokens": tokens, "total_tokens": tokens}
    assert "x-truncated" not in answer.headers


def test_base64_is_of_little_endian_float32(client: FlaskClient) -> None:
    body = {"input": TEXTS, "encoding_format": "base64"}
    data = client.post("/v1/embeddings", json=body).get_json()["data"]
    rows = [np.frombuffer(base64.b64decode(each["embedding"]), "<f4") for each in data]
    np.testing.assert_allclose(rows, vectors_of(client, input=TEXTS), atol=1e-6)


def test_shortened_vectors_have_length_one(client: FlaskClient) -> None:
    rows = vectors_of(client, input=TEXTS, dimensions=8)
    assert rows.shape == (2, 8)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_texts_that_were_cut_are_named(client: FlaskClient) -> None:
    texts = ["x", "A judge and a nurse. " * 100, "y", "A judge and a nurse. " * 200]
    answer = client.post("/v1/embeddings", json={"input": texts})
    assert answer.headers["x-truncated"] == "1,3"


@pytest.mark.parametrize(
    ("body", "param", "code", "message"),
    [
        ({"input": []}, "input", "empty", "`input` is empty. Send one text at least."),
        ({"input": [[]]}, "input", "empty", "`input` is an empty text. Write something."),
        (
            {"input": [101, 102]},
            "input",
            "unknown_value",
            "`input` holds a text of special tokens alone.",
        ),
        ({"model": CANARY}, "input", "invalid", "input: Field required"),
    ],
)
def test_errors_are_in_openais_form(
    client: FlaskClient, body: dict[str, object], param: str, code: str, message: str
) -> None:
    answer = client.post("/v1/embeddings", json=body)
    assert answer.status_code == 400
    assert answer.get_json() == {
        "error": {
            "message": message,
            "type": "invalid_request_error",
            "param": param,
            "code": code,
        }
    }


def test_tokens_of_another_vocabulary_are_refused_with_what_to_do(
    client: FlaskClient, encoder: Encoder
) -> None:
    error = client.post("/v1/embeddings", json={"input": [100_000]}).get_json()["error"]
    assert error["code"] == "unknown_value"
    assert encoder.name in error["message"]
    assert "check_embedding_ctx_length=False" in error["message"]


def test_there_is_one_model(client: FlaskClient, encoder: Encoder) -> None:
    model = {"id": encoder.name, "object": "model", "created": 0, "owned_by": "fingerpost"}
    assert client.get("/v1/models").get_json() == {"object": "list", "data": [model]}
    assert client.get(f"/v1/models/{encoder.name}").get_json() == model
    missing = client.get(f"/v1/models/{CANARY}")
    assert missing.status_code == 404
    assert missing.get_json()["error"]["code"] == "model_not_found"
    assert CANARY not in missing.text
