"""A real browser, Debian's Chromium, with a real server.

Without Chromium these tests are skipped; if the environment variable BROWSER_NEEDED is set, as in
`.ci/run`, they fail instead. CHROMIUM names another executable.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import waitress
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.library import Library
from server.app import create_app
from server.settings import Settings
from tests.conftest import Silent, write_jsonl
from tests.support.app import Running

QUESTION = "What should a nurse do who meets a victim?"
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


@pytest.fixture
def serve(tmp_path: Path, encoder: Encoder) -> Iterator[Callable[..., str]]:
    """Return a function that serves a library of these documents, and returns its address."""
    with ExitStack() as servers:

        def start(*documents: Mapping[str, Any]) -> str:
            source = write_jsonl(tmp_path / "source.jsonl", *documents)
            index(tmp_path / "vectors", [source], Silent(), load=lambda _, **__: encoder)
            library = Library(tmp_path / "vectors", load=lambda _, **__: encoder)
            app = create_app(Settings(vectors=tmp_path / "vectors"), library)
            return servers.enter_context(serving(app))

        yield start


def ask(page: Page, question: str = QUESTION, path: str = "/") -> None:
    """Ask a question on the page at a path, and wait for the answer."""
    page.goto(path)
    page.locator("#question").fill(question)
    page.locator("form.ask > button[type=submit]").click()
    page.locator("h2.verdict, .problem").first.wait_for()


def answer_of(page: Page, question: str = QUESTION, **more: Any) -> dict[str, Any]:
    """Return the answer of the page's server to a question, from its API."""
    response = page.context.request.post("/api/search", data={"query": question, **more})
    assert response.status == 200, response.text()
    answer: dict[str, Any] = response.json()
    return answer
