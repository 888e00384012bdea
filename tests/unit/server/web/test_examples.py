"""Examples: only what the library answers is offered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from embedder.library import Library
from server.app import create_app
from server.http.context import GATE
from server.settings import Settings
from tests.support.app import page_of


def test_examples_are_answered(client: FlaskClient) -> None:
    page = page_of(client.get("/"))
    (form,) = page.all("form", **{"class": "examples"})
    examples = [each.attributes["value"] for each in form.all("button", name="example")]
    # All short questions, and one of the two situations: the small model does not see that the
    # library answers the other, in which nobody uses the field's words.
    assert len(examples) == 4
    for each in examples:
        answer = page_of(client.post("/", data={"example": each}))
        assert answer.one("textarea").text == each
        assert "none" not in answer.one("h2", id="results").attributes["class"]


@pytest.mark.slow
def test_a_library_of_something_else_offers_no_examples(
    client_of: Callable[..., FlaskClient],
) -> None:
    client = client_of(*({"id": f"d{at}", "title": f"Baking bread {at}"} for at in range(20)))
    assert page_of(client.get("/")).all("form", **{"class": "examples"}) == []


def test_a_busy_server_shows_the_first_page_without_examples(seed_library: Library) -> None:
    app = create_app(Settings(threads=1, queue=0), seed_library)
    with app.extensions[GATE](person=True):
        assert page_of(app.test_client().get("/")).all("form", **{"class": "examples"}) == []
    assert page_of(app.test_client().get("/")).all("form", **{"class": "examples"})
