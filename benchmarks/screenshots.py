"""Take the screenshots of docs/screenshots: each state of the page, in a real browser.

Run it beside a server of the seeds: `fingerpost serve`, then `python -m benchmarks.screenshots`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, sync_playwright

_FOLDER = Path("docs/screenshots")
_QUESTION = "A nurse thinks that her patient is exploited. What can she do?"
_SITUATION = (
    "We run a shelter in a port town. Last week the police brought us three girls, about sixteen, "
    "from a house where they were kept. They do not have papers, two want to go home and one is "
    "afraid of her family. We need to know who decides, how they are referred, and what "
    "protection they get while they wait. One of them is ill and the nurse asks what she may tell "
    "the police."
)
_WIDE, _NARROW = 1280, 320
_HEIGHT = 900  # of the window, in pixels

Steps = Callable[[Page], None]


def _go(path: str) -> Steps:
    def steps(page: Page) -> None:
        page.goto(path)

    return steps


def _ask(path: str, question: str, then: Steps | None = None) -> Steps:
    def steps(page: Page) -> None:
        page.goto(path)
        page.fill("#question", question)
        page.click("form.ask > button[type=submit]")
        page.wait_for_load_state()
        if then:
            then(page)

    return steps


def _leave_nothing(page: Page) -> None:
    page.check("input[name=country][value=Nigeria]")
    page.fill("#year_to", "1999")
    page.click("#narrow > button")
    page.wait_for_load_state()


def _write(text: str) -> Steps:
    def steps(page: Page) -> None:
        page.goto("/")
        page.fill("#question", text)

    return steps


def _scroll_to(selector: str) -> Steps:
    return lambda page: page.locator(selector).first.scroll_into_view_if_needed()


def _error(page: Page) -> None:
    page.fill("#year_from", "2020")
    page.fill("#year_to", "2010")
    page.click("#narrow > button")
    page.wait_for_load_state()


_DOCUMENT = "/documents/caring-for-trafficked-persons-guidance-for-3b2e2f37"
# Name, width, colour scheme, and the steps to the state.
_STATES: tuple[tuple[str, int, str, Steps], ...] = (
    ("first", _WIDE, "light", _go("/")),
    ("first-phone", _NARROW, "light", _go("/")),
    ("answer", _WIDE, "light", _ask("/", _QUESTION)),
    ("answer-phone", _NARROW, "light", _ask("/", _QUESTION, _scroll_to("ol.hits h3"))),
    ("answer-dark", _WIDE, "dark", _ask("/", _QUESTION)),
    ("answer-arabic", _WIDE, "light", _ask("/ar/", _QUESTION)),
    ("answer-arabic-phone", _NARROW, "light", _ask("/ar/", _QUESTION)),
    ("situation", _WIDE, "light", _ask("/", _SITUATION, _scroll_to(".fits"))),
    ("nothing-fits", _WIDE, "light", _ask("/", "Which olive oil is best for frying potatoes?")),
    ("nothing-left", _WIDE, "light", _ask("/", _QUESTION, _leave_nothing)),
    ("problem", _WIDE, "light", _ask("/", _QUESTION, _error)),
    ("notice-phone", _NARROW, "light", _write("Her number is +44 7700 900123.")),
    ("map", _WIDE, "light", _go("/map")),
    ("map-dark-phone", _NARROW, "dark", _go("/map")),
    ("document", _WIDE, "light", _go(_DOCUMENT)),
    ("about", _WIDE, "light", _go("/fr/about")),
    ("safety-phone", _NARROW, "light", _go("/safety")),
    ("exit", _WIDE, "light", _go("/measures")),
)


@click.command(help=__doc__)
@click.option("--server", default="http://127.0.0.1:8000", show_default=True)
@click.argument("names", nargs=-1)
def main(server: str, names: tuple[str, ...]) -> None:
    """Take all screenshots, or those named."""
    program = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        for name, width, scheme, steps in _STATES:
            if not names or name in names:
                _take(browser, server, (name, width, scheme), steps)
        browser.close()


def _take(browser: Browser, server: str, state: tuple[str, int, str], steps: Steps) -> None:
    name, width, scheme = state
    context = browser.new_context(
        base_url=server,
        locale="en",
        viewport={"width": width, "height": _HEIGHT},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    steps(page)
    page.screenshot(path=_FOLDER / f"{name}.png")
    context.close()


if __name__ == "__main__":
    main()
