"""Asking on the page, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.server.browser.conftest import QUESTION, ask


def test_a_question_is_answered_and_stays_in_the_box(page: Page):
    ask(page)
    expect(page.locator("h2.verdict")).to_have_text(
        "These documents may help. Check the marked sentence in each."
    )
    expect(page.locator("#question")).to_have_value(QUESTION)
    expect(page.locator("ol.hits > li")).to_have_count(10)
    expect(page.locator("ol.hits > li").first).to_contain_text("Caring for Trafficked Persons")
