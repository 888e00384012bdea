"""Errors to answers: which status, which words, and nothing of what was sent."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from flask.testing import FlaskClient

from embedder.errors import (
    DocumentNotFound,
    EncoderError,
    FingerpostError,
    LibraryMissing,
    RequestError,
)
from server.http.admission import TooMany
from server.http.auth import Unauthorized
from server.http.errors import _plain, status_of
from tests.support.app import CANARY, error_of, page_of

BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unauthorized(), HTTPStatus.UNAUTHORIZED),
        (TooMany("Wait {wait} s.", 2.1), HTTPStatus.TOO_MANY_REQUESTS),
        (DocumentNotFound("x"), HTTPStatus.NOT_FOUND),
        (RequestError("query", "It is empty."), HTTPStatus.UNPROCESSABLE_ENTITY),
        (EncoderError("It cannot be loaded."), HTTPStatus.SERVICE_UNAVAILABLE),
        (FingerpostError("Something."), HTTPStatus.SERVICE_UNAVAILABLE),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status(error: FingerpostError, status: HTTPStatus) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ("Extra inputs are not permitted", "unknown key"),
        (
            "List should have at most 50 items after validation, not 51",
            "51 are too many. Send 50 at most.",
        ),
        (
            "List should have at least 1 item after validation, not 0",
            "The list is empty. Send one at least.",
        ),
        ("String should have at least 1 character", "The text is empty. Write something."),
        (
            "String should have at most 300 characters",
            "The text is too long. Send 300 characters at most.",
        ),
        (
            "Input should be a valid string, unable to parse raw data as a unicode string",
            "The text holds an unpaired surrogate.",
        ),
        (
            "Input should be a valid integer, unable to parse string as an integer",
            "Input should be a valid integer",
        ),
        ("Input should be a valid dictionary or instance of X", "Input should be a JSON object"),
        ("Field required", "Field required"),
    ],
)
def test_validation_errors_are_in_plain_words(message: str, plain: str) -> None:
    assert _plain(message) == plain


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{", "The body is not JSON that can be read."),
        ("[" * 100_000, "The body is not JSON that can be read."),
        ("[]", "The body must be a JSON object."),
    ],
)
def test_a_body_that_cannot_be_read_is_the_callers_error(
    client: FlaskClient, body: str, message: str
) -> None:
    answer = client.post("/api/search", data=body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert error_of(answer, answer.status_code)["message"] == message


def test_an_unknown_key_is_named_only_if_it_is_a_name(client: FlaskClient) -> None:
    named = error_of(client.post("/api/search", json={"query": "x", "qeury": "y"}), 422)
    assert named == {"type": "invalid", "message": "qeury: unknown key", "field": "qeury"}
    text = f"{CANARY} has a question"
    unnamed = error_of(client.post("/api/search", json={"query": "x", text: "y"}), 422)
    assert unnamed == {"type": "invalid", "message": "body: unknown key", "field": "body"}


def test_a_body_too_large_gets_the_limit_in_its_error(client: FlaskClient) -> None:
    answer = client.post("/api/search", json={"query": "x" * 8_400_000})
    assert error_of(answer, 413)["message"] == (
        "What was sent is too large. At most 8388608 bytes are read."
    )


def test_a_405_names_the_methods_that_are_taken(client: FlaskClient) -> None:
    answer = client.delete("/api/documents")
    assert error_of(answer, 405)["message"] == (
        "This address does not take that method. It takes GET."
    )
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_missing_document_is_a_page_for_people_and_json_for_programs(
    client: FlaskClient,
) -> None:
    page = page_of(client.get(f"/documents/{CANARY}"), 404)
    assert "This library has no such document." in page.text
    assert CANARY not in page.one("main").text
    error = error_of(client.get("/api/documents/x", headers=BROWSER), 404)
    assert error["message"].startswith("no document has the id")


def test_a_browser_that_goes_astray_gets_a_page_in_its_language(client: FlaskClient) -> None:
    page = page_of(client.get("/fr/nothing", headers=BROWSER), 404)
    assert page.one("html").attributes["lang"] == "fr"
    assert "There is nothing at this address." not in page.text
    english = page_of(client.get("/nothing", headers=BROWSER), 404)
    assert "There is nothing at this address." in english.text


def test_without_a_library_it_is_unavailable(empty_client: FlaskClient) -> None:
    error = error_of(empty_client.get("/api/documents"), 503)
    assert error["type"] == LibraryMissing.kind
    page_of(empty_client.get("/"), 503)
