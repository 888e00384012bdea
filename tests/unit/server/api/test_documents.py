"""The library over HTTP: its list, one document, and its neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from embedder.library import Library
from tests.support.app import error_of

Documents = list[dict[str, Any]]

NURSES = "caring-for-trafficked-persons-guidance-for-3b2e2f37"
KEYS = {
    "id": str,
    "title": str,
    "abstract": str,
    "countries": list,
    "country_codes": list,
    "regions": list,
    "authors": list,
    "year": int,
    "topics": list,
    "category": type(None),
    "sources": list,
}


# The list.


def test_the_list_is_the_library(documents: Documents, seed_library: Library) -> None:
    assert documents == [each.as_dict() for each in seed_library.documents()]


def test_a_document_has_the_documented_keys_and_types(documents: Documents) -> None:
    for document in documents:
        assert {name: type(document[name]) for name in KEYS} == KEYS
        assert document["title"]
        assert document["abstract"]


def test_the_default_limit_is_twenty_documents(client: FlaskClient, documents: Documents) -> None:
    assert client.get("/api/documents").get_json() == {"total": 41, "documents": documents[:20]}


@pytest.mark.parametrize("length", [1, 16, 41])
def test_pages_together_are_the_whole_list(
    client: FlaskClient, documents: Documents, length: int
) -> None:
    listed: Documents = []
    for offset in range(0, 41, length):
        page = client.get(f"/api/documents?limit={length}&offset={offset}").get_json()
        assert page["total"] == 41
        listed += page["documents"]
    assert listed == documents


def test_a_page_past_the_end_is_empty(client: FlaskClient) -> None:
    assert client.get("/api/documents?offset=41").get_json() == {"total": 41, "documents": []}


NAMES = (
    "Name one or more of these, separated by commas: id, title, abstract, countries, "
    "country_codes, "
    "regions, authors, year, topics, category, sources"
)
BAD_PAGES = {
    "limit=0": "limit: Input should be greater than or equal to 1",
    "limit=-1": "limit: Input should be greater than or equal to 1",
    "limit=1001": "limit: Input should be less than or equal to 1000",
    "limit=ten": "limit: Input should be a valid integer",
    "limit=": "limit: Input should be a valid integer",
    "offset=-1": "offset: Input should be greater than or equal to 0",
    "offset=99999999999999999999": "offset: Input should be less than or equal to 2147483648",
    "page=2": "page: unknown key",
    "fields=": f"fields: {NAMES}",
    "fields=title,colour": f"fields: {NAMES}",
}


@pytest.mark.parametrize(("query", "message"), BAD_PAGES.items(), ids=BAD_PAGES)
def test_a_bad_page_is_answered_with_what_is_wrong(
    client: FlaskClient, query: str, message: str
) -> None:
    error = error_of(client.get(f"/api/documents?{query}"), 422)
    assert error == {"type": "invalid", "message": message, "field": query.partition("=")[0]}


# One document.


def test_each_document_is_found_by_its_id(client: FlaskClient, documents: Documents) -> None:
    for document in documents:
        response = client.get(f"/api/documents/{document['id']}")
        assert (response.status_code, response.get_json()) == (200, document)


@pytest.mark.parametrize("path", ["no-such", "no-such/similar", "%FF", "%00", "a/b/c"])
def test_an_unknown_document_is_not_found(client: FlaskClient, path: str) -> None:
    error = error_of(client.get(f"/api/documents/{path}"), 404)
    assert error["type"] == "not_found"
    assert error["message"].startswith("no document has the id ")
    assert error["message"].endswith("'fingerpost documents' and GET /api/documents list them all.")


ODD_IDS = [
    "http://example.org//a?b=c#d",
    "naïve 日本 id",
    "100%",
    "a/b",
    "-",
    "<b>&\"'",
    "x" * 200,
]


@pytest.fixture(scope="module")
def odd(client_of: Callable[..., FlaskClient]) -> FlaskClient:
    return client_of(
        *({"id": each, "title": f"Number {at}"} for at, each in enumerate(ODD_IDS)),
        {"id": "a", "title": "Plain"},
        {"id": "empty", "title": ""},
    )


@pytest.mark.parametrize("key", ODD_IDS)
def test_a_document_with_an_odd_id_is_found(odd: FlaskClient, key: str) -> None:
    for address in (quote(key), quote(key, safe="")):
        assert odd.get(f"/api/documents/{address}").get_json()["id"] == key
        assert len(odd.get(f"/api/documents/{address}/similar").get_json()["hits"]) > 3
        assert odd.get(f"/documents/{address}").status_code == 200


# Neighbours.


def test_neighbours_have_the_shape_of_hits(client: FlaskClient, documents: Documents) -> None:
    by_id = {each["id"]: each for each in documents}
    hits = client.get(f"/api/documents/{NURSES}/similar").get_json()["hits"]
    assert [hit["rank"] for hit in hits] == list(range(1, 11))
    for hit in hits:
        assert {"rank", "score", "similarity", "document", "evidence", "legs"} <= set(hit)
        # There is no question that it could answer.
        assert hit["fit"] is None
        assert hit["document"] == by_id[hit["document"]["id"]]
        for each in hit["evidence"]:
            assert each["text"] == hit["document"][each["field"]][each["start"] : each["end"]]
    similarities = [hit["similarity"] for hit in hits]
    assert similarities == sorted(similarities, reverse=True)


def test_a_document_is_not_its_own_neighbour(client: FlaskClient, documents: Documents) -> None:
    everyone = {each["id"] for each in documents}
    for document in documents[::8]:
        hits = client.get(f"/api/documents/{document['id']}/similar?limit=100").get_json()["hits"]
        assert {hit["document"]["id"] for hit in hits} == everyone - {document["id"]}
        assert len(hits) == 40


def test_the_nearest_to_a_health_guide_is_about_health(client: FlaskClient) -> None:
    hits = client.get(f"/api/documents/{NURSES}/similar?limit=1").get_json()["hits"]
    assert [hit["document"]["title"] for hit in hits] == [
        "Health and Human Trafficking in the Greater Mekong Subregion"
    ]


def test_a_document_without_text_has_no_neighbours_and_is_nobodys(odd: FlaskClient) -> None:
    assert odd.get("/api/documents/empty/similar").get_json() == {"hits": []}
    hits = odd.get("/api/documents/a%2Fb/similar?limit=100").get_json()["hits"]
    assert "empty" not in {hit["document"]["id"] for hit in hits}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=1"])
def test_a_bad_number_of_neighbours_is_refused(client: FlaskClient, query: str) -> None:
    error = error_of(client.get(f"/api/documents/{NURSES}/similar?{query}"), 422)
    assert error["field"] == query.partition("=")[0]


# Without a library, and beside the addresses.


@pytest.mark.parametrize("path", ["", "/x", "/x/similar"])
def test_there_are_no_documents_without_a_library(empty_client: FlaskClient, path: str) -> None:
    error = error_of(empty_client.get(f"/api/documents{path}"), 503)
    assert error["type"] == "library_missing"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/documents/", "/nothing"])
def test_an_unknown_address_is_not_found(client: FlaskClient, path: str) -> None:
    assert error_of(client.get(path), 404) == {
        "type": "not_found",
        "message": "There is nothing at this address.",
    }


@pytest.mark.parametrize("path", ["/api/documents", f"/api/documents/{NURSES}", "/health"])
@pytest.mark.parametrize("method", ["put", "delete"])
def test_the_library_cannot_be_written_to(client: FlaskClient, path: str, method: str) -> None:
    response = getattr(client, method)(path)
    assert error_of(response, 405) == {
        "type": "method_not_allowed",
        "message": "This address does not take that method. It takes GET.",
    }
    assert "GET" in response.headers["Allow"]
