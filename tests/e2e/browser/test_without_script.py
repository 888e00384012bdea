"""Everything works where scripts are switched off, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
import rispy
from playwright.sync_api import Page, expect

from tests.e2e.browser.conftest import QUESTION, VERDICTS, Open, answer_of, ask, unfold


@pytest.fixture
def plain(profile: Open) -> Page:
    """A page of a browser that runs no scripts."""
    return profile(java_script_enabled=False).new_page()


def expect_titles(page: Page, *titles: str) -> None:
    expect(page.locator("ol.hits h3")).to_have_text(list(titles))


def titles_of(page: Page, question: str = QUESTION, **more: Any) -> list[str]:
    return [hit["document"]["title"] for hit in answer_of(page, question, **more)["hits"]]


def test_a_question_is_answered(plain: Page) -> None:
    ask(plain)
    expect(plain.locator("h2.verdict")).to_have_text(VERDICTS[answer_of(plain)["verdict"]])
    expect_titles(plain, *titles_of(plain))
    expect(plain.locator("#question")).to_have_value(QUESTION)
    # What only a script fills says what is true without one.
    expect(plain.locator("#count")).to_have_text("Up to 10,000 characters are read.")
    expect(plain.locator("#notice")).to_be_hidden()


def test_an_example_is_answered(plain: Page) -> None:
    plain.goto("/")
    plain.get_by_role("button", name="Which rights do trafficked children have?").click()
    expect(plain.locator("#question")).to_have_value("Which rights do trafficked children have?")
    expect_titles(plain, *titles_of(plain, question="Which rights do trafficked children have?"))


def test_results_are_narrowed_and_widened(plain: Page) -> None:
    ask(plain)
    plain.locator("#narrow").get_by_label("Referral Mechanisms").check()
    plain.locator("#year_from").fill("2013")
    plain.get_by_role("button", name="Apply").click()
    both = {"topics": ["Referral Mechanisms"], "year_from": 2013}
    expect_titles(plain, *titles_of(plain, filters=both))
    plain.locator("p.set button", has_text="Referral Mechanisms").click()
    expect_titles(plain, *titles_of(plain, filters={"year_from": 2013}))
    expect(plain.locator("#question")).to_have_value(QUESTION)


def test_an_answer_is_refined_by_marking_its_hits(plain: Page) -> None:
    ask(plain)
    first, second = answer_of(plain)["hits"][:2]
    titles = [hit["document"]["title"] for hit in (first, second)]
    ids = [hit["document"]["id"] for hit in (first, second)]
    plain.get_by_role("button", name=f"Less like this {titles[0]}").click()
    unfold(plain)
    plain.get_by_role("button", name=f"More like this {titles[1]}").click()
    refined = titles_of(plain, unlike=ids[:1], like=ids[1:])
    expect_titles(plain, *refined)
    unfold(plain)
    liked = plain.get_by_role("button", name=f"More like this {titles[1]}")
    expect(liked).to_have_attribute("aria-pressed", "true")
    for title in titles:
        plain.locator("p.set button", has_text=title).click()
    expect_titles(plain, *titles_of(plain))
    expect(plain.locator("#question")).to_have_value(QUESTION)
    expect(plain.locator("p.set")).to_have_count(0)


def test_what_was_understood_is_switched_off(plain: Page) -> None:
    ask(plain)
    lines = plain.locator(".understood li", has_text="health care provider")
    expect(lines).to_have_count(1)
    plain.get_by_role("button", name="Do not use “health care provider”").click()
    expect_titles(plain, *titles_of(plain, ignore=["health care provider"]))
    expect(lines).to_have_count(0)
    plain.locator("p.set", has_text="Not used:").get_by_role("button").click()
    expect_titles(plain, *titles_of(plain))
    expect(lines).to_have_count(1)
    expect(plain.locator("p.set")).to_have_count(0)


def test_a_filter_too_many_is_lifted(plain: Page) -> None:
    ask(plain)
    plain.locator("#narrow").get_by_label("Nigeria").check()
    plain.locator("#year_to").fill("1999")
    plain.get_by_role("button", name="Apply").click()
    expect(plain.locator("h2.verdict")).to_have_text("No document is left with these filters.")
    plain.locator("ul.lifts button", has_text="without “Years”").click()
    expect_titles(plain, *titles_of(plain, filters={"countries": ["Nigeria"]}))


def test_a_folded_filter_opens(plain: Page) -> None:
    plain.goto("/")
    topic = plain.locator('input[name=topic][value="Trafficking"]')
    expect(topic).to_be_hidden()
    plain.locator("form.ask details.narrow > summary").click()
    expect(topic).to_be_visible()


def test_pages_are_turned_and_what_is_selected_is_taken_along(plain: Page) -> None:
    ask(plain)
    titles = titles_of(plain, limit=20)
    unfold(plain)
    plain.get_by_role("checkbox", name=f"Select {titles[4]}").check()
    plain.get_by_role("button", name="More documents").click()
    expect_titles(plain, *titles[10:])
    plain.get_by_role("checkbox", name=f"Select {titles[13]}").check()
    with plain.expect_download() as got:
        plain.get_by_role("button", name="RIS", exact=True).click()
    taken = rispy.loads(got.value.path().read_text("utf-8"))
    assert {each["title"] for each in taken} == {titles[4], titles[13]}
    plain.get_by_role("button", name="Previous documents").click()
    expect_titles(plain, *titles[:10])
    expect(plain.locator("input[name=pick]:checked")).to_have_count(2)
    unfold(plain)
    expect(plain.get_by_role("checkbox", name=f"Select {titles[4]}")).to_be_checked()


def test_a_list_to_print_opens_in_a_new_tab_without_a_button_that_needs_a_script(
    plain: Page,
) -> None:
    ask(plain)
    titles = titles_of(plain)
    plain.get_by_role("checkbox", name=f"Select {titles[0]}").check()
    with plain.context.expect_page() as opened:
        plain.get_by_role("button", name="A list to print").click()
    expect(opened.value.locator("ol.hits h2")).to_have_text([titles[0]])
    expect(opened.value.locator("button:visible")).to_have_count(0)


def test_no_button_that_needs_a_script_is_shown(plain: Page) -> None:
    ask(plain)
    hit = plain.locator("ol.hits > li").first
    hit.locator("summary", has_text="Cite").click()
    expect(hit.locator("p.citation")).to_be_visible()
    expect(hit.locator("button.copy")).to_be_hidden()


@pytest.mark.parametrize(("name", "code"), [("Français", "fr"), ("العربية", "ar")])
def test_an_answer_is_read_in_another_language(plain: Page, name: str, code: str) -> None:
    ask(plain)
    titles = titles_of(plain, limit=20)
    unfold(plain)
    plain.get_by_role("button", name="More documents").click()
    plain.locator(".tongues").get_by_role("button", name=name).click()
    expect(plain.locator("html")).to_have_attribute("lang", code)
    expect(plain.locator("#question")).to_have_value(QUESTION)
    expect_titles(plain, *titles[10:])


def test_the_language_of_the_first_page_is_chosen_by_a_link(plain: Page) -> None:
    plain.goto("/")
    plain.locator(".tongues").get_by_role("link", name="Español").click()
    expect(plain.locator("html")).to_have_attribute("lang", "es")
    assert plain.url.endswith("/es/")


def test_the_map_is_zoomed_and_moved_by_links(plain: Page) -> None:
    plain.goto("/map")
    view = plain.locator("#map")
    expect(view).to_have_attribute("viewBox", "0 0 1000 1000")
    plain.locator('[data-move="+"]').click()
    expect(view).to_have_attribute("viewBox", "250 250 500 500")
    plain.locator('[data-move="+"]').click()
    expect(view).to_have_attribute("viewBox", "375 375 250 250")
    plain.locator('[data-move="→"]').click()
    expect(view).to_have_attribute("viewBox", "500 375 250 250")
    plain.locator('[data-move="↑"]').click()
    expect(view).to_have_attribute("viewBox", "500 250 250 250")
    plain.locator('[data-move="←"]').click()
    plain.locator('[data-move="↓"]').click()
    expect(view).to_have_attribute("viewBox", "375 375 250 250")
    plain.locator('[data-move="−"]').click()
    expect(view).to_have_attribute("viewBox", "250 250 500 500")
    plain.locator('[data-move="⤢"]').click()
    expect(view).to_have_attribute("viewBox", "0 0 1000 1000")


def test_a_point_of_the_map_opens_its_document(plain: Page) -> None:
    plain.goto("/map")
    point = plain.locator("#map a").nth(3)
    title = (point.locator("title").text_content() or "").rpartition(" (")[0]
    point.focus()
    plain.keyboard.press("Enter")
    expect(plain.locator("h1")).to_have_text(title)


def test_exit_leads_to_the_table(plain: Page) -> None:
    ask(plain)
    plain.locator("#exit").click()
    expect(plain.locator("h1")).to_have_text("Table of measures")
    assert plain.url.endswith("/measures")


def test_no_question_is_in_an_address(plain: Page) -> None:
    ask(plain)
    assert plain.url.rpartition("/")[2] == ""
    expect(plain).to_have_title("Answer – Fingerpost")
