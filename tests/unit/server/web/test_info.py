"""The pages to read: about the library, and the neutral one that Exit leads to."""

from __future__ import annotations

from datetime import datetime

from flask.testing import FlaskClient

from embedder.library import Library
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
