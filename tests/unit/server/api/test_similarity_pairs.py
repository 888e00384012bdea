"""POST /api/similarity with documents of the library, and with all pairs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embedder.encoders.encoder import Encoder
from embedder.encoders.similarity import compare
from embedder.library import Library
from server.api.schemas import SimilarityOut
from tests.support.app import CANARY, error_of

pytestmark = pytest.mark.slow

TEXTS = ["A health worker sees a victim of trafficking.", "The olive harvest begins.", "Judges"]


def send(client: FlaskClient, **body: object) -> TestResponse:
    return client.post("/api/similarity", json=body)


# Documents.


def test_a_document_stands_for_its_title_and_abstract(
    client: FlaskClient, seed_library: Library, documents: list[dict[str, Any]]
) -> None:
    read = seed_library.passage_texts([each["id"] for each in documents])
    short = next(at for at, texts in enumerate(read) if len(texts) == 1)
    long = max(range(len(read)), key=lambda at: len(read[at]))
    texts = [{"id": documents[short]["id"]}, read[short][0], {"id": documents[long]["id"]}]
    answer = send(client, source={"id": documents[short]["id"]}, texts=texts).get_json()
    same, also, other = answer["similarities"]
    assert same == pytest.approx(1.0, abs=1e-6)
    assert also == pytest.approx(1.0, abs=1e-5)
    assert other < 0.99
    assert answer["truncated"] == []


def test_a_long_document_is_read_whole_and_not_truncated(
    client: FlaskClient,
    seed_library: Library,
    encoder: Encoder,
    documents: list[dict[str, Any]],
) -> None:
    read = seed_library.passage_texts([each["id"] for each in documents])
    long = max(range(len(read)), key=lambda at: len(read[at]))
    whole = f"{documents[long]['title']}\n{documents[long]['abstract']}"
    answer = send(client, source=TEXTS[0], texts=[{"id": documents[long]["id"]}, whole]).get_json()
    assert answer["truncated"] == [1]
    wanted = compare(encoder, TEXTS[0], [read[long]]).similarities
    assert answer["similarities"][:1] == pytest.approx(wanted, abs=1e-6)


def test_the_whole_library_can_be_compared(
    client: FlaskClient, documents: list[dict[str, Any]]
) -> None:
    refs = [{"id": each["id"]} for each in documents]
    answer = send(client, texts=refs, pairwise=True).get_json()
    assert set(answer) == {"model", "truncated", "matrix"}
    assert [len(row) for row in answer["matrix"]] == [41] * 41


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "x", "texts": ["y", {"id": "no-such-id"}]}, "texts"),
        ({"source": {"id": "no-such-id"}, "texts": ["y"]}, "source"),
        ({"texts": [{"id": "no-such-id"}], "pairwise": True}, "texts"),
    ],
)
def test_an_unknown_document_is_named(
    client: FlaskClient, body: dict[str, Any], field: str
) -> None:
    error = error_of(client.post("/api/similarity", json=body), 422)
    assert (error["type"], error["field"]) == ("unknown_value", field)
    assert error["message"].startswith("no document has the id 'no-such-id'.")


def test_a_document_without_text_is_refused(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of({"id": "a", "title": "Something"}, {"id": "b", "title": "", "year": 2001})
    assert send(client, source="x", texts=[{"id": "a"}]).status_code == 200
    error = error_of(send(client, source={"id": "b"}, texts=["x"]), 422)
    assert error == {
        "type": "invalid",
        "message": "the document 'b' has no text.",
        "field": "source",
    }


def test_without_a_library_there_are_no_documents(empty_client: FlaskClient) -> None:
    error = error_of(send(empty_client, source="x", texts=[{"id": "a"}]), 503)
    assert error["type"] == "library_missing"
    answer = send(empty_client, texts=["x", "y"], pairwise=True)
    assert answer.status_code == 200


# Pairs.


def test_pairs_are_a_symmetric_matrix(client: FlaskClient, encoder: Encoder) -> None:
    answer = send(client, texts=[*TEXTS, TEXTS[0]], pairwise=True).get_json()
    matrix = answer["matrix"]
    for row in range(4):
        assert matrix[row][row] == 1
        wanted = compare(encoder, [*TEXTS, TEXTS[0]][row], [*TEXTS, TEXTS[0]]).similarities
        assert matrix[row] == pytest.approx(wanted, abs=1e-5)
        assert matrix[row] == [each[row] for each in matrix]
    assert matrix[0][3] == pytest.approx(1.0, abs=1e-6)
    SimilarityOut.model_validate(answer)


def test_a_source_gives_its_cosines_beside_the_pairs(client: FlaskClient) -> None:
    long = "word " * 300
    both = send(client, source=TEXTS[2], texts=[*TEXTS, long], pairwise=True).get_json()
    assert list(both) == ["model", "similarities", "truncated", "matrix"]
    assert both["similarities"] == pytest.approx(both["matrix"][2], abs=1e-5)
    assert both["truncated"] == [3]
    alone = send(client, texts=[*TEXTS, long], pairwise=True).get_json()
    assert alone["truncated"] == [3]
    assert send(client, source=long, texts=["x"], pairwise=True).get_json()["truncated"] == [-1]


def test_without_pairs_an_answer_is_as_it_was(client: FlaskClient) -> None:
    for more in ({}, {"pairwise": False}):
        answer = send(client, source="x", texts=["y"], **more).get_json()
        assert list(answer) == ["model", "similarities", "truncated"]


def test_a_thousand_pairs_of_texts_are_compared(client: FlaskClient) -> None:
    answer = send(client, texts=[f"word {number}" for number in range(1000)], pairwise=True)
    matrix = answer.get_json()["matrix"]
    assert (len(matrix), len(matrix[-1])) == (1000, 1000)
    assert all(matrix[at][at] == 1 for at in range(1000))


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no source": ({"texts": ["x"], "pairwise": False}, "source", "source: Field required"),
    "null": (
        {"source": None, "texts": ["x"], "pairwise": True},
        "source",
        "source: Input should be a valid string",
    ),
    "words for pairwise": (
        {"texts": ["x"], "pairwise": "yes"},
        "pairwise",
        "pairwise: Input should be a valid boolean",
    ),
    "an empty id": (
        {"source": "x", "texts": [{"id": ""}]},
        "texts.0.id",
        "texts.0.id: The text is empty. Write something.",
    ),
    "no id": ({"source": {}, "texts": ["x"]}, "source.id", "source.id: Field required"),
    "an unknown key": (
        {"source": "x", "texts": [{"id": "a", "text": CANARY}]},
        "texts.0.text",
        "texts.0.text: unknown key",
    ),
    "a list": (
        {"source": "x", "texts": [[CANARY]]},
        "texts.0",
        "texts.0: Input should be a valid string",
    ),
    "too many": (
        {"texts": ["x"] * 1001, "pairwise": True},
        "texts",
        "1001 texts; at most 1000 go in one call.",
    ),
}


@pytest.mark.parametrize(("body", "field", "message"), BAD.values(), ids=BAD)
def test_a_bad_body_is_answered_with_what_is_wrong(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    body: dict[str, Any],
    field: str,
    message: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    response = client.post("/api/similarity", json=body)
    assert error_of(response, 422) == {"type": "invalid", "message": message, "field": field}
    assert CANARY not in response.get_data(as_text=True)
    assert CANARY not in caplog.text
