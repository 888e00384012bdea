"""The pages to read, the examples, the map's page, and where Exit leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask.testing import FlaskClient

from embedder.library import Library
from server.app import create_app
from server.http.context import GATE
from server.settings import Settings
from tests.support.app import page_of


def test_about_says_what_answers(client: FlaskClient, seed_library: Library) -> None:
    generation, manifest = seed_library.status()
    built = datetime.fromisoformat(manifest.created)
    page = page_of(client.get("/about"))
    assert page.one("time").attributes["datetime"] == manifest.created
    facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl").all("div")}
    assert facts == {
        "Documents": "41",
        "Model": "all-MiniLM-L6-v2",
        "Version of the library": str(generation),
        "Built": f"{built:%B} {built.day}, {built.year}",
        "Version of Fingerpost": manifest.version,
    }
    assert "The model reads English best" in page.text


def test_the_neutral_page_tells_nothing_and_may_be_kept(client: FlaskClient) -> None:
    for path in ("/measures", "/ar/measures"):
        response = client.get(path)
        assert response.headers["Cache-Control"] == "public, max-age=86400"
        text = response.get_data(as_text=True).lower()
        assert not any(word in text for word in ("fingerpost", "traffick", "/static/", "script"))
    rows = page_of(client.get("/measures")).one("tbody").all("tr")
    assert [each.text for each in rows[0].all("td")] == ["1", "0.6", "1", "2.2", "1", "34"]


def test_every_page_leads_to_the_neutral_one(client: FlaskClient) -> None:
    for path in ("/", "/documents", "/map", "/about", "/safety", "/docs", "/fr/", "/nothing"):
        status = 404 if path == "/nothing" else 200
        page = page_of(client.get(path, headers={"Accept": "text/html"}), status)
        language = "/fr" if path.startswith("/fr") else ""
        exit_link = page.one("a", id="exit")
        assert exit_link.attributes["href"] == f"{language}/measures"


def test_examples_are_answered(client: FlaskClient) -> None:
    page = page_of(client.get("/"))
    (form,) = page.all("form", **{"class": "examples"})
    examples = [each.attributes["value"] for each in form.all("button", name="example")]
    assert len(examples) == 5
    for each in examples:
        answer = page_of(client.post("/", data={"example": each}))
        assert answer.one("textarea").text == each
        assert "none" not in answer.one("h2", id="results").attributes["class"]


def test_a_library_of_something_else_offers_no_examples(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(*({"id": f"d{at}", "title": f"Baking bread {at}"} for at in range(20)))
    assert page_of(client.get("/")).all("form", **{"class": "examples"}) == []


def test_the_first_page_is_shown_while_others_ask(seed_library: Library) -> None:
    app = create_app(Settings(threads=1, queue=0), seed_library)
    with app.extensions[GATE](person=True):
        assert page_of(app.test_client().get("/")).all("form", **{"class": "examples"}) == []
    assert page_of(app.test_client().get("/")).all("form", **{"class": "examples"})


def test_the_map_shows_every_document_and_the_table_too(client: FlaskClient) -> None:
    ids = {each["id"] for each in client.get("/api/documents?limit=100").get_json()["documents"]}
    page = page_of(client.get("/map"))
    drawn = [each.attributes["href"] for each in page.one("svg", id="map").all("a")]
    listed = [each.one("th").one("a").attributes["href"] for each in page.one("tbody").all("tr")]
    assert set(drawn) == {f"/documents/{each}" for each in ids}
    assert len(drawn) == 41
    assert listed == drawn


def test_the_map_is_moved_by_links(client: FlaskClient) -> None:
    page = page_of(client.get("/map"))
    (moves,) = page.all("nav", **{"class": "moves"})
    nearer = moves.all("a")[0].attributes["href"]
    box = page_of(client.get(nearer)).one("svg", id="map").attributes["viewbox"]
    assert box == "250 250 500 500"


def test_a_document_page_shows_where_it_lies(client: FlaskClient, seed_library: Library) -> None:
    shown = seed_library.map().points[7]
    page = page_of(client.get(f"/documents/{shown.document.id}"))
    (ring,) = page.all("circle", **{"class": "here"})
    assert float(ring.attributes["cx"]) == round(30 + shown.x * 940, 1)
    assert float(ring.attributes["cy"]) == round(30 + shown.y * 940, 1)
    all_dots, near = page.one("svg", role="img").all("path")
    assert all_dots.attributes["d"].count("M") == 41
    assert near.attributes["d"].count("M") == 5


def test_a_library_without_a_map_says_so(client_of: Callable[..., FlaskClient]) -> None:
    client = client_of({"id": "a", "title": "", "abstract": ""})
    assert "There is no map yet" in page_of(client.get("/map")).text
    assert page_of(client.get("/documents/a")).all("circle") == []
