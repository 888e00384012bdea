"""Addresses that are rewritten before routing, and errors that are not Exceptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask import request
from werkzeug.test import EnvironBuilder

from server.app import create_app
from server.http.application import Application, send_forms_to
from server.http.i18n import take_language
from server.settings import Settings
from tests.support.app import CANARY, error_of

FORM = "application/x-www-form-urlencoded"


def environ_of(path: str, method: str = "GET", content_type: str | None = None) -> dict[str, Any]:
    return EnvironBuilder(path, method=method, content_type=content_type).get_environ()


@pytest.mark.parametrize(
    ("method", "path", "content_type", "expected"),
    [
        ("POST", "/", FORM, "/answer"),
        ("POST", "/", "multipart/form-data; boundary=x", "/answer"),
        ("POST", "/", None, "/answer"),
        ("POST", "/", "text/plain", "/answer"),
        ("POST", "/", "application/json", "/"),
        ("POST", "/", "Application/JSON; charset=utf-8", "/"),
        ("GET", "/", None, "/"),
        ("PUT", "/", FORM, "/"),
        ("POST", "/embed", FORM, "/embed"),
        ("POST", "/answer", "application/json", "/answer"),
    ],
)
def test_only_forms_that_are_posted_to_the_root_are_sent_elsewhere(
    method: str, path: str, content_type: str | None, expected: str
) -> None:
    environ = environ_of(path, method, content_type)
    before = dict(environ)
    assert send_forms_to("/answer")(environ)["PATH_INFO"] == expected
    assert environ == before


@pytest.mark.parametrize(
    ("path", "root", "rest", "language"),
    [
        ("/fr/documents", "/fr", "/documents", "fr"),
        ("/fr/", "/fr", "/", "fr"),
        ("/ar", "/ar", "/", "ar"),
        ("/fr/en/map", "/fr", "/en/map", "fr"),
        ("/", "", "/", None),
        ("/french", "", "/french", None),
        ("/de/documents", "", "/de/documents", None),
        ("/documents/fr", "", "/documents/fr", None),
    ],
)
def test_a_language_is_taken_from_the_front_of_an_address(
    path: str, root: str, rest: str, language: str | None
) -> None:
    environ = environ_of(path)
    before = dict(environ)
    taken = take_language(environ)
    assert (taken["SCRIPT_NAME"], taken["PATH_INFO"]) == (root, rest)
    assert taken.get("fingerpost.language") == language
    assert environ == before


def test_a_language_goes_after_the_prefix_that_a_proxy_sets() -> None:
    environ = {**environ_of("/fr/documents"), "SCRIPT_NAME": "/library"}
    assert take_language(environ)["SCRIPT_NAME"] == "/library/fr"


def test_rewrites_are_applied_one_after_the_other() -> None:
    app = Application(__name__)
    app.add_url_rule("/answer", view_func=lambda: request.root_path, methods=["POST"])
    app.rewrites = (take_language, send_forms_to("/answer"))
    assert app.test_client().post("/es/", data={"question": "x"}).text == "/es"


# Errors that are not Exceptions.


class PanicException(BaseException):
    """As pyo3 has it."""


def app_that_raises(
    tmp_path: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> APIFlask:
    app = create_app(Settings(vectors=tmp_path / "vectors"))

    def fail() -> None:
        raise error

    monkeypatch.setitem(app.view_functions, "health.health", fail)
    return app


def test_a_panic_is_answered_counted_and_logged_without_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = app_that_raises(tmp_path, PanicException(CANARY), monkeypatch)
    answer = app.test_client().get("/health")
    assert error_of(answer, 500) == {
        "type": "internal",
        "message": "Something went wrong here. What you sent was not kept.",
    }
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unexpected PanicException" in caplog.text
    assert "in fail" in caplog.text
    assert CANARY not in caplog.text
    metrics = app.test_client().get("/metrics").text
    assert 'fingerpost_requests_total{method="GET",route="/health",status="500"} 1.0' in metrics


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_to_end_the_program_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException]
) -> None:
    app = app_that_raises(tmp_path, kind(), monkeypatch)
    with pytest.raises(kind):
        app.test_client().get("/health")
