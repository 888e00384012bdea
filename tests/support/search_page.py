"""The search form as a browser sends it, and what its page shows."""

from __future__ import annotations

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.app import Element

QUESTION = "What should a nurse do who meets a victim?"
# Ids of documents of the seeds; the second stands on pages of both topics.
NURSES = "caring-for-trafficked-persons-guidance-for-3b2e2f37"
MERGED = "trafficking-along-migration-routes-to-europe-c1d794c7"


def send(client: FlaskClient, question: str, **fields: str | list[str]) -> TestResponse:
    """Send the form as a browser does, with all its fields."""
    return client.post("/", data={"year_from": "", "year_to": "", "question": question, **fields})


def form_of(page: Element) -> Element:
    return page.one("form", **{"class": "ask"})


def title_of(hit: Element) -> str:
    return hit.one("h3").text


def ticked(page: Element, name: str) -> list[str]:
    """The values of a facet that are chosen."""
    boxes = form_of(page).all("input", type="checkbox", name=name)
    return [each.attributes["value"] for each in boxes if "checked" in each.attributes]
