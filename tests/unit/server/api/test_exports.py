"""Selected fields, several questions in a call, and documents in the forms of other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.app import CANARY, Ask, error_of

Documents = list[dict[str, Any]]
QUERY = "What should a nurse do who meets a trafficked person?"
TYPES = {
    "ris": "application/x-research-info-systems",
    "bibtex": "application/x-bibtex",
    "csl-json": "application/vnd.citationstyles.csl+json",
    "csv": "text/csv",
}


def _titles_of_csv(text: str) -> list[str]:
    return [each["title"] for each in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))]


def _titles_of_bibtex(text: str) -> list[str]:
    read = parse_string(text, append_middleware=[LatexDecodingMiddleware()])
    return [each["title"] for each in read.entries]


READ: dict[str, Callable[[str], list[str]]] = {
    "ris": lambda text: [each["title"] for each in rispy.loads(text)],
    "bibtex": _titles_of_bibtex,
    "csl-json": lambda text: [each["title"] for each in json.loads(text)],
    "csv": _titles_of_csv,
}


def check_file(response: TestResponse, form: str) -> list[str]:
    """Check that a response is a file in a form, and give the titles in it."""
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == TYPES[form]
    assert response.headers["Content-Disposition"].startswith('attachment; filename="fingerpost.')
    assert response.headers["Cache-Control"] == "no-store"
    assert "Accept" in response.headers["Vary"]
    return READ[form](response.get_data(as_text=True))


# Selected fields.


def test_an_answer_has_the_fields_that_were_asked_for(ask: Ask) -> None:
    whole = ask(QUERY, limit=3).get_json()
    some = ask(QUERY, limit=3, fields=["year", "title"]).get_json()
    for one, other in zip(whole["hits"], some["hits"], strict=True):
        names = ("id", "title", "year")
        assert other["document"] == {name: one["document"][name] for name in names}
        assert other["evidence"] == one["evidence"]


def test_the_library_is_listed_with_the_fields_that_were_asked_for(
    client: FlaskClient, documents: Documents
) -> None:
    listed = client.get("/api/documents?limit=1000&fields=authors").get_json()["documents"]
    assert listed == [{"id": each["id"], "authors": each["authors"]} for each in documents]


@pytest.mark.parametrize("fields", [[], ["nothing"], "title", ["title", 1]])
def test_an_unknown_field_is_refused(ask: Ask, fields: object) -> None:
    assert error_of(ask(QUERY, fields=fields), 422)["field"].startswith("fields")


@pytest.mark.parametrize("fields", ["", "nothing", "title,", "title;id"])
def test_an_unknown_field_in_an_address_is_refused(client: FlaskClient, fields: str) -> None:
    assert error_of(client.get(f"/api/documents?fields={fields}"), 422)["field"] == "fields"


# Several questions.


def test_a_batch_gives_what_each_question_gives_alone(client: FlaskClient, ask: Ask) -> None:
    questions: list[dict[str, Any]] = [
        {"query": QUERY, "limit": 3},
        {"query": "children", "mode": "keyword", "fields": ["id"]},
        {"query": "victims", "filters": {"topics": ["Trafficking"]}, "offset": 2},
    ]
    answered = client.post("/api/search/batch", json={"questions": questions})
    assert answered.status_code == 200
    answers = answered.get_json()["answers"]
    alone = [ask(**each).get_json() for each in questions]
    for each in (*answers, *alone):
        del each["took_ms"]
    assert answers == alone


def test_an_error_names_the_question_of_the_batch(client: FlaskClient) -> None:
    good = {"query": QUERY}
    for bad, field in (
        ({"query": "x", "filters": {"countries": ["Atlantis"]}}, "questions.1.filters.countries"),
        ({"query": "x", "offset": 999}, "questions.1.offset"),
        ({"query": "x", "limit": 0}, "questions.1.limit"),
        ({"query": ""}, "questions.1.query"),
    ):
        answer = client.post("/api/search/batch", json={"questions": [good, bad]})
        assert error_of(answer, 422)["field"] == field


@pytest.mark.parametrize("body", [{}, {"questions": []}, {"questions": "x"}, {"questions": [1]}])
def test_a_batch_needs_questions(client: FlaskClient, body: object) -> None:
    answer = client.post("/api/search/batch", json=body)
    assert error_of(answer, 422)["field"].startswith("questions")


def test_a_batch_of_101_is_refused(client: FlaskClient) -> None:
    body = {"questions": [{"query": CANARY}] * 101}
    error = error_of(client.post("/api/search/batch", json=body), 422)
    assert error["message"] == "101 questions; at most 100 go in one call."


# Files.


@pytest.mark.parametrize("form", TYPES)
def test_an_answer_is_exported(client: FlaskClient, ask: Ask, form: str) -> None:
    expected = [each["document"]["title"] for each in ask(QUERY, limit=4).get_json()["hits"]]
    body = {"query": QUERY, "limit": 4}
    assert check_file(client.post(f"/api/search?format={form}", json=body), form) == expected
    accepted = client.post("/api/search", json=body, headers={"Accept": TYPES[form]})
    assert check_file(accepted, form) == expected


@pytest.mark.parametrize("form", TYPES)
def test_the_whole_library_is_exported(
    client: FlaskClient, documents: Documents, form: str
) -> None:
    titles = check_file(client.get(f"/api/documents?format={form}"), form)
    assert titles == [each["title"] for each in documents]


def test_a_page_of_the_library_is_exported(client: FlaskClient, documents: Documents) -> None:
    found = check_file(client.get("/api/documents?format=ris&limit=2&offset=3"), "ris")
    assert found == [each["title"] for each in documents[3:5]]
    assert check_file(client.get("/api/documents?format=csv&offset=1000"), "csv") == []


@pytest.mark.parametrize("form", TYPES)
def test_one_document_is_exported(client: FlaskClient, documents: Documents, form: str) -> None:
    address = f"/api/documents/{documents[5]['id']}?format={form}"
    assert check_file(client.get(address), form) == [documents[5]["title"]]


def test_an_answer_without_hits_is_an_empty_file(client: FlaskClient) -> None:
    body = {"query": CANARY, "mode": "keyword"}
    for form in TYPES:
        assert check_file(client.post(f"/api/search?format={form}", json=body), form) == []


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "text/html", "image/png", "text/csv;q=0.5, */*", ""]
)
def test_other_programs_get_json(client: FlaskClient, accept: str) -> None:
    answer = client.get("/api/documents", headers={"Accept": accept})
    assert answer.mimetype == "application/json"


def test_the_format_in_the_address_goes_before_the_header(client: FlaskClient) -> None:
    answer = client.get("/api/documents?format=json", headers={"Accept": "text/csv"})
    assert answer.mimetype == "application/json"


def test_errors_are_json_whatever_format_was_requested(
    client: FlaskClient, empty_client: FlaskClient
) -> None:
    wanted = {"Accept": "text/csv"}
    assert error_of(client.get("/api/documents/nothing", headers=wanted), 404)
    assert error_of(client.post("/api/search", json={}, headers=wanted), 422)
    assert error_of(client.get("/api/documents?format=docx"), 422)["field"] == "format"
    assert error_of(empty_client.get("/api/documents?format=ris"), 503)


def test_text_in_an_address_is_refused(client: FlaskClient) -> None:
    answer = client.post(f"/api/search?query={CANARY}", json={"query": "x"})
    assert error_of(answer, 422)["field"] == "query"
    assert CANARY not in answer.get_data(as_text=True)
