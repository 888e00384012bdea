"""Access is declared where a route is: the whole table, as requests meet it, and no way round."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from apiflask import APIBlueprint, APIFlask
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

import server.app
from server.app import create_app
from server.compat import BLUEPRINTS
from server.http import access, errors
from server.http.access import API, PEOPLE, Access, Blueprint, UndeclaredRoute
from server.settings import Settings
from tests.conftest import ROOT
from tests.support.app import BEARER, KEY, error_of

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Row(NamedTuple):
    """What requests meet: is the key needed, are they counted, and the shape of refusals."""

    needs_key: bool
    counted: bool
    shape: str  # to a program
    browser: str  # to a browser


PAGE = Row(False, True, "page", "page")
OURS = Row(True, True, "ours", "ours")
TEI = Row(True, True, "tei", "page")
OPENAI = Row(True, True, "openai", "page")
COHERE = Row(True, True, "cohere", "page")
UNCOUNTED = Row(False, False, "", "")

ROUTES = {
    "GET /": PAGE,
    "POST /": TEI,
    "POST /answer": PAGE,
    "GET /documents": PAGE,
    "GET /documents/<path:document_id>": PAGE,
    "GET /map": PAGE,
    "POST /selection": PAGE,
    "GET /about": PAGE,
    "GET /safety": PAGE,
    "GET /measures": PAGE,
    "GET /docs": PAGE,
    "GET /openapi.json": PAGE,
    "GET /static/<path:filename>": UNCOUNTED,
    "POST /api/search": OURS,
    "POST /api/search/batch": OURS,
    "POST /api/similarity": OURS,
    "GET /api/documents": OURS,
    "GET /api/documents/<path:document_id>": OURS,
    "GET /api/documents/<path:document_id>/similar": OURS,
    "GET /health": UNCOUNTED,
    "GET /ping": UNCOUNTED,
    "GET /ready": UNCOUNTED,
    "GET /metrics": Row(True, True, "ours", "page"),
    "GET /info": TEI,
    "POST /embed": TEI,
    "POST /rerank": TEI,
    "POST /similarity": TEI,
    "POST /v1/embeddings": OPENAI,
    "GET /v1/models": OPENAI,
    "GET /v1/models/<path:model>": OPENAI,
    "POST /v1/rerank": COHERE,
    "POST /v2/rerank": COHERE,
}
# What no route takes, as (status, shape to a program, shape to a browser). It is open, and counted.
UNROUTED = {
    "GET /nothing": (404, "ours", "page"),
    "GET /fr/nothing": (404, "ours", "page"),
    "GET /api": (404, "ours", "ours"),
    "GET /api/nothing": (404, "ours", "ours"),
    "GET /v1/nothing": (404, "openai", "page"),
    "GET /v1/rerank/nothing": (404, "openai", "page"),
    "GET /v2/nothing": (404, "ours", "page"),
    "PUT /": (405, "tei", "page"),
    "GET /answer": (405, "ours", "page"),
    "POST /about": (405, "ours", "page"),
    "POST /openapi.json": (405, "ours", "page"),
    "POST /static/x": (405, "ours", "page"),
    "POST /health": (405, "ours", "page"),
    "POST /metrics": (405, "ours", "page"),
    "GET /api/search": (405, "ours", "ours"),
    "GET /fr/api/search": (405, "ours", "ours"),
    "PUT /api/documents": (405, "ours", "ours"),
    "GET /similarity": (405, "tei", "page"),
    "GET /v1/embeddings": (405, "openai", "page"),
    "GET /v1/rerank": (405, "cohere", "page"),
    "GET /v2/rerank": (405, "cohere", "page"),
}
SHAPES = {
    frozenset({"error", "error_type"}): "tei",
    frozenset({"message"}): "cohere",
    frozenset({"type", "message"}): "ours",
    frozenset({"type", "message", "field"}): "ours",
    frozenset({"message", "type", "param", "code"}): "openai",
}

MakeApp = Callable[..., APIFlask]


@pytest.fixture(scope="module")
def make_app(tmp_path_factory: pytest.TempPathFactory) -> MakeApp:
    """Make an app with these settings over no library, which refusals do not need."""
    folder = tmp_path_factory.mktemp("none") / "vectors"
    return lambda **settings: create_app(Settings(vectors=folder, **settings))


@pytest.fixture(scope="module")
def open_client(make_app: MakeApp) -> FlaskClient:
    return make_app().test_client()


@pytest.fixture(scope="module")
def guarded(make_app: MakeApp) -> FlaskClient:
    return make_app(api_key=KEY).test_client()


@pytest.fixture(scope="module")
def spent(make_app: MakeApp) -> FlaskClient:
    """A client that has used up its requests of this minute."""
    client = make_app(requests_per_minute=1).test_client()
    client.get("/nothing")
    return client


def shape_of(answer: TestResponse) -> str:
    """The shape of an error: a page, or the JSON of one of the formats."""
    if answer.mimetype == "text/html":
        return "page"
    body = answer.get_json()
    error = body.get("error")
    return SHAPES[frozenset(error if isinstance(error, dict) else body)]


def send(client: FlaskClient, route: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Send a request to a rule, in JSON if it is posted to a route for programs."""
    method, _, rule = route.partition(" ")
    path = re.sub("<.*?>", "x", rule)
    json: dict[str, object] | None = (
        {} if method == "POST" and ROUTES.get(route) is not PAGE else None
    )
    return client.open(path, method=method, json=json, headers=headers)


def rules_of(app: APIFlask) -> Iterator[str]:
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def test_the_table_has_every_route(make_app: MakeApp) -> None:
    assert sorted(rules_of(make_app())) == sorted(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_the_key_is_needed_where_the_table_says(
    guarded: FlaskClient, open_client: FlaskClient, route: str
) -> None:
    row = ROUTES[route]
    refused = send(guarded, route)
    assert (refused.status_code == 401) == row.needs_key
    if row.needs_key:
        assert refused.headers["WWW-Authenticate"] == 'Bearer realm="fingerpost"'
        assert shape_of(refused) == row.shape
        assert shape_of(send(guarded, route, BROWSER)) == row.browser
    assert send(guarded, route, BEARER).status_code != 401
    assert send(open_client, route).status_code != 401


@pytest.mark.parametrize("route", ROUTES)
def test_requests_are_counted_where_the_table_says(spent: FlaskClient, route: str) -> None:
    row = ROUTES[route]
    refused = send(spent, route)
    assert (refused.status_code == 429) == row.counted
    if row.counted:
        assert int(refused.headers["Retry-After"]) >= 1
        assert shape_of(refused) == row.shape
        assert shape_of(send(spent, route, BROWSER)) == row.browser


@pytest.mark.parametrize("route", [each for each, row in ROUTES.items() if "POST" in each])
def test_a_body_that_is_not_json_is_refused_on_routes_for_programs(
    open_client: FlaskClient, route: str
) -> None:
    row, path = ROUTES[route], route.partition(" ")[2]
    if path == "/":
        return  # what is not JSON is a question of the page there
    answer = open_client.post(path, data="x", content_type="text/plain")
    assert (answer.status_code == 415) == (row is not PAGE)
    broken = open_client.post(path, data="{", content_type="application/json")
    assert (broken.status_code == 400) == (row is not PAGE)
    if row is not PAGE:
        assert shape_of(answer) == shape_of(broken) == row.shape
        wrong = open_client.post(path, data="[]", content_type="application/json")
        assert wrong.status_code == (400 if row is OPENAI else 422)
        assert shape_of(wrong) == row.shape


@pytest.mark.parametrize("request_line", UNROUTED)
def test_what_no_route_takes_is_open_counted_and_worded_like_its_neighbours(
    guarded: FlaskClient, spent: FlaskClient, request_line: str
) -> None:
    status, shape, browser = UNROUTED[request_line]
    method, _, path = request_line.partition(" ")
    for headers, wanted in (({}, shape), (BROWSER, browser)):
        answer = guarded.open(path, method=method, headers=headers)
        assert (answer.status_code, shape_of(answer)) == (status, wanted)
        refused = spent.open(path, method=method, headers=headers)
        assert (refused.status_code, shape_of(refused)) == (429, wanted)


def test_another_method_for_a_question_is_answered_with_a_hint_at_post(
    open_client: FlaskClient,
) -> None:
    for path in ("/api/search", "/api/search/batch"):
        error = error_of(open_client.get(path), 405)
        assert error["message"] == (
            "Ask by POST, with the question in the body: text in a URL ends up in logs and "
            "histories."
        )
    error = error_of(open_client.get("/api/similarity"), 405)
    assert error["message"] == "This address does not take that method. It takes POST."


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/static/style.css", "public, max-age=31536000"),
        ("/measures", "public, max-age=86400"),
        ("/safety", "no-store"),
        ("/health", "no-store"),
        ("/static/none.css", "no-store"),
        ("/nothing", "no-store"),
    ],
)
def test_only_files_and_the_neutral_page_may_be_kept(
    open_client: FlaskClient, path: str, kept: str
) -> None:
    with open_client.get(path) as answer:  # a file is open until then
        assert answer.headers["Cache-Control"] == kept


# No way round a declaration.


def test_an_app_with_an_undeclared_blueprint_is_not_made(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    undeclared = APIBlueprint("undeclared", __name__, url_prefix="/undeclared")
    undeclared.get("/x")(lambda: "x")
    monkeypatch.setattr(server.app, "BLUEPRINTS", (*BLUEPRINTS, undeclared))
    with pytest.raises(UndeclaredRoute, match=r"/undeclared/x \(undeclared\.<lambda>\)"):
        make_app()


@pytest.mark.parametrize("endpoint", ["static", "openapi.spec"])
def test_routes_that_flask_adds_must_be_declared_too(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    rest = {name: each for name, each in server.app._ADDED.items() if name != endpoint}
    monkeypatch.setattr(server.app, "_ADDED", rest)
    with pytest.raises(UndeclaredRoute, match=rf"\({re.escape(endpoint)}\)"):
        make_app()


@pytest.mark.parametrize(
    "endpoint", ["search.search", "tei.embed", "notes.measures", "counts.show"]
)
def test_a_list_of_names_cannot_change_what_a_route_declares(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr(server.app, "_ADDED", {**server.app._ADDED, endpoint: PEOPLE})
    with pytest.raises(ValueError, match=f"^{re.escape(endpoint)} declares its access itself$"):
        make_app()


def test_a_route_added_later_is_refused(make_app: MakeApp) -> None:
    app = make_app()
    app.add_url_rule("/late", "late", lambda: "secret")
    answer = app.test_client().get("/late")
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)


def bare_app() -> APIFlask:
    """Return an app with no route but that of static files, which is declared."""
    app = APIFlask(__name__, spec_path=None, docs_path=None)
    access.declare(PEOPLE)(app.view_functions["static"])
    return app


# The names that once took the key away, and one that means nothing.
@pytest.mark.parametrize("name", ["pages", "shelf", "notes", "reference", "health", "openapi", "x"])
def test_a_name_takes_no_key_away(tmp_path: Path, name: str) -> None:
    app = bare_app()
    blueprint = Blueprint(name, __name__, access=API, url_prefix="/health")
    blueprint.get("/about")(lambda: "x")
    app.register_blueprint(blueprint)
    errors.register(app)
    access.collect(app)
    server.app._guard(app, Settings(vectors=tmp_path, api_key=SecretStr(KEY)))
    client = app.test_client()
    error_of(client.get("/health/about"), 401)
    assert client.get("/health/about", headers=BEARER).status_code == 200


def test_nothing_else_goes_by_the_names_of_blueprints_or_views() -> None:
    for path in ROOT.glob("server/**/*.py"):
        if path.name != "access.py":
            text = path.read_text("utf-8")
            assert not re.search(r"request\.(blueprint|endpoint)\b", text), path


def test_a_declared_view_goes_before_its_blueprint() -> None:
    app = bare_app()
    blueprint = Blueprint("x", __name__, access=API)

    @blueprint.get("/one")
    @access.declare(PEOPLE)
    def one() -> str:
        return access.current().audience

    @blueprint.get("/<path:two>")
    def other(two: str) -> str:
        return access.current().audience + two

    app.register_blueprint(blueprint)
    access.collect(app)
    assert app.test_client().get("/one").text == "people"
    assert app.test_client().get("/two").text == "programstwo"
    assert access.operations(app)["/one", "get"] == PEOPLE
    assert access.operations(app)["/{two}", "get"] == API


def test_access_cannot_be_changed(make_app: MakeApp) -> None:
    app = make_app()
    table = app.extensions[access._EXTENSION]
    with pytest.raises(TypeError, match="does not support item assignment"):
        table["search.search"] = PEOPLE
    with pytest.raises(AttributeError):
        API.needs_key = False  # type: ignore[misc]
    assert isinstance(table["search.search"], Access)
