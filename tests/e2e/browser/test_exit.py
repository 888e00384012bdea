"""Leaving quickly, in a real browser: where Exit leads, and what is left behind."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser.conftest import DESK, QUESTION, Open, ask, unfold
from tests.support.app import CANARY, Running

# Words that stand in the question and in none of our pages.
TOLD = f"What should a {CANARY} nurse do who meets a victim?"


def expect_neutral(page: Page) -> None:
    """Check that a page is the table of measures, and nothing of ours stands on it."""
    page.wait_for_url("**/measures")
    expect(page.locator("h1")).to_have_text("Table of measures")
    expect(page).to_have_title("Table of measures")
    expect(page.locator("tbody tr").first.locator("td")).to_have_text(
        ["1", "0.6", "1", "2.2", "1", "34"]
    )
    assert "fingerpost" not in page.content().lower()


def expect_untold(page: Page) -> None:
    """Check that a page shows neither the question nor an answer."""
    page.wait_for_load_state()
    content = page.content()
    assert CANARY not in content
    expect(page.locator("ol.hits, h2.verdict")).to_have_count(0)
    # The password of each form is always the same, and nobody's.
    boxes = page.locator("textarea, input:not([type=checkbox], [type=password])")
    assert [each.input_value() for each in boxes.all() if each.input_value()] == []
    assert CANARY not in page.title()
    assert CANARY not in page.url


def go_back(page: Page) -> None:
    """Go back as a person does, and wait for what is shown then."""
    page.evaluate("history.back()")
    page.wait_for_url(lambda address: not address.endswith("/measures"))


def history_of(page: Page) -> list[dict[str, str]]:
    """All that the browser's history holds of a tab."""
    session = page.context.new_cdp_session(page)
    entries: list[dict[str, str]] = session.send("Page.getNavigationHistory")["entries"]
    return entries


# Where it leads.


@pytest.mark.parametrize("path", ["/", "/documents", "/map", "/about", "/safety", "/docs"])
def test_a_click_replaces_every_page_by_the_table(page: Page, path: str) -> None:
    page.goto(path)
    page.get_by_role("link", name="Exit this page").click()
    expect_neutral(page)
    assert [each["url"].rpartition("/")[2] for each in history_of(page)][-1] == "measures"
    # Nothing of ours is before it.
    assert [each["url"] for each in history_of(page)][:-1] in (["about:blank"], [])


def test_the_table_loads_nothing_of_ours(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda each: asked.append(each.url))
    page.goto("/measures")
    page.wait_for_load_state("networkidle")
    assert [each for each in asked if not each.startswith("data:")] == [page.url]
    expect(page.locator("a, form, script, link[rel=stylesheet], #exit")).to_have_count(0)


def test_exit_stays_in_sight(page: Page) -> None:
    ask(page)
    expect(page.locator("#exit")).to_be_in_viewport()
    page.locator("footer").scroll_into_view_if_needed()
    expect(page.locator("#exit")).to_be_in_viewport(ratio=1)
    page.locator("#exit").click()
    expect_neutral(page)


def test_exit_is_in_sight_on_a_phone(profile: Open) -> None:
    page = profile(viewport={"width": 320, "height": 640}, has_touch=True).new_page()
    ask(page)
    expect(page.locator("#exit")).to_be_in_viewport(ratio=1)
    page.locator("#exit").tap()
    expect_neutral(page)


def test_exit_works_without_a_network(page: Page) -> None:
    page.goto("/")
    with page.expect_response("**/measures"):
        page.locator("#question").focus()
    page.keyboard.type(CANARY)
    page.context.set_offline(True)
    page.locator("#exit").click()
    expect_neutral(page)


def test_exit_of_an_answer_works_without_a_network(page: Page) -> None:
    page.goto("/")
    with page.expect_response("**/measures"):
        page.locator("#question").focus()
    page.locator("#question").fill(TOLD)
    page.keyboard.press("Control+Enter")
    expect(page.locator("h2.verdict")).to_be_visible()
    page.context.set_offline(True)
    for _ in range(3):
        page.keyboard.press("Shift")
    expect_neutral(page)


def test_all_tabs_leave_together(page: Page) -> None:
    ask(page, TOLD)
    with page.context.expect_page() as opened:
        page.locator("ol.hits h3 a").first.click()
    document = opened.value
    document.wait_for_load_state()
    other = page.context.new_page()
    ask(other, TOLD)
    document.locator("#exit").click()
    for each in (document, page, other):
        expect_neutral(each)


def test_tabs_of_another_profile_stay(page: Page, profile: Open) -> None:
    stranger = profile().new_page()
    ask(stranger, QUESTION)
    ask(page, TOLD)
    page.locator("#exit").click()
    expect_neutral(page)
    expect(stranger.locator("h2.verdict")).to_be_visible()
    expect(stranger.locator("#question")).to_have_value(QUESTION)


# By Shift.


def test_shift_three_times_exits_and_says_how_often(page: Page) -> None:
    ask(page, TOLD)
    said = page.locator("#exit-said")
    expect(said).to_have_attribute("role", "status")
    expect(said).to_be_empty()
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift, press 2 more times to exit.")
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift, press once more to exit.")
    page.keyboard.press("Shift")
    expect_neutral(page)


def test_shift_is_forgotten_after_a_while(page: Page) -> None:
    page.clock.install()
    page.goto("/")
    said = page.locator("#exit-said")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift, press once more to exit.")
    page.clock.fast_forward(5100)
    expect(said).to_have_text("Exit by Shift: time is over.")
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift, press 2 more times to exit.")
    assert page.url.endswith("/")


def test_capitals_do_not_exit(page: Page) -> None:
    page.goto("/")
    page.locator("#question").click()
    for letter in "IOMUNODC":
        page.keyboard.press(f"Shift+{letter}")
    expect(page.locator("#question")).to_have_value("IOMUNODC")
    expect(page.locator("#exit-said")).to_be_empty()
    assert page.url.endswith("/")


def test_capitals_whose_shift_is_let_go_first_do_not_exit(page: Page) -> None:
    page.goto("/")
    page.locator("#question").click()
    for letter in "ABCD":
        page.keyboard.down("Shift")
        page.keyboard.down(letter)
        page.keyboard.up("Shift")
        page.keyboard.up(letter)
    expect(page.locator("#question")).to_have_value("ABCD")
    assert page.url.endswith("/")


def test_one_shift_held_for_several_capitals_counts_no_press(page: Page) -> None:
    page.goto("/")
    page.locator("#question").click()
    for _ in range(3):
        page.keyboard.down("Shift")
        for letter in "ECPAT":
            page.keyboard.press(letter)
        page.keyboard.up("Shift")
    expect(page.locator("#question")).to_have_value("ECPAT" * 3)
    expect(page.locator("#exit-said")).to_be_empty()


def test_moving_back_with_shift_and_tab_does_not_exit(page: Page) -> None:
    page.goto("/about")
    for _ in range(4):
        page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(page.locator("a.skip")).to_be_focused()
    expect(page.locator("#exit-said")).to_be_empty()


def test_a_shift_held_down_is_one_press(page: Page) -> None:
    page.goto("/")
    for _ in range(5):
        page.keyboard.down("Shift")
    page.keyboard.up("Shift")
    expect(page.locator("#exit-said")).to_have_text("Shift, press 2 more times to exit.")
    assert page.url.endswith("/")


# What is left behind.


def test_the_history_holds_no_question(page: Page) -> None:
    ask(page, TOLD)
    unfold(page)
    page.get_by_role("button", name="More documents").click()
    expect(page.locator("ol.hits")).to_have_attribute("start", "11")
    told = json.dumps(history_of(page))
    assert CANARY not in told
    assert "nurse" not in told
    assert {each["url"].split("/", 3)[3] for each in history_of(page)[1:]} == {""}
    assert {each["title"] for each in history_of(page)[1:]} <= {"Fingerpost", "Answer – Fingerpost"}
    assert CANARY not in page.title()
    assert page.evaluate("[history.state, Object.keys(localStorage), document.cookie]") == [
        None,
        [],
        "",
    ]
    assert page.context.cookies() == []


def test_loading_an_answer_again_does_not_send_the_question_again(page: Page) -> None:
    ask(page, TOLD)
    sent: list[tuple[str, str | None]] = []
    page.on("request", lambda each: sent.append((each.method, each.post_data)))
    page.reload()
    expect(page.locator("h1")).to_be_visible()
    assert ("GET", None) in sent
    assert {method for method, _ in sent} == {"GET"}
    expect_untold(page)


def test_back_after_exit_shows_nothing_that_was_asked(page: Page) -> None:
    ask(page, TOLD)
    page.locator("#exit").click()
    expect_neutral(page)
    go_back(page)
    expect_untold(page)
    expect(page.locator("#question")).to_have_value("")


def test_back_after_several_answers_shows_nothing_that_was_asked(page: Page) -> None:
    ask(page, TOLD)
    unfold(page)
    page.get_by_role("button", name="More documents").click()
    expect(page.locator("ol.hits")).to_have_attribute("start", "11")
    page.locator('#narrow input[value="Trafficking"]').check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("p.set button")).to_have_count(1)
    page.locator("#exit").click()
    expect_neutral(page)
    sent: list[str] = []
    page.on("request", lambda each: sent.append(each.method))
    before = sum("about:blank" not in each["url"] for each in history_of(page)[:-1])
    assert before >= 1
    for _ in range(before):
        page.go_back()
        expect_untold(page)
    assert "POST" not in sent


def test_back_after_exit_from_another_page_shows_nothing_that_was_asked(page: Page) -> None:
    ask(page, TOLD)
    # By its address: beside an answer the links open tabs of their own.
    page.goto("/about")
    expect(page.locator("h1")).to_have_text("About")
    page.locator("#exit").click()
    expect_neutral(page)
    go_back(page)
    expect_untold(page)


def test_forward_again_shows_the_table(page: Page) -> None:
    ask(page, TOLD)
    page.locator("#exit").click()
    expect_neutral(page)
    go_back(page)
    page.go_forward()
    expect_neutral(page)


# A browser that keeps pages as they were when they were left, to show them at once on Back.
# Playwright's switches turn that off.


@pytest.fixture
def keeping(browser: Browser, running: Running) -> Iterator[Page]:
    """A page of a browser that keeps pages; `window.kept` says whether one is such a page."""
    launched = browser.browser_type.launch(
        executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    context = launched.new_context(viewport=DESK, locale="en", base_url=running.address)
    context.add_init_script("addEventListener('pageshow', each => { kept = each.persisted; })")
    yield context.new_page()
    launched.close()


def write_and_turn_to_another_page(page: Page, asks: bool) -> None:
    """Write a question, ask it or not, and go to another page in the same tab."""
    page.goto("/")
    page.locator("#question").fill(TOLD)
    if asks:
        page.keyboard.press("Control+Enter")
        expect(page.locator("h2.verdict")).to_be_visible()
    # By its address: beside an answer the links open tabs of their own.
    page.goto("/about")
    expect(page.locator("h1")).to_have_text("About")


@pytest.mark.parametrize("asks", [True, False], ids=["asked", "only written"])
def test_a_kept_page_shows_nothing_after_exit(keeping: Page, asks: bool) -> None:
    write_and_turn_to_another_page(keeping, asks)
    keeping.locator("#exit").click()
    expect_neutral(keeping)
    go_back(keeping)
    expect_untold(keeping)
    assert keeping.evaluate("kept") is False


def test_such_a_browser_does_keep_pages_else(keeping: Page) -> None:
    write_and_turn_to_another_page(keeping, asks=True)
    keeping.evaluate("history.back()")
    expect(keeping.locator("h2.verdict")).to_be_visible()
    expect(keeping.locator("#question")).to_have_value(TOLD)
    assert keeping.evaluate("kept") is True


def test_a_kept_answer_left_by_exit_itself_shows_nothing(keeping: Page) -> None:
    ask(keeping, TOLD)
    keeping.locator("#exit").click()
    expect_neutral(keeping)
    go_back(keeping)
    expect_untold(keeping)
    keeping.go_forward()
    expect_neutral(keeping)
