"""The map of the library, in a real browser: points, keys, mouse, and the same as a table."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser.conftest import PHONE, Open

WHOLE = [0.0, 0.0, 1000.0, 1000.0]
MARK = 36


def documents_of(page: Page) -> dict[str, dict[str, Any]]:
    """The library's documents by id, as the API lists them."""
    listed = page.context.request.get("/api/documents?limit=1000").json()
    assert listed["total"] == len(listed["documents"]) == 41
    return {each["id"]: each for each in listed["documents"]}


def id_of(link: Locator) -> str:
    return (link.get_attribute("href") or "").rpartition("/documents/")[2]


def view_of(page: Page) -> list[float]:
    """What part of the drawing is seen: left, top, width, height."""
    return [float(each) for each in (page.locator("#map").get_attribute("viewBox") or "").split()]


def places_of(page: Page) -> list[tuple[float, float]]:
    """The middle of each point, in the drawing's units."""
    boxes = page.locator("#map use").evaluate_all(
        "all => all.map(each => ['x', 'y', 'width', 'height'].map(n => +each.getAttribute(n)))"
    )
    return [(x + width / 2, y + height / 2) for x, y, width, height in boxes]


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the drawing is on the screen."""
    found = page.locator("#map").evaluate(
        "(map, [x, y]) => { const p = new DOMPoint(x, y).matrixTransform(map.getScreenCTM());"
        " return [p.x, p.y]; }",
        [x, y],
    )
    return found[0], found[1]


def empty_place(page: Page) -> tuple[float, float]:
    """A place in the drawing's inner part with no point near it."""
    places = places_of(page)
    grid = [(x, y) for x in range(300, 701, 20) for y in range(300, 701, 20)]
    best = max(grid, key=lambda at: min(math.dist(at, each) for each in places))
    assert min(math.dist(best, each) for each in places) > MARK
    return best


def focused(page: Page) -> int:
    """Which point has the focus, by its place in the order of the page."""
    index: int = page.locator("#map a").evaluate_all("all => all.indexOf(document.activeElement)")
    return index


def focus_first(page: Page) -> None:
    page.locator("#map a").first.focus()
    assert focused(page) == 0


@pytest.fixture
def map_page(page: Page) -> Page:
    """A page that shows the whole map, with the map in sight."""
    page.goto("/map")
    page.locator("#map").scroll_into_view_if_needed()
    assert view_of(page) == WHOLE
    return page


# What it shows.


def test_each_document_is_a_point_that_leads_to_it(map_page: Page) -> None:
    documents = documents_of(map_page)
    points = map_page.locator("#map a")
    assert sorted(id_of(each) for each in points.all()) == sorted(documents)
    for each in points.all():
        document = documents[id_of(each)]
        assert each.locator("title").text_content() == f"{document['title']} ({document['year']})"
    assert all(0 <= number <= 1000 for place in places_of(map_page) for number in place)
    assert len(set(places_of(map_page))) == 41


def test_the_legend_counts_every_document_once(map_page: Page) -> None:
    legend = map_page.locator("ul.legend li")
    counts = [int(each) for each in legend.locator(".number").all_inner_texts()]
    names = legend.locator("span[dir=auto]").all_inner_texts()
    drawn = {name: map_page.locator(f"#map a.m{mark}").count() for mark, name in enumerate(names)}
    assert dict(zip(names, counts, strict=True)) == drawn
    assert sum(counts) == 41
    assert names[0] == "Trafficking"


def test_the_table_holds_the_same_documents(map_page: Page) -> None:
    documents = documents_of(map_page)
    rows = map_page.locator("table tbody tr")
    expect(rows).to_have_count(41)
    shown = {}
    for each in rows.all():
        cells = each.locator("td").all_inner_texts()
        shown[id_of(each.locator("th a"))] = (each.locator("th").inner_text(), *cells[:3])
    assert shown == {
        key: (
            each["title"],
            "; ".join(each["topics"]),
            str(each["year"]),
            ", ".join(each["countries"]),
        )
        for key, each in documents.items()
    }


def test_the_table_names_the_nearest_document(map_page: Page) -> None:
    rows = map_page.locator("table tbody tr")
    for at in (0, 7, 40):
        key = id_of(rows.nth(at).locator("th a"))
        near = map_page.context.request.get(f"/api/documents/{key}/similar?limit=10").json()["hits"]
        titles = {each["document"]["id"]: each["document"]["title"] for each in near}
        link = rows.nth(at).locator("td a")
        assert key not in titles
        expect(link).to_have_text(titles[id_of(link)])


def test_the_map_can_be_skipped(map_page: Page) -> None:
    map_page.get_by_role("link", name=re.compile("Skip the map")).click()
    expect(map_page.locator("h2#table")).to_be_focused()
    expect(map_page.locator("h2#table")).to_be_in_viewport()


def test_a_point_opens_its_document_by_a_click(map_page: Page) -> None:
    # One that no other lies upon.
    places = places_of(map_page)
    at = max(
        range(41),
        key=lambda at: min(math.dist(places[at], each) for each in places if each != places[at]),
    )
    title = (map_page.locator("#map a title").nth(at).text_content() or "").rpartition(" (")[0]
    x, y = on_screen(map_page, *places[at])
    map_page.mouse.move(x, y)
    expect(map_page.locator("#caption")).to_contain_text(title)
    map_page.mouse.click(x, y)
    expect(map_page.locator("h1")).to_have_text(title)


# By keyboard.


def test_the_map_is_one_stop_of_the_tab_key(map_page: Page) -> None:
    last_link = map_page.locator("[data-move]").last
    last_link.focus()
    map_page.keyboard.press("Tab")
    assert focused(map_page) == 0
    map_page.keyboard.press("Tab")
    assert focused(map_page) == -1
    expect(map_page.locator("div.scroll")).to_be_focused()
    map_page.keyboard.press("Shift+Tab")
    assert focused(map_page) == 0


STEPS = {
    "ArrowRight": (1, 0),
    "ArrowLeft": (-1, 0),
    "ArrowDown": (0, 1),
    "ArrowUp": (0, -1),
}


@pytest.mark.parametrize("key", STEPS)
def test_arrows_lead_to_a_point_that_lies_there(map_page: Page, key: str) -> None:
    right, down = STEPS[key]
    places = places_of(map_page)
    focus_first(map_page)
    seen = [0]
    while True:
        map_page.keyboard.press(key)
        at = focused(map_page)
        if at == seen[-1]:
            break
        (x, y), (old_x, old_y) = places[at], places[seen[-1]]
        assert (x - old_x) * right + (y - old_y) * down > 0
        seen.append(at)
        title = map_page.locator("#map a title").nth(at).text_content()
        expect(map_page.locator("#caption")).to_have_text(title or "")
    assert len(seen) == len(set(seen))
    # At the end there is none further that way.
    ends = [x * right + y * down for x, y in places]
    assert ends[seen[-1]] == max(ends)


def test_every_point_can_be_reached_by_arrows(map_page: Page) -> None:
    focus_first(map_page)
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        for key in STEPS:
            link = map_page.locator("#map a").nth(here)
            link.focus()
            map_page.keyboard.press(key)
            at = focused(map_page)
            if at not in reached:
                reached.add(at)
                waiting.append(at)
    assert reached == set(range(41))


def test_the_point_that_was_left_is_the_one_that_tab_comes_back_to(map_page: Page) -> None:
    focus_first(map_page)
    for key in STEPS:
        if focused(map_page) == 0:
            map_page.keyboard.press(key)
    at = focused(map_page)
    assert at > 0
    map_page.keyboard.press("Tab")
    assert focused(map_page) == -1
    map_page.keyboard.press("Shift+Tab")
    assert focused(map_page) == at


def test_left_is_on_the_left_in_every_language(page: Page) -> None:
    for path in ("/map", "/ar/map"):
        page.goto(path)
        left, right = (page.locator(f'[data-move="{each}"]').bounding_box() for each in "←→")
        assert left
        assert right
        assert left["x"] < right["x"], path


def test_keys_zoom_about_the_point(map_page: Page) -> None:
    focus_first(map_page)
    x, y = places_of(map_page)[0]
    for press, side in (("+", 500), ("=", 250), ("+", 125), ("+", 62.5), ("+", 62.5)):
        map_page.keyboard.press(press)
        left, top, width, height = view_of(map_page)
        assert (width, height) == (side, side)
        assert left <= x <= left + width
        assert top <= y <= top + height
        # A mark is as large on the screen, however near.
        drawn = map_page.locator("#map use").first.get_attribute("width")
        assert float(drawn or 0) == pytest.approx(MARK * side / 1000)
    map_page.keyboard.press("-")
    assert view_of(map_page)[2] == 125
    map_page.keyboard.press("0")
    assert view_of(map_page) == WHOLE
    map_page.keyboard.press("-")
    assert view_of(map_page) == WHOLE
    assert places_of(map_page)[0] == pytest.approx((x, y))
    assert focused(map_page) == 0


def test_a_point_beyond_what_is_seen_is_brought_into_sight(map_page: Page) -> None:
    focus_first(map_page)
    for _ in range(3):
        map_page.keyboard.press("+")
    before = view_of(map_page)
    key = "ArrowRight" if before[0] < 500 else "ArrowLeft"
    for _ in range(4):
        map_page.keyboard.press(key)
        x, y = places_of(map_page)[focused(map_page)]
        left, top, width, height = view_of(map_page)
        assert left <= x <= left + width
        assert top <= y <= top + height
        assert (width, height) == (125, 125)
    assert view_of(map_page) != before


def test_keys_of_the_browser_are_left_to_it(map_page: Page) -> None:
    focus_first(map_page)
    map_page.keyboard.press("Control+0")
    map_page.keyboard.press("a")
    assert view_of(map_page) == WHOLE
    assert focused(map_page) == 0


@pytest.mark.parametrize("path", ["/map", "/ar/map"])
def test_the_caption_is_over_no_point_that_has_the_focus(profile: Open, path: str) -> None:
    page = profile(viewport=PHONE, reduced_motion="reduce").new_page()
    page.goto(path)
    page.locator("[data-move]").last.focus()
    page.keyboard.press("Tab")
    for at in range(41):
        page.locator("#map a").nth(at).focus()
        point = page.locator("#map use").nth(at).bounding_box()
        caption = page.locator("#caption").bounding_box()
        assert point
        assert caption
        assert caption["y"] + caption["height"] <= PHONE["height"]
        assert 0 < point["y"] < point["y"] + point["height"] <= caption["y"], at


def test_the_caption_is_over_no_point_that_the_mouse_is_on(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    page.goto("/map")
    for at, place in enumerate(places_of(page)):
        x, y = on_screen(page, *place)
        if y > 590:
            continue
        page.mouse.move(x, y)
        expect(page.locator("#caption")).not_to_be_empty()
        link = "([x, y]) => document.elementFromPoint(x, y).closest('#map a')?.getAttribute('href')"
        here = page.locator("#map a").nth(at).get_attribute("href")
        assert page.evaluate(link, [x, y]) == here


def test_enter_opens_the_document(map_page: Page) -> None:
    focus_first(map_page)
    map_page.keyboard.press("ArrowRight")
    point = map_page.locator("#map a").nth(focused(map_page))
    title = (point.locator("title").text_content() or "").rpartition(" (")[0]
    map_page.keyboard.press("Enter")
    expect(map_page.locator("h1")).to_have_text(title)


def test_the_focus_is_seen_on_a_point(map_page: Page) -> None:
    map_page.locator("div.scroll").focus()
    map_page.keyboard.press("Shift+Tab")
    mark = map_page.locator("#map a").first.locator("use")
    assert focused(map_page) == 0
    expect(mark).not_to_have_css("stroke", "none")
    expect(mark).to_have_css("stroke-width", "5px")
    expect(map_page.locator("#map a").nth(1).locator("use")).to_have_css("stroke", "none")


# By mouse.


def test_the_wheel_moves_the_page_until_the_map_is_clicked(profile: Open) -> None:
    # Playwright waits for what a page's script says by `eval`, which our pages do not allow.
    page = profile(bypass_csp=True, reduced_motion="reduce").new_page()
    page.goto("/map")
    page.locator("#map").scroll_into_view_if_needed()
    view = page.locator("#map")
    place = empty_place(page)
    page.mouse.move(*on_screen(page, *place))
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 60)
    page.wait_for_function("before => scrollY === before + 60", arg=before)
    expect(view).to_have_attribute("viewBox", "0 0 1000 1000")
    x, y = on_screen(page, *place)
    page.mouse.click(x, y)
    page.mouse.wheel(0, -100)
    expect(view).to_have_attribute("viewBox", re.compile(r" 800 800$"))
    # What is under the mouse stays there.
    assert on_screen(page, *place) == pytest.approx((x, y), abs=1.5)
    page.mouse.wheel(0, 100)
    expect(view).to_have_attribute("viewBox", "0 0 1000 1000")
    assert page.evaluate("scrollY") == before + 60
    # When the mouse has left the map, the wheel is the page's again.
    page.mouse.move(2, 450)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -60)
    page.wait_for_function("before => scrollY === before", arg=before)
    expect(view).to_have_attribute("viewBox", "0 0 1000 1000")


def test_the_map_is_dragged(map_page: Page) -> None:
    map_page.locator('[data-move="+"]').click()
    assert view_of(map_page) == [250, 250, 500, 500]
    place = empty_place(map_page)
    x, y = on_screen(map_page, *place)
    map_page.mouse.move(x, y)
    map_page.mouse.down()
    map_page.mouse.move(x + 40, y + 25, steps=5)
    map_page.mouse.up()
    left, top, width, height = view_of(map_page)
    assert (width, height) == (500, 500)
    assert left < 250
    assert top < 250
    assert on_screen(map_page, *place) == pytest.approx((x + 40, y + 25), abs=1.5)
    map_page.mouse.move(x, y)
    assert view_of(map_page) == [left, top, width, height]


def test_a_drag_that_begins_and_ends_on_a_point_does_not_open_it(map_page: Page) -> None:
    map_page.locator('[data-move="+"]').click()
    places = places_of(map_page)
    inner = [each for each in places if all(350 < number < 650 for number in each)]
    x, y = on_screen(map_page, *inner[0])
    map_page.mouse.move(x, y)
    map_page.mouse.down()
    map_page.mouse.move(x + 30, y + 30, steps=5)
    map_page.mouse.up()
    assert on_screen(map_page, *inner[0]) == pytest.approx((x + 30, y + 30), abs=1.5)
    expect(map_page.locator("h1")).to_have_text("Map of the library")
    assert map_page.url.endswith("/map")


def test_the_links_move_the_map_where_it_stands(map_page: Page) -> None:
    asked: list[str] = []
    map_page.on("request", lambda each: asked.append(each.url))
    for move, view in (
        ("+", [250, 250, 500, 500]),
        ("→", [500, 250, 500, 500]),
        ("→", [500, 250, 500, 500]),
        ("↓", [500, 500, 500, 500]),
        ("←", [250, 500, 500, 500]),
        ("↑", [250, 250, 500, 500]),
        ("−", WHOLE),
        ("+", [250, 250, 500, 500]),
        ("⤢", WHOLE),
    ):
        map_page.locator(f'[data-move="{move}"]').click()
        assert view_of(map_page) == view
    assert asked == []
    assert map_page.url.endswith("/map")


# On the page of a document.


def test_the_page_of_a_document_shows_where_it_lies(page: Page) -> None:
    page.goto("/map")
    places = dict(zip(map(id_of, page.locator("#map a").all()), places_of(page), strict=True))
    key = sorted(places)[0]
    page.goto(f"/documents/{key}")
    small = page.get_by_role("img", name=re.compile("This document is ringed"))
    expect(small).to_be_visible()
    ring = small.locator("circle.here")
    x, y = (float(ring.get_attribute(name) or 0) for name in ("cx", "cy"))
    assert (x, y) == pytest.approx(places[key], abs=0.2)
    drawn = [each.get_attribute("d") or "" for each in small.locator("path.dots").all()]
    assert [each.count("M") for each in drawn] == [41, 5]
    near = {id_of(each) for each in page.locator("ul.near a").all()}
    assert {
        tuple(float(number) for number in each.split())
        for each in re.findall(r"M([\d.]+ [\d.]+)h0", drawn[1])
    } == {tuple(round(number, 1) for number in places[each]) for each in near}
    page.get_by_role("link", name="Look around it on the map").click()
    left, top, width, height = view_of(page)
    assert (width, height) == (250, 250)
    assert left <= x <= left + width
    assert top <= y <= top + height
    assert len(page.locator("#map a").all()) == 41


def test_the_map_fits_a_phone(profile: Open) -> None:
    page = profile(viewport={"width": 320, "height": 640}, has_touch=True).new_page()
    page.goto("/map")
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
    assert box["height"] <= 640
    rows = page.locator("[data-move]").evaluate_all("all => all.map(each => each.offsetTop)")
    assert len(set(rows)) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
