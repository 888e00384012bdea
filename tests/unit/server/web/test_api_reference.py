"""The reference at /docs: its rows, its limits, and commands that run as they stand."""

from __future__ import annotations

import json
import shlex
import urllib.request

import pytest
from flask.testing import FlaskClient
from markupsafe import Markup

from embedder.library import Library
from server.app import create_app
from server.settings import Settings
from server.web.api_reference import code_spans
from tests.support.app import Element, Running, page_of, read_page


def test_the_reference_shows_nested_fields_alternatives_and_ways_to_them(
    client: FlaskClient,
) -> None:
    page = page_of(client.get("/docs"))
    names = {each.text for each in page.all("code")}
    assert {"filters.countries", "hits[].evidence[].text", "facets.*[].count", "format"} <= names
    assert "Or a body: A query, and documents to rerank" in page.text
    assert "`" not in page.text
    anchors = {each.attributes["id"] for each in page.all("h2")}
    links = page.one("nav", **{"aria-label": "Routes"}).all("a")
    assert {each.attributes["href"].removeprefix("#") for each in links} == anchors


def commands(page: Element) -> list[list[str]]:
    found = [shlex.split(each.text) for each in page.all("code") if each.text.startswith("curl")]
    assert len(found) >= 10
    return found


def call(words: list[str]) -> tuple[int, str, bytes]:
    """Do what curl does with these words."""
    assert words[:2] == ["curl", "-s"]
    address, headers, body = words[2], {}, None
    rest = iter(words[3:])
    for flag in rest:
        value = next(rest)
        if flag == "-H":
            name, _, content = value.partition(": ")
            headers[name] = content
        else:
            assert flag == "-d"
            body = value.encode()
    request = urllib.request.Request(address, body, headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return answer.status, answer.headers.get_content_type(), answer.read()


@pytest.mark.slow
def test_every_example_works(running: Running) -> None:
    with urllib.request.urlopen(f"{running.address}/docs") as answer:  # noqa: S310
        page = read_page(answer.read().decode())
    for words in commands(page):
        status, kind, body = call(words)
        assert status == 200, words
        assert body
        if kind == "application/json":
            json.loads(body)


# In the order in which they are shown.


def headings(page: Element) -> list[str]:
    return [each.text for each in page.all("h2")]


def test_search_comes_first_and_health_last(client: FlaskClient) -> None:
    routes = headings(page_of(client.get("/docs")))
    assert routes[0] == "POST /api/search"
    ours = [at for at, each in enumerate(routes) if " /api/" in each]
    assert ours == list(range(len(ours)))
    assert routes[-2:] == ["Errors", "Limits"]
    health = {"GET /health", "GET /metrics", "GET /ping", "GET /ready"}
    assert set(routes[-2 - len(health) : -2]) == health


def test_every_route_of_the_description_is_shown(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    wanted = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if method in ("get", "post")
    }
    assert set(headings(page_of(client.get("/docs")))) - {"Errors", "Limits"} == wanted


def test_the_limits_are_those_of_this_server(seed_library: Library) -> None:
    app = create_app(Settings(queue=7), seed_library)
    rows = page_of(app.test_client().get("/docs")).all("table")[-1].one("tbody").all("tr")
    limits = {each.all("td")[0].text: each.all("td")[1].text for each in rows}
    assert limits["FINGERPOST_QUEUE"] == "7"
    assert limits["FINGERPOST_REQUESTS_PER_MINUTE"] == "not set"


@pytest.mark.parametrize(("key", "shown"), [(None, False), ("a-key-of-a-test", True)])
def test_a_key_is_in_the_commands_if_one_is_set(
    seed_library: Library, key: str | None, shown: bool
) -> None:
    client = create_app(Settings(api_key=key), seed_library).test_client()
    page = page_of(client.get("/docs"))
    assert ("This server wants its key" in page.text) == shown
    for words in commands(page):
        assert ("Authorization: Bearer KEY" in words) == shown
    assert "a-key-of-a-test" not in page.text


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("", ""),
        ("plain", "plain"),
        ("use `a` or `b`", "use <code>a</code> or <code>b</code>"),
        ("one ` alone", "one ` alone"),
        ("`` empty", "`` empty"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
    ],
)
def test_backticks_become_code_and_all_else_is_text(text: str, markup: str) -> None:
    shown = code_spans(text)
    assert isinstance(shown, Markup)
    assert str(shown) == markup
