"""What a page weighs on the wire, in an empty browser: people ask over slow links too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.e2e.browser.conftest import QUESTION, Open
from tests.support.app import Running

KILOBYTE = 1000
LARGEST_FIRST_PAGE = 25 * KILOBYTE
LARGEST_ANSWER = 40 * KILOBYTE
MOST_REQUESTS = 4
LANGUAGES = ("en", "ar")


@dataclass
class Wire:
    """All that a page sent for, with the bytes that came, headers included."""

    addresses: dict[str, str] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    cached: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> Wire:
        """Count from now on."""
        wire = cls()
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", wire._sent)
        session.on("Network.requestServedFromCache", lambda told: wire._note(wire.cached, told))
        session.on("Network.loadingFailed", lambda told: wire._note(wire.failed, told))
        session.on("Network.loadingFinished", wire._finished)
        session.send("Network.enable")
        return wire

    def _sent(self, told: dict[str, Any]) -> None:
        self.addresses[told["requestId"]] = told["request"]["url"]

    def _finished(self, told: dict[str, Any]) -> None:
        if told["requestId"] in self.addresses:
            self.weights[told["requestId"]] = int(told["encodedDataLength"])

    def _note(self, where: list[str], told: dict[str, Any]) -> None:
        where.append(self.addresses[told["requestId"]])

    @property
    def total(self) -> int:
        return sum(self.weights.values())

    @property
    def table(self) -> str:
        """One line a request, the heaviest first."""
        lines = sorted(((weight, self.addresses[of]) for of, weight in self.weights.items()))
        return "\n".join(f"{weight:7} {address}" for weight, address in reversed(lines))

    def check(self, host: str, most_bytes: int) -> None:
        """Check that all came, from one host, anew, and that it is little."""
        assert self.failed == []
        assert self.cached == [], "that is no empty browser"
        assert self.weights.keys() == self.addresses.keys(), "a request has no end"
        assert {urlsplit(each).netloc for each in self.addresses.values()} == {host}, self.table
        assert len(self.weights) <= MOST_REQUESTS, self.table
        assert 1000 < self.total <= most_bytes, f"{self.total} bytes\n{self.table}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_is_light(profile: Open, running: Running, language: str) -> None:
    page = profile(locale=language).new_page()
    wire = Wire.of(page)
    page.goto("/", wait_until="networkidle")
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("#question").is_visible()
    wire.check(urlsplit(running.address).netloc, LARGEST_FIRST_PAGE)


def submit_from_elsewhere(page: Page, address: str, question: str) -> None:
    """Send a question in a browser that has nothing of ours yet, from an empty page."""
    page.set_content(
        f'<form method="post" action="{address}/"><textarea name="question"></textarea>'
        "<button>Ask</button></form>"
    )
    page.locator("textarea").fill(question)
    page.locator("button").click()
    page.locator("h2.verdict").wait_for()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_of_ten_documents_is_light(
    profile: Open, running: Running, language: str
) -> None:
    page = profile(locale=language).new_page()
    wire = Wire.of(page)
    submit_from_elsewhere(page, running.address, QUESTION)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("ol.hits > li").count() == 10
    wire.check(urlsplit(running.address).netloc, LARGEST_ANSWER)


@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_first_page_an_answer_loads_itself_alone(profile: Open, language: str) -> None:
    page = profile(locale=language).new_page()
    page.goto("/", wait_until="networkidle")
    wire = Wire.of(page)
    page.locator("#question").fill(QUESTION)
    page.wait_for_load_state("networkidle")
    page.locator("form.ask > button[type=submit]").click()
    page.locator("h2.verdict").wait_for()
    page.wait_for_load_state("networkidle")
    paths = {urlsplit(address).path for address in wire.addresses.values()}
    fresh = {urlsplit(wire.addresses[of]).path for of, weight in wire.weights.items() if weight}
    assert paths >= {"/"}
    assert fresh <= {"/", "/measures"}, wire.table


def test_a_request_to_another_host_is_seen(profile: Open, running: Running) -> None:
    page = profile().new_page()
    page.route("http://elsewhere.test/*", lambda route: route.fulfill(body="x" * 2000))
    wire = Wire.of(page)
    page.goto("/", wait_until="networkidle")
    page.goto("http://elsewhere.test/", wait_until="networkidle")
    with pytest.raises(AssertionError, match="elsewhere"):
        wire.check(urlsplit(running.address).netloc, LARGEST_FIRST_PAGE)


def test_a_heavy_page_is_seen(profile: Open, running: Running) -> None:
    page = profile().new_page()
    wire = Wire.of(page)
    page.goto("/openapi.json", wait_until="networkidle")
    with pytest.raises(AssertionError, match="bytes"):
        wire.check(urlsplit(running.address).netloc, LARGEST_FIRST_PAGE)
