"""A real browser, Debian's Chromium, with a real server.

Without Chromium these tests are skipped; if the environment variable BROWSER_NEEDED is set, as in
`.ci/run`, they fail instead. CHROMIUM names another executable.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import waitress
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from embedder.library import Library
from embedder.records import Answer, Document, Fit, Question, RankingWeights
from embedder.search.pipeline import DEFAULT_WEIGHTS
from server.app import create_app
from server.settings import Settings
from tests.support.app import Running
from tests.support.words import build_words, load_words

QUESTION = "What should a nurse do who meets a victim?"
# What stands above an answer, by its verdict.
VERDICTS = {
    "strong": "The answer is probably in the first documents. Read the marked sentences to check.",
    "possible": "These documents may help. Where a sentence is marked, check it first.",
    "none": "No clear answer was found, though there may still be one here. "
    "Try a longer question or other words. "
    "The nearest documents are below, but they may not help.",
}
PHONE: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 900}

_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A headless browser; it ends with these tests, because its event loop excludes others."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        why = "there is no Chromium: the pages are not tested in a browser"
        (pytest.fail if os.environ.get("BROWSER_NEEDED") else pytest.skip)(why)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=_SWITCHES)
        yield opened
        opened.close()


Open = Callable[..., BrowserContext]


@pytest.fixture
def profile(browser: Browser, running: Running) -> Iterator[Open]:
    """Open an empty profile: `profile(viewport=PHONE, java_script_enabled=False, …)`.

    Addresses are relative to the seeds' server; errors thrown by a page's script fail the test.
    """
    opened: list[BrowserContext] = []
    thrown: list[str] = []

    def make(**options: Any) -> BrowserContext:
        options = {"viewport": DESK, "locale": "en", "base_url": running.address, **options}
        context = browser.new_context(**options)
        context.on("weberror", lambda each: thrown.append(str(each.error)))
        opened.append(context)
        return context

    yield make
    for each in opened:
        each.close()
    assert thrown == []


@pytest.fixture
def page(profile: Open) -> Page:
    """A page of an empty profile, in a window of a desktop's size."""
    return profile().new_page()


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an app inside the block; yields its address."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, host="127.0.0.1", port=0, map=sockets)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.close()
        for each in list(sockets.values()):  # the browser keeps connections open
            each.close()
        thread.join(10)


class _Fitting(Library):
    """A library whose hits fit as `fits` says, by their ranks; further ones are less likely."""

    fits: tuple[Fit, ...] = ()

    def ask(self, question: Question, weights: RankingWeights = DEFAULT_WEIGHTS) -> Answer:
        found = super().ask(question, weights)
        fits = dict(enumerate(self.fits, start=1))
        hits = (replace(hit, fit=fits.get(hit.rank, "less likely")) for hit in found.hits)
        return replace(found, hits=tuple(hits))


Fitting = Callable[..., Page]


@pytest.fixture
def fitting(tmp_path: Path, profile: Open) -> Iterator[Fitting]:
    """Open a page at 25 documents whose hits fit as one likes, whatever a model says of them.

    `fitting("best", "less likely", "likely", java_script_enabled=False)`: the fits by ranks, and
    options of the profile.
    """
    folder = tmp_path / "vectors"
    documents = (
        Document(f"d{at}", f"On word{at}", f"Of word{at} by the river. They tell of word{at}.")
        for at in range(25)
    )
    build_words(folder, *documents)
    with ExitStack() as servers:

        def start(*fits: Fit, **options: Any) -> Page:
            library = _Fitting(folder, load=load_words)
            library.fits = fits
            app = create_app(Settings(vectors=folder), library)
            address = servers.enter_context(serving(app))
            return profile(base_url=address, **options).new_page()

        yield start


def ask(page: Page, question: str = QUESTION, path: str = "/") -> None:
    """Ask a question on the page at a path, and wait for the answer."""
    page.goto(path)
    page.locator("#question").fill(question)
    page.locator("form.ask > button[type=submit]").click()
    page.locator("h2.verdict, .problem").first.wait_for()


def unfold(page: Page) -> None:
    """Open the fold of the documents that are less likely to help, where an answer has one."""
    for summary in page.locator("details.folded-hits:not([open]) > summary").all():
        summary.click()


def in_sight_of(answer: dict[str, Any]) -> int:
    """Return how many hits of an answer's first page no fold hides."""
    fitting = [hit["rank"] for hit in answer["hits"] if hit["fit"] != "less likely"]
    return int(max(fitting, default=min(3, len(answer["hits"]))))


def answer_of(page: Page, question: str = QUESTION, **more: Any) -> dict[str, Any]:
    """Return the answer of the page's server to a question, from its API."""
    response = page.context.request.post("/api/search", data={"query": question, **more})
    assert response.status == 200, response.text()
    answer: dict[str, Any] = response.json()
    return answer
