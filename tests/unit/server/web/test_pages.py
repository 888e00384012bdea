"""What holds for every page: text stays text, nothing is left behind, nothing foreign is loaded."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.answers import hits_of
from tests.support.app import CANARY, Ask, Element, error_of, fields_of, page_of
from tests.support.search_page import NURSES, QUESTION, form_of, send, ticked, title_of

pytestmark = pytest.mark.slow


def test_an_unknown_address_is_a_page_for_browsers_only(client: FlaskClient) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = page_of(client.get("/no-such", headers=accept), 404)
    assert "There is nothing at this address." in page.text
    assert error_of(client.get("/no-such"), 404)
    assert error_of(client.get("/api/no-such", headers=accept), 404)


@pytest.mark.parametrize("path", ["/", "/documents", "/documents/x"])
def test_without_a_library_a_page_says_what_to_do(empty_client: FlaskClient, path: str) -> None:
    page = page_of(empty_client.get(path), 503)
    assert "yet. Build it: fingerpost index" in page.text


def test_every_page_leads_to_the_neutral_one(client: FlaskClient) -> None:
    for path in ("/", "/documents", "/map", "/about", "/safety", "/docs", "/fr/", "/nothing"):
        status = 404 if path == "/nothing" else 200
        page = page_of(client.get(path, headers={"Accept": "text/html"}), status)
        language = "/fr" if path.startswith("/fr") else ""
        exit_link = page.one("a", id="exit")
        assert exit_link.attributes["href"] == f"{language}/measures"


# Safe, whatever is written.


SCRIPT = "<script>alert(1)</script>"
ATTRIBUTE = "\"'><img src=x onerror=alert(1)>"


def assert_harmless(response: TestResponse) -> None:
    """Check that nothing of a text has become an element or an attribute."""
    page = page_of(response, response.status_code)
    assert page.all("img") == page.all("b") == page.all("iframe") == []
    for script in page.all("script"):
        assert script.attributes["src"].startswith("/static/")
        assert script.text == ""

    def check(element: Element) -> None:
        for name, value in element.attributes.items():
            assert not name.startswith("on"), (name, value)
            if name in {"href", "src", "action"}:
                assert re.match(r"[/#?]", value), (name, value)
        for each in element.children:
            if isinstance(each, Element):
                check(each)

    check(page)


@pytest.mark.parametrize("text", [SCRIPT, ATTRIBUTE, "</textarea>" + SCRIPT, "{{ 7 * 7 }}"])
@pytest.mark.parametrize(
    "field",
    ["question", "country", "region", "topic", "author", "year_from", "year_to", "offset"],
)
def test_what_a_person_writes_is_text(client: FlaskClient, field: str, text: str) -> None:
    response = client.post("/", data={"question": QUESTION, field: text})
    assert_harmless(response)
    page = page_of(response, response.status_code)
    assert "49" not in form_of(page).text
    kept = fields_of(form_of(page))
    if field in {"question", "year_from", "year_to"}:
        assert kept[field] == text
    elif field != "offset":
        assert text in ticked(page, field)


HOSTILE = {
    "id": f"{ATTRIBUTE}{SCRIPT}",
    "title": f"Title {SCRIPT}",
    "abstract": f"An abstract {ATTRIBUTE} about shelters. And {SCRIPT} more. <b>Bold</b> &amp; x.",
    "countries": [f"Land{SCRIPT}"],
    "regions": [f"Region{ATTRIBUTE}"],
    "authors": [f"Author{SCRIPT}"],
    "topics": [f"Topic{ATTRIBUTE}"],
    "category": SCRIPT,
    "sources": [f"file{SCRIPT}.txt"],
    "year": 2001,
}


@pytest.fixture(scope="module")
def hostile(client_of: Callable[..., FlaskClient]) -> FlaskClient:
    """An app over a library of documents that want to be more than text."""
    return client_of(
        HOSTILE,
        {"id": "javascript:alert(1)", "title": "Another shelter", "abstract": SCRIPT},
    )


def test_what_a_document_says_is_text(hostile: FlaskClient) -> None:
    response = send(hostile, "shelters")
    assert_harmless(response)
    hits = {title_of(each): each for each in hits_of(page_of(response))}
    hit = hits[str(HOSTILE["title"])]
    assert hit.one("p", **{"class": "abstract"}).text == HOSTILE["abstract"]
    assert f"Author{SCRIPT}" in hit.text
    address = hit.one("h3").one("a").attributes["href"]
    page = page_of(hostile.get(address))
    assert page.one("h1").text == HOSTILE["title"]
    assert page.one("p", **{"class": "abstract"}).text == HOSTILE["abstract"]


def test_no_page_of_a_hostile_library_does_harm(hostile: FlaskClient) -> None:
    for address in ("/", "/documents", "/documents/javascript:alert(1)", "/map", "/docs"):
        assert_harmless(hostile.get(address))
    for link in page_of(hostile.get("/documents")).one("ul", **{"class": "near"}).all("a"):
        assert_harmless(hostile.get(link.attributes["href"]))
    assert_harmless(hostile.get(f"/documents/{SCRIPT}"))
    assert_harmless(send(hostile, "shelters", topic=f"Topic{ATTRIBUTE}", author=SCRIPT))


def test_json_of_a_hostile_library_is_no_page(hostile: FlaskClient) -> None:
    response = hostile.post("/api/search", json={"query": "shelters"})
    assert response.mimetype == "application/json"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


# Headers.


EVERYWHERE = ["/", "/documents", f"/documents/{NURSES}", "/docs", "/health", "/ready", "/nothing"]


@pytest.mark.parametrize("path", [*EVERYWHERE, "/api/documents", "/openapi.json", "/api/nothing"])
def test_an_answer_leaves_no_trace(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert "ETag" not in response.headers


def test_a_posted_answer_leaves_no_trace(client: FlaskClient, ask: Ask) -> None:
    for response in (send(client, CANARY), ask(CANARY), send(client, "")):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers
        assert CANARY not in str(response.headers)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_the_policy_lets_nothing_foreign_in(client: FlaskClient, path: str) -> None:
    policy = dict(
        part.strip().split(" ", 1)
        for part in client.get(path).headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize("path", ["/", "/documents", f"/documents/{NURSES}"])
def test_a_page_keeps_its_own_policy(client: FlaskClient, path: str) -> None:
    page = page_of(client.get(path))
    assert page.all("style") == page.all("iframe") == []
    for each in page.all("script"):
        assert each.text == ""
    files = [each.attributes["src"] for each in page.all("script")]
    files += [each.attributes["href"] for each in page.all("link") if "rel" in each.attributes]
    assert len(files) >= 3
    for file in files:
        assert file.startswith(("/static/", "/documents/"))
        with client.get(file) as response:
            assert response.status_code == 200
    text = client.get(path).get_data(as_text=True)
    assert " style=" not in text
    assert set(re.findall(r"https?://[^/\s\"'<]+", text)) <= {"http://localhost"}  # our own


def test_static_files_may_be_kept(client: FlaskClient) -> None:
    with client.get("/static/style.css") as response:
        assert response.headers["Cache-Control"] == "public, max-age=31536000"
        assert "@import" not in response.get_data(as_text=True)
        assert "url(" not in response.get_data(as_text=True)
    assert client.get("/static/nothing.css").headers["Cache-Control"] == "no-store"
    assert client.get("/static/../app.py").status_code == 404


def test_no_question_stands_in_an_address_or_title(client: FlaskClient) -> None:
    page = page_of(send(client, f"{CANARY} nurse", country="Lebanon"))
    assert page.one("title").text == "Answer – Fingerpost"
    for tag, name in (("a", "href"), ("form", "action"), ("link", "href")):
        for each in page.all(tag):
            assert CANARY not in each.attributes[name]
            assert "Lebanon" not in each.attributes[name]
    for each in page.all("button"):
        assert CANARY not in each.attributes.get("formaction", "")
    for form in page.all("form"):
        assert form.attributes["method"] == "post"
