"""The documents on the page of an answer: those in sight, and those that are folded away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from embedder.library import Library
from embedder.records import Answer, Fit, Question
from tests.support.app import Element


def hits_of(page: Element) -> list[Element]:
    """All documents of a page, in their order."""
    lists = page.all("ol", **{"class": "hits"})
    return [hit for each in lists for hit in each.all("li")]


def folds_of(page: Element) -> list[Element]:
    """The folds of documents: one, or none."""
    return page.all("details", **{"class": "folded-hits"})


def in_sight(page: Element) -> list[Element]:
    """The documents that no fold hides."""
    hidden = [id(hit) for each in folds_of(page) for hit in each.all("li")]
    return [hit for hit in hits_of(page) if id(hit) not in hidden]


def let_fit(monkeypatch: pytest.MonkeyPatch, *fits: Fit, **changed: Any) -> None:
    """Let the hits of every answer fit like this, by their ranks, whatever a model says of them.

    `changed` has other fields of the answer.
    """
    ask = Library.ask

    def asked(library: Library, question: Question) -> Answer:
        found = ask(library, question)
        hits = tuple(replace(hit, fit=fits[hit.rank - 1]) for hit in found.hits)
        return replace(found, hits=hits, **changed)

    monkeypatch.setattr(Library, "ask", asked)
