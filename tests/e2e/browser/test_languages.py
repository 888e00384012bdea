"""The page in its languages, in a real browser; what it says there is not looked at here."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import QUESTION, Open, answer_of, ask, unfold

DIRECTIONS = {"en": "ltr", "fr": "ltr", "es": "ltr", "ar": "rtl"}
NAMES = {"en": "English", "fr": "Français", "es": "Español", "ar": "العربية"}
OTHERS = ["fr", "es", "ar"]


def expect_language(page: Page, code: str) -> None:
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator("html")).to_have_attribute("dir", DIRECTIONS[code])
    here = page.locator(".tongues [aria-current=true]")
    expect(here).to_have_text(NAMES[code])


def expect_hits(page: Page, answer: dict[str, Any]) -> None:
    titles = [each["document"]["title"] for each in answer["hits"]]
    expect(page.locator("ol.hits > li h3")).to_have_text(titles)


@pytest.mark.parametrize(
    ("locale", "code"),
    [("en", "en"), ("fr", "fr"), ("es-MX", "es"), ("ar-LB", "ar"), ("fr-CH", "fr"), ("de", "en")],
)
def test_the_browser_asks_for_the_language(profile: Open, locale: str, code: str) -> None:
    page = profile(locale=locale).new_page()
    for path in ("/", "/documents", "/map", "/about", "/safety"):
        page.goto(path)
        expect_language(page, code)
    page.goto("/measures")
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator("html")).to_have_attribute("dir", DIRECTIONS[code])


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_is_chosen_by_hand_and_stays(page: Page, code: str) -> None:
    page.goto("/documents")
    expect_language(page, "en")
    page.locator(".tongues").get_by_role("link", name=NAMES[code]).click()
    expect_language(page, code)
    assert page.url.endswith(f"/{code}/documents")
    page.locator("header nav a").last.click()
    expect_language(page, code)
    page.locator("a.brand").click()
    expect_language(page, code)
    page.locator("#question").fill(QUESTION)
    page.locator("form.ask > button[type=submit]").click()
    expect(page.locator("ol.hits > li")).to_have_count(10)
    expect_language(page, code)
    page.locator(".tongues").get_by_role("button", name="English").click()
    expect_language(page, "en")


@pytest.mark.parametrize("code", OTHERS)
def test_an_answer_keeps_all_when_its_language_is_changed(page: Page, code: str) -> None:
    ask(page)
    page.locator('#narrow input[value="Trafficking"]').check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("p.set button")).to_have_count(1)
    unfold(page)
    page.get_by_role("button", name="More documents").click()
    answer = answer_of(page, filters={"topics": ["Trafficking"]}, offset=10)
    expect_hits(page, answer)
    page.locator("ol.hits input[name=pick]").nth(2).check()
    page.locator(".tongues").get_by_role("button", name=NAMES[code]).click()
    expect_language(page, code)
    expect(page.locator("#question")).to_have_value(QUESTION)
    expect(page.locator('#narrow input[value="Trafficking"]')).to_be_checked()
    expect(page.locator("ol.hits")).to_have_attribute("start", "11")
    expect_hits(page, answer)
    expect(page.locator("input[name=pick]:checked")).to_have_count(1)
    expect(page.locator("ol.hits input[name=pick]").nth(2)).to_be_checked()
    assert page.url.endswith(f"/{code}/")


@pytest.mark.parametrize("code", OTHERS)
def test_the_same_is_found_in_every_language(profile: Open, code: str) -> None:
    page = profile(locale=code).new_page()
    ask(page)
    expect_language(page, code)
    expect_hits(page, answer_of(page))
    expect(page.locator("h2.verdict")).to_be_focused()


@pytest.mark.parametrize("code", OTHERS)
def test_a_problem_keeps_the_question_when_its_language_is_changed(page: Page, code: str) -> None:
    page.goto("/")
    page.locator("#question").fill("victims")
    page.locator("form.ask details.narrow > summary").click()
    page.locator("#year_from").fill("soon")
    page.locator("form.ask > button[type=submit]").click()
    expect(page.locator(".problem")).to_be_visible()
    page.locator(".tongues").get_by_role("button", name=NAMES[code]).click()
    expect_language(page, code)
    expect(page.locator(".problem")).to_be_visible()
    expect(page.locator("#question")).to_have_value("victims")
    expect(page.locator("#year_from")).to_have_value("soon")


def test_an_english_document_on_the_arabic_page_runs_from_left_to_right(profile: Open) -> None:
    page = profile(locale="ar").new_page()
    ask(page)
    unfold(page)
    hits = page.locator("ol.hits > li")
    expect(hits).to_have_count(10)
    for hit in hits.all():
        hit.locator("summary").first.click()
        # A sentence is marked where a document fits.
        marked = hit.locator("blockquote").all()
        for part in (hit.locator("h3"), *marked, hit.locator("p.abstract")):
            expect(part).to_have_attribute("lang", "en")
            expect(part).to_have_css("direction", "ltr")
            expect(part).to_be_visible()
    expect(page.locator("h2.verdict")).to_have_css("direction", "rtl")
    # The facts' values, such as an author's name, run as they are written; their names do not.
    expect(hits.first.locator("dl.facts")).to_have_css("direction", "rtl")
    for value in hits.first.locator("dl.facts bdi").all():
        arabic = "\u0600" <= (value.text_content() or "")[0] <= "\u06ff"
        expect(value).to_have_css("direction", "rtl" if arabic else "ltr")
    expect(hits.first.locator("dl.facts bdi").first).to_have_text("2009")


def test_the_exit_is_where_lines_end(profile: Open) -> None:
    width = 1280
    for code, left in (("en", False), ("ar", True)):
        page = profile(locale=code, viewport={"width": width, "height": 900}).new_page()
        page.goto("/")
        place = page.locator("#exit").bounding_box()
        assert place is not None
        assert (place["x"] + place["width"] < width / 2) == left


def test_a_question_in_arabic_runs_from_right_to_left_on_every_page(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill("كيف أتعرف على ضحية؟")
    expect(page.locator("#question")).to_have_css("direction", "rtl")
    page.locator("#question").fill("How?")
    expect(page.locator("#question")).to_have_css("direction", "ltr")


@pytest.mark.parametrize("code", OTHERS)
def test_exit_speaks_the_language_too(profile: Open, code: str) -> None:
    page = profile(locale="en").new_page()
    page.goto(f"/{code}/")
    page.locator("#exit").click()
    page.wait_for_url(f"**/{code}/measures")
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator("tbody tr")).to_have_count(10)
