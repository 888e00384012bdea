"""All of it by keyboard alone, in a real browser, with the focus always in sight."""

from __future__ import annotations

import pytest
import rispy
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser.conftest import QUESTION, Fitting, Open, answer_of, ask, in_sight_of


@pytest.fixture
def page(profile: Open) -> Page:
    """A page of a person who wants no motion: what has the focus is in sight at once."""
    return profile(reduced_motion="reduce").new_page()


# More stops than any page has.
_FAR = 250

_SEEN = r"""() => {
  const here = document.activeElement;
  const text = here.textContent.trim().replace(/\s+/g, " ");
  const style = getComputedStyle(here);
  const mark = here.querySelector?.("use");
  const box = here.getBoundingClientRect();
  const exit = document.getElementById("exit")?.getBoundingClientRect();
  const under = exit && here.id !== "exit" && box.left >= exit.left && box.right <= exit.right
    && box.top >= exit.top && box.bottom <= exit.bottom;
  return {
    what: here.id || here.name || text.slice(0, 60) || here.tagName,
    outlined: (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2)
      || (here.closest("svg") !== null && getComputedStyle(mark).stroke !== "none"),
    inSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
      && box.width > 0 && box.height > 0,
    under: Boolean(under),
  };
}"""


def step(page: Page, key: str = "Tab") -> str:
    """Go to the next stop, check that one sees where one is, and give what it is."""
    page.keyboard.press(key)
    seen = page.evaluate(_SEEN)
    assert seen["what"] != "BODY"
    assert seen["outlined"], f"no outline on {seen['what']}"
    assert seen["inSight"], f"out of sight: {seen['what']}"
    assert not seen["under"], f"under the exit: {seen['what']}"
    return str(seen["what"])


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Go by Tab to an element; it must be among the stops."""
    wanted = target.element_handle()
    for _ in range(_FAR):
        step(page, key)
        if wanted.evaluate("each => each === document.activeElement"):
            return
    raise AssertionError(f"not reached: {target}")


def stops_of(page: Page) -> list[str]:
    """All stops of a page, from the first to the last, which stands in the footer."""
    last = page.locator("footer a").last.element_handle()
    stops = []
    for _ in range(_FAR):
        stops.append(step(page))
        if last.evaluate("each => each === document.activeElement"):
            return stops
    raise AssertionError(f"no end: {stops[-1]}")


def test_the_first_stop_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    assert step(page) == "Skip to main content"
    expect(page.locator("a.skip")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert step(page) == "question"


def test_the_stops_of_the_first_page_are_in_the_order_of_reading(page: Page) -> None:
    page.goto("/")
    examples = page.locator(".examples button").count()
    assert examples >= 3
    stops = stops_of(page)
    assert stops == [
        "Skip to main content",
        "exit",
        "Fingerpost",
        "The library",
        "Map",
        "About",
        "Staying safe",
        "question",
        "Narrow by place, topic, author or year",
        "Find documents",
        *["example"] * examples,
        "See them all",
        "Français",
        "Español",
        "العربية",
        "For developers",
    ]


def test_the_stops_are_the_same_backwards(page: Page) -> None:
    page.goto("/about")
    forwards = stops_of(page)
    page.locator("footer a").last.focus()
    backwards = [step(page, "Shift+Tab") for _ in forwards[1:]]
    assert backwards == forwards[-2::-1]


# Of each hit: title, abstract, citation, selection, more and less like this.
_STOPS_OF_A_HIT = 6

_PART = """() => {
  const here = document.activeElement;
  const fold = here.closest(".folded-hits");
  if (fold && here === fold.firstElementChild) {
    return "the fold";
  }
  const part = [".understood", "li", ".paging", ".take", "#narrow", "footer"]
    .find(each => here.closest(each)) ?? "other";
  return part === "li" && fold ? "li in the fold" : part;
}"""


def stops_by_part(page: Page) -> dict[str, list[str]]:
    """The stops from here to the last one, by the parts of the page, each of which is left once."""
    stops: dict[str, list[str]] = {}
    parts: list[str] = []
    for _ in range(_FAR):
        what = step(page)
        part = page.evaluate(_PART)
        if part != "other":
            parts.append(part)
            stops.setdefault(part, []).append(what)
        if what == "For developers":
            break
    assert parts == sorted(parts, key=list(stops).index)
    return stops


def test_the_stops_of_an_answer_are_in_the_order_of_reading(page: Page) -> None:
    ask(page)
    expect(page.locator("h2.verdict")).to_be_focused()
    stops = stops_by_part(page)
    count = in_sight_of(answer_of(page))
    # The way to more documents is in the fold, where there is one.
    then = ["the fold"] if count < 10 else [".paging"]
    assert list(stops) == [".understood", "li", *then, ".take", "#narrow", "footer"]
    # What was understood, to be folded, and a button for each.
    assert set(stops[".understood"][1:]) == {"without"}
    assert len(stops["li"]) == count * _STOPS_OF_A_HIT
    assert stops["li"][1:6] == ["The whole abstract", "Cite", "pick", "more-1", "less-1"]


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_the_fold_opens_and_closes_by_keys(fitting: Fitting, key: str) -> None:
    page = fitting("best", "less likely", "likely", reduced_motion="reduce")
    ask(page)
    fold = page.locator("details.folded-hits > summary")
    tab_to(page, fold)
    page.keyboard.press(key)
    expect(page.locator("ol.hits h3").last).to_be_visible()
    expect(fold).to_be_focused()
    # From here on they are read like the others.
    stops = stops_by_part(page)
    assert list(stops) == ["li in the fold", ".paging", ".take", "#narrow", "footer"]
    assert len(stops["li in the fold"]) == 7 * _STOPS_OF_A_HIT
    assert stops["li in the fold"][1:6] == [
        *("The whole abstract", "Cite", "pick", "more-4", "less-4"),
    ]
    assert stops[".paging"] == ["offset"]
    tab_to(page, fold, "Shift+Tab")
    page.keyboard.press(key)
    expect(page.locator("ol.hits h3").last).to_be_hidden()
    assert "li in the fold" not in stops_by_part(page)


def test_more_documents_are_reached_through_the_fold_by_keys(fitting: Fitting) -> None:
    page = fitting("best", reduced_motion="reduce")
    ask(page)
    titles = [hit["document"]["title"] for hit in answer_of(page, limit=20)["hits"]]
    tab_to(page, page.locator("details.folded-hits > summary"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="More documents"))
    page.keyboard.press("Enter")
    expect(page.locator("h2.verdict")).to_be_focused()
    expect(page.locator("ol.hits h3")).to_have_text(titles[10:])
    tab_to(page, page.get_by_role("button", name="Previous documents"))
    page.keyboard.press("Enter")
    expect(page.locator("ol.hits h3")).to_have_text(titles[:10])


def test_from_the_first_stop_to_an_answer_a_file_a_document_and_out(page: Page) -> None:
    page.goto("/")
    step(page)
    page.keyboard.press("Enter")
    step(page)
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type(QUESTION)
    tab_to(page, page.locator("form.ask > button[type=submit]"))
    page.keyboard.press("Enter")
    expect(page.locator("h2.verdict")).to_be_focused()

    tab_to(page, page.locator('#narrow input[value="Trafficking"]'))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Apply"))
    page.keyboard.press("Enter")
    expect(page.locator("p.set button")).to_have_count(1)
    expect(page.locator("h2.verdict")).to_be_focused()
    filters = {"topics": ["Trafficking"]}
    titles = [
        hit["document"]["title"] for hit in answer_of(page, filters=filters, limit=20)["hits"]
    ]
    expect(page.locator("ol.hits h3")).to_have_text(titles[:10])

    # The first: the others may be folded away, and so may be the way to more.
    tab_to(page, page.locator("ol.hits input[name=pick]").first)
    page.keyboard.press("Space")
    for fold in page.locator("details.folded-hits > summary").all():
        tab_to(page, fold)
        page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("button", name="More documents"))
    page.keyboard.press("Enter")
    expect(page.locator("ol.hits")).to_have_attribute("start", "11")
    expect(page.locator("ol.hits h3")).to_have_text(titles[10:])

    tab_to(page, page.locator("ol.hits input[name=pick]").nth(2))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="RIS", exact=True))
    with page.expect_download() as got:
        page.keyboard.press("Enter")
    taken = rispy.loads(got.value.path().read_text("utf-8"))
    assert {each["title"] for each in taken} == {titles[0], titles[12]}

    tab_to(page, page.locator("ol.hits h3 a").nth(8), "Shift+Tab")
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    document = opened.value
    expect(document.locator("h1")).to_have_text(titles[18])
    tab_to(document, document.locator("ul.near a").first)
    tab_to(document, document.locator("#exit"), "Shift+Tab")
    document.keyboard.press("Enter")
    for each in (document, page):
        expect(each.locator("h1")).to_have_text("Table of measures")


def test_the_abstract_and_the_citation_open_by_keys(profile: Open) -> None:
    page = profile(
        reduced_motion="reduce", permissions=["clipboard-read", "clipboard-write"]
    ).new_page()
    ask(page)
    hit = page.locator("ol.hits > li").first
    tab_to(page, hit.locator("summary").first)
    page.keyboard.press("Enter")
    expect(hit.locator("p.abstract")).to_be_visible()
    tab_to(page, hit.locator("summary").nth(1))
    page.keyboard.press("Space")
    tab_to(page, hit.locator("button.copy"))
    page.keyboard.press("Enter")
    expect(hit.locator("button.copy")).to_have_text("Copied")
    expect(hit.locator("button.copy")).to_be_focused()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == hit.locator("p.citation").inner_text()


def test_the_filters_of_the_first_page_are_set_by_keys(page: Page) -> None:
    page.goto("/")
    tab_to(page, page.locator("#question"))
    page.keyboard.type(QUESTION)
    step(page)
    page.keyboard.press("Enter")
    tab_to(page, page.locator('input[name=topic][value="Trafficking"]'))
    page.keyboard.press("Space")
    tab_to(page, page.locator("#year_from"))
    page.keyboard.type("2019")
    page.keyboard.press("Enter")
    expect(page.locator("h2.verdict")).to_be_focused()
    expect(page.locator("p.set button")).to_have_count(2)
    answer = answer_of(page, filters={"topics": ["Trafficking"], "year_from": 2019})
    expect(page.locator("ol.hits h3")).to_have_text(
        [each["document"]["title"] for each in answer["hits"]]
    )


def test_a_problem_has_the_focus(page: Page) -> None:
    page.goto("/")
    tab_to(page, page.locator("#question"))
    page.keyboard.type("!?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".problem")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".problem a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()


def test_the_focus_is_seen_everywhere_on_a_phone(profile: Open) -> None:
    page = profile(reduced_motion="reduce", viewport={"width": 320, "height": 640}).new_page()
    for path in ("/", "/documents", "/map", "/safety"):
        page.goto(path)
        assert len(stops_of(page)) > 10


def test_the_language_is_changed_by_keys(page: Page) -> None:
    ask(page)
    tab_to(page, page.locator(".tongues [lang=fr]"))
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("h2.verdict")).to_be_focused()
    expect(page.locator("#question")).to_have_value(QUESTION)
