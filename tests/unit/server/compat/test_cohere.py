"""Cohere's and Jina's rerank, at both addresses."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from embedder.encoders.encoder import Encoder

QUERY = "A nurse meets a victim."
DOCUMENTS = ["The olive harvest begins.", "A health worker sees a victim.", "x"]
PATHS = ["/v1/rerank", "/v2/rerank", "/rerank"]


@pytest.mark.parametrize("path", PATHS)
def test_documents_are_ordered_by_their_cosine_with_the_query(
    client: FlaskClient, encoder: Encoder, path: str
) -> None:
    cosines = encoder.encode_documents(DOCUMENTS) @ encoder.encode_documents([QUERY])[0]
    answer = client.post(path, json={"query": QUERY, "documents": DOCUMENTS})
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert [each["index"] for each in results] == list((-cosines).argsort())
    assert results[0]["index"] == 1
    for each in results:
        assert each["relevance_score"] == pytest.approx(cosines[each["index"]], abs=1e-4)
        assert set(each) == {"index", "relevance_score"}


@pytest.mark.parametrize(("top_n", "count"), [(1, 1), (3, 3), (99, 3), (None, 3)])
def test_at_most_top_n_are_returned(client: FlaskClient, top_n: int | None, count: int) -> None:
    body = {"query": QUERY, "documents": DOCUMENTS, "top_n": top_n}
    assert len(client.post("/v2/rerank", json=body).get_json()["results"]) == count


def test_documents_are_returned_if_asked_for_and_may_be_objects(client: FlaskClient) -> None:
    body = {
        "query": QUERY,
        "documents": [DOCUMENTS[0], {"text": DOCUMENTS[1], "title": "ignored"}],
        "return_documents": True,
    }
    results = client.post("/v1/rerank", json=body).get_json()["results"]
    assert [each["document"] for each in results] == [
        {"text": DOCUMENTS[1]},
        {"text": DOCUMENTS[0]},
    ]


def test_equal_documents_stay_in_order(client: FlaskClient) -> None:
    body = {"query": QUERY, "documents": ["same"] * 5}
    results = client.post("/v2/rerank", json=body).get_json()["results"]
    assert [each["index"] for each in results] == [0, 1, 2, 3, 4]


def test_texts_that_were_cut_are_named(client: FlaskClient) -> None:
    long = "A judge and a nurse. " * 100
    answer = client.post("/v2/rerank", json={"query": long, "documents": ["x", long]})
    assert answer.headers["x-truncated"] == "-1,1"


@pytest.mark.parametrize("path", PATHS[:2])
@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"query": "x", "documents": []}, 400, "`documents` is empty. Send one text at least."),
        ({"query": "", "documents": ["x"]}, 400, "`query` is an empty text. Write something."),
        ({"documents": ["x"]}, 422, "query: Field required"),
        (
            {"query": "x", "documents": ["x"], "top_n": 0},
            422,
            "top_n: Input should be greater than or equal to 1",
        ),
    ],
)
def test_errors_are_in_coheres_form(
    client: FlaskClient, path: str, body: dict[str, object], status: int, message: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.get_json()) == (status, {"message": message})
