"""The app as a whole: what every answer carries, whatever it answers."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from server.http.access import PEOPLE
from server.web import BLUEPRINTS
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/documents"),
        ("GET", "/static/style.css"),
        ("GET", "/health"),
        ("GET", "/api/documents"),
        ("GET", "/api/search"),  # 405
        ("POST", "/embed"),  # 415
        ("GET", "/nothing"),
        ("OPTIONS", "/api/search"),
    ],
)
def test_every_answer_forbids_traces_and_foreign_content(
    client: FlaskClient, method: str, path: str
) -> None:
    with client.open(path, method=method) as answer:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = dict(
            part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
        )
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
        assert policy["script-src"] == policy["form-action"] == policy["connect-src"] == "'self'"
        assert "Set-Cookie" not in answer.headers
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_version_is_the_packages(app: APIFlask, client: FlaskClient) -> None:
    assert app.version == version("fingerpost")
    assert client.get("/info").get_json()["version"] == app.version


def test_pages_are_for_people(app: APIFlask) -> None:
    assert {each.name for each in BLUEPRINTS} <= set(app.blueprints)
    assert all(each.access == PEOPLE for each in BLUEPRINTS)


def test_nothing_wraps_the_app() -> None:
    """Rewriting and panics are methods of the class, which no order of patches can undo."""
    for path in ROOT.glob("server/**/*.py"):
        assert ".wsgi_app = " not in path.read_text("utf-8"), path
