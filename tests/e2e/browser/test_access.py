"""Pages are for all: axe-core finds nothing, large text fits, Exit is in sight, targets are large.

axe-core's rules are https://github.com/dequelabs/axe-core/blob/develop/doc/rule-descriptions.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypedDict, Unpack

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, ViewportSize

from tests.e2e.browser.conftest import DESK, PHONE, QUESTION, Open, unfold
from tests.support.app import Running

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ANSWERED = "How do I recognise a victim of trafficking at a border?"
NONE = "How do I bake a chocolate cake?"


# Pages and states: each is reached from the empty box of a language (`/fr`).


def _ask(page: Page, tongue: str, question: str = QUESTION) -> None:
    page.goto(f"{tongue}/")
    page.locator("#question").fill(question)
    _press(page, "form.ask > button[type=submit]")


def _press(page: Page, selector: str) -> None:
    with page.expect_navigation():
        page.locator(selector).first.click()


def _open_all(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")


def first(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/")
    assert page.locator("form.examples button").count() > 1


def first_opened(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/")
    _open_all(page)
    page.locator("#question").fill("Call me: nurse@example.org")
    assert page.locator("#notice").inner_text()


def answered(page: Page, tongue: str) -> None:
    _ask(page, tongue, ANSWERED)
    assert page.locator("h2.verdict:not(.none)").count() == 1


def none(page: Page, tongue: str) -> None:
    _ask(page, tongue, NONE)
    assert page.locator("h2.verdict.none").count() == 1
    assert page.locator("details.folded-hits:not([open])").count() == 1


def none_opened(page: Page, tongue: str) -> None:
    none(page, tongue)
    _open_all(page)


def opened(page: Page, tongue: str) -> None:
    _ask(page, tongue)
    _open_all(page)


def long_question(page: Page, tongue: str) -> None:
    _ask(page, tongue, f"{ANSWERED} The victm is a boy who was made to beg.\n{QUESTION} " * 3)
    _open_all(page)


def filtered(page: Page, tongue: str) -> None:
    _ask(page, tongue)
    page.locator("section.narrow input[name=country]").first.check()
    page.locator("#year_from").fill("2000")
    _press(page, "section.narrow button[type=submit]")
    assert page.locator("p.set button").count() == 2


def nothing_left(page: Page, tongue: str) -> None:
    _ask(page, tongue)
    page.locator("#year_from").fill("1990")
    page.locator("#year_to").fill("1990")
    _press(page, "section.narrow button[type=submit]")
    assert page.locator("ul.lifts button").count() == 1


def error(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/")
    page.locator("#question").fill(QUESTION)
    _open_all(page)
    page.locator("#year_from").fill("199x")
    _press(page, "form.ask > button[type=submit]")
    assert page.locator(".problem").count() == 1


def second_page(page: Page, tongue: str) -> None:
    _ask(page, tongue)
    page.locator("input[name=pick]").first.check()
    unfold(page)
    _press(page, "div.paging button")
    assert page.locator("details.elsewhere input").count() == 1


def listed(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/documents")
    assert page.locator("ul.near li").count() == 41


def document(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/documents")
    _press(page, "ul.near a")
    assert page.locator("svg.map.small").count() == 1


def map_of_documents(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/map")
    assert page.locator("svg#map a").count() == 41


def map_with_a_point_in_focus(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/map?zoom=4&x=0.3&y=0.3")
    page.locator("svg#map a[tabindex='0']").focus()
    assert page.locator("#caption").inner_text()


def about(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/about")


def safety(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/safety")


def measures(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/measures")


def docs(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/docs")


def selection(page: Page, tongue: str) -> None:
    _ask(page, tongue)
    with page.context.expect_page() as waiting:
        page.locator("button[value=print]").click()
    printed = waiting.value
    printed.wait_for_load_state()
    assert printed.locator("ol.hits > li").count() == 10
    printed.close()
    # The same in this window.
    page.evaluate("document.querySelector('button[value=print]').formTarget = '_self'")
    _press(page, "button[value=print]")


def empty_selection(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/")
    with page.expect_navigation():
        page.evaluate(
            """(path) => {
              const form = document.getElementById("ask");
              form.action = path;
              form.noValidate = true;
              form.submit();
            }""",
            f"{tongue}/selection",
        )


def missing(page: Page, tongue: str) -> None:
    page.goto(f"{tongue}/documents/unknown")


State = Callable[[Page, str], None]
STATES: tuple[State, ...] = (
    first,
    first_opened,
    answered,
    none,
    none_opened,
    opened,
    long_question,
    filtered,
    nothing_left,
    error,
    second_page,
    listed,
    document,
    map_of_documents,
    map_with_a_point_in_focus,
    about,
    safety,
    measures,
    docs,
    selection,
    empty_selection,
    missing,
)
TONGUES = ("en", "fr", "ar")


class Media(TypedDict, total=False):
    """Settings of the reader, by the names of Playwright's `emulate_media`."""

    color_scheme: Literal["dark", "light"]
    forced_colors: Literal["active", "none"]
    reduced_motion: Literal["reduce"]


PLAIN: Media = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"}
DARK: Media = {"color_scheme": "dark"}
FORCED: Media = {"forced_colors": "active"}


@dataclass(frozen=True)
class Place:
    """A state of a page in a language, reached."""

    page: Page
    state: State
    tongue: str

    def look(self, size: ViewportSize, **media: Unpack[Media]) -> None:
        """Look at the top of it, in a window of a size, with the reader's settings."""
        self.page.set_viewport_size(size)
        settings: Media = {**PLAIN, **media}
        self.page.emulate_media(**settings)
        self.page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")


def _known(each: tuple[State, str]) -> str:
    return f"{each[0].__name__}-{each[1]}"


# For developers there are pages in English alone.
PLACES = [
    (state, tongue)
    for tongue in TONGUES
    for state in STATES
    if (state, tongue) not in {(docs, "fr"), (docs, "ar")}
]


@pytest.fixture(scope="module")
def window(browser: Browser, running: Running) -> Iterator[Page]:
    """A window in which readers' own styles are taken (else the page's policy bars them)."""
    context = browser.new_context(base_url=running.address, locale="en", bypass_csp=True)
    thrown: list[str] = []
    context.on("weberror", lambda each: thrown.append(str(each.error)))
    yield context.new_page()
    context.close()
    assert thrown == []


@pytest.fixture(scope="module", params=PLACES, ids=_known)
def place(request: pytest.FixtureRequest, window: Page) -> Place:
    """Go to each state in each language once, for all the tests of it."""
    state, tongue = request.param
    window.set_viewport_size(DESK)
    window.emulate_media(**PLAIN)
    state(window, f"/{tongue}")
    return Place(window, state, tongue)


@pytest.fixture(scope="module", name="axe")
def _axe() -> Callable[[Page], list[str]]:
    """Give a function that runs axe-core on a page, and says what it found a line each."""
    options: dict[str, Any] = {
        "runOnly": {"type": "tag", "values": TAGS},
        "rules": {"target-size": {"enabled": True}},  # of WCAG 2.2, off unless it is named
        "resultTypes": ["violations"],
    }

    def run(page: Page) -> list[str]:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        # Where the reader's colours are forced, axe-core goes by -webkit-text-fill-color, which
        # Chromium still gives as the page's own though it paints the reader's.
        forced = page.evaluate("matchMedia('(forced-colors: active)').matches")
        options["rules"]["color-contrast"] = {"enabled": not forced}
        found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
        assert len(found["passes"]) >= 10, "axe-core looked at nothing"
        return [
            f"{each['id']}: {' '.join(map(str, node['target']))}\n    {node['html'][:160]}\n"
            f"    {' '.join(node['failureSummary'].split())[:300]}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    return run


Axe = Callable[[Page], list[str]]
Look = tuple[ViewportSize, Media]
# All of it in English; in the others once, large or small, light or dark.
LOOKS: dict[str, tuple[Look, ...]] = {
    "en": ((DESK, {}), (PHONE, FORCED), (PHONE, DARK), (DESK, {**DARK, **FORCED})),
    "fr": ((DESK, DARK),),
    "ar": ((PHONE, {}),),
}


def test_axe_finds_nothing(place: Place, axe: Axe) -> None:
    direction = place.page.locator("html").get_attribute("dir")
    assert direction == ("rtl" if place.tongue == "ar" else "ltr")
    found: dict[str, list[str]] = {}
    for size, media in LOOKS[place.tongue]:
        place.look(size, **media)
        for each in axe(place.page):
            found.setdefault(each, []).append(f"{size['width']} px {media}")
    assert not found, "\n".join(f"{each}\n    at {found[each]}" for each in found)


# Each text with its colour and its background's, as far as they are told apart by eye.
_FAINT = """() => {
  const light = (text) => {
    const [red, green, blue] = text.match(/[\\d.]+/g).slice(0, 3).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const faint = [];
  for (const each of document.body.querySelectorAll(
    "a, button, mark, p, h1, h2, h3, dd, dt, code"
  )) {
    let behind = each;
    while (behind && /, 0\\)$|transparent/.test(getComputedStyle(behind).backgroundColor)) {
      behind = behind.parentElement;
    }
    if (!behind || each.disabled || !each.checkVisibility()) {
      continue;
    }
    const colour = getComputedStyle(each).color;
    const ground = getComputedStyle(behind).backgroundColor;
    const [dim, bright] = [light(colour), light(ground)].sort((a, b) => a - b);
    if ((bright + 0.05) / (dim + 0.05) < 4.5) {
      const text = each.textContent.trim().slice(0, 40);
      faint.push(`${each.localName} ${text}: ${colour} on ${ground}`);
    }
  }
  return faint;
}"""


def test_words_are_clear_in_colours_of_the_readers_own(place: Place) -> None:
    """By the formula of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        media: Media = {**FORCED, "color_scheme": scheme}
        place.look(PHONE, **media)
        assert place.page.evaluate("matchMedia('(forced-colors: active)').matches")
        assert place.page.evaluate(_FAINT) == [], scheme


def test_faint_words_are_seen(still: Page) -> None:
    still.goto("/about")
    assert still.evaluate(_FAINT) == []
    still.evaluate("document.querySelector('main p').style.color = '#aaa'")
    assert len(still.evaluate(_FAINT)) == 1


@pytest.fixture
def still(profile: Open) -> Page:
    """A page of an empty profile of a phone, that moves nothing by itself."""
    return profile(reduced_motion="reduce", viewport=PHONE).new_page()


def test_axe_finds_what_is_wrong(still: Page, axe: Axe) -> None:
    still.goto("/")
    still.evaluate(
        """() => {
          document.documentElement.removeAttribute("lang");
          document.querySelector("label[for=question]").remove();
          document.querySelector("footer p").style.color = "#999";
          const main = document.querySelector("main");
          for (const name of ["a", "b"]) {
            const small = document.createElement("button");
            small.textContent = name;
            small.style.cssText = "all: unset; width: 5px; height: 5px; display: block";
            main.append(small);
          }
        }"""
    )
    kinds = {each.partition(":")[0] for each in axe(still)}
    assert kinds >= {"html-has-lang", "label", "color-contrast", "target-size"}


# Text of twice its size.

_LARGE = "html { font-size: 200% !important }"

# What does not fit: the page wider than the window, and each element with words that is beside
# the window or cuts its own off. What is there for readers of the screen alone, and what scrolls
# in a frame of its own, is left out.
_MISFITS = """() => {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) {
    wrong.push(`the page is ${root.scrollWidth} px wide in ${innerWidth}`);
  }
  const hidden = ".skip:not(:focus), datalist, datalist *, option";
  const outside = `${hidden}, .scroll *, svg *`;
  for (const each of document.body.querySelectorAll("*")) {
    if (
      each.matches(outside) ||
      each.closest(".visually-hidden") ||
      !each.checkVisibility({ visibilityProperty: true })
    ) {
      continue;
    }
    const style = getComputedStyle(each);
    const name = each.tagName + "." + each.className + " " + each.textContent.trim().slice(0, 50);
    const cuts = (overflow) => overflow === "hidden" || overflow === "clip";
    if (
      (cuts(style.overflowX) && each.scrollWidth > each.clientWidth + 1) ||
      (cuts(style.overflowY) && each.scrollHeight > each.clientHeight + 1)
    ) {
      wrong.push(`cut off: ${name}`);
    }
    for (const box of each.getClientRects()) {
      if (box.width && (box.left < -1 || box.right > innerWidth + 1)) {
        wrong.push(`at ${Math.round(box.left)} to ${Math.round(box.right)} px: ${name}`);
        break;
      }
    }
  }
  return wrong;
}"""

# Words that others stand upon.
_OVERLAPS = """() => {
  const told = (each) => "under Exit: " + each.textContent.trim().slice(0, 40);
  const exit = document.getElementById("exit")?.getBoundingClientRect();
  const header = [...document.querySelectorAll("header a, main h1, main h2.verdict")];
  return header.filter((each) => exit && [...each.getClientRects()].some((box) =>
    box.left < exit.right - 1 && box.right > exit.left + 1 &&
    box.top < exit.bottom - 1 && box.bottom > exit.top + 1)).map(told);
}"""


def test_text_of_twice_its_size_fits(place: Place) -> None:
    style = place.page.add_style_tag(content=_LARGE)
    try:
        # On a phone a table of figures may be wider (WCAG 2.2, 1.4.10 excepts it).
        for size in (DESK,) if place.state is measures else (DESK, PHONE):
            place.look(size)
            html = "getComputedStyle(document.documentElement)"
            assert place.page.evaluate(f"{html}.fontSize") == "32px"
            misfits = place.page.evaluate(_MISFITS) + place.page.evaluate(_OVERLAPS)
            assert misfits == [], f"{size['width']} px"
    finally:
        style.evaluate("(style) => style.remove()")


def test_a_page_fits_a_phone_and_a_desk(place: Place) -> None:
    for size in (PHONE, DESK):
        place.look(size)
        misfits = place.page.evaluate(_MISFITS) + place.page.evaluate(_OVERLAPS)
        assert misfits == [], f"{size['width']} px"


def test_what_does_not_fit_is_seen(still: Page) -> None:
    page = still
    page.goto("/about")
    page.evaluate(
        """() => {
          const [wide, cut] = [document.createElement("p"), document.createElement("p")];
          wide.style.cssText = "width: 400px";
          wide.textContent = "wide";
          cut.style.cssText = "height: 10px; overflow: hidden";
          cut.textContent = "two words";
          document.querySelector("main").append(wide, cut);
        }"""
    )
    found = " ".join(page.evaluate(_MISFITS))
    assert "the page is 416 px wide in 320" in found
    assert "px: P. wide" in found
    assert "cut off: P. two words" in found
    assert page.evaluate(_OVERLAPS) == []
    page.evaluate("document.getElementById('exit').style.cssText = 'position: fixed; inset: 0'")
    assert "under Exit: Fingerpost" in page.evaluate(_OVERLAPS)


# Exit.

_EXIT_SEEN = """() => {
  const exit = document.getElementById("exit");
  const box = exit.getBoundingClientRect();
  const places = [[0.5, 0.5], [0.05, 0.1], [0.95, 0.1], [0.05, 0.9], [0.95, 0.9]];
  return places.every(([x, y]) => exit.contains(
    document.elementFromPoint(box.left + x * box.width, box.top + y * box.height)));
}"""


def test_exit_is_in_sight_wherever_the_page_is_scrolled(place: Place) -> None:
    if place.state in (measures, docs):
        pytest.skip("that is no page to exit from")
    place.look(PHONE)
    height = place.page.evaluate("document.documentElement.scrollHeight")
    for top in [*range(0, height, 500), height]:
        place.page.evaluate("(top) => scrollTo({ top, behavior: 'instant' })", top)
        assert place.page.evaluate(_EXIT_SEEN), f"{top} of {height} px"


def test_an_exit_that_is_covered_is_seen(still: Page) -> None:
    still.goto("/about")
    assert still.evaluate(_EXIT_SEEN)
    still.evaluate("document.querySelector('.leave').style.position = 'relative'")
    assert still.evaluate(_EXIT_SEEN)
    still.evaluate("scrollTo({ top: 400, behavior: 'instant' })")
    assert not still.evaluate(_EXIT_SEEN)


# What has the focus is within the window and not all under Exit (WCAG 2.4.11).
_FOCUS_SEEN = """() => {
  const focused = document.activeElement;
  const name = focused.tagName + " " + (focused.id || focused.name || "") + " "
    + focused.textContent.trim().slice(0, 40);
  if (focused === document.body || focused.id === "exit") {
    return { name, at: "", seen: true };
  }
  const exit = document.getElementById("exit").getBoundingClientRect();
  const boxes = [...(focused.labels?.length && focused.type === "checkbox"
    ? focused.labels[0] : focused).getClientRects()];
  const seen = boxes.some((box) => {
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    const covered = left >= exit.left && right <= exit.right
      && top >= exit.top && bottom <= exit.bottom;
    return right > left && bottom > top && !covered;
  });
  const at = JSON.stringify(boxes.map((box) => [box.left, box.top, box.right, box.bottom]));
  return { name, at, seen };
}"""


@pytest.mark.parametrize("tongue", ["en", "ar"])
@pytest.mark.parametrize(
    "state", [opened, second_page, map_of_documents, document], ids=lambda each: each.__name__
)
def test_the_focus_is_never_lost_under_exit(still: Page, state: State, tongue: str) -> None:
    state(still, f"/{tongue}")
    address = still.url
    hidden, names = [], set()
    # Backwards a page moves what comes next to its upper edge, where Exit is.
    still.locator("footer a").last.focus()
    for key in ("Shift+Tab", "Tab"):
        for _ in range(60):
            still.keyboard.press(key)
            now = still.evaluate(_FOCUS_SEEN)
            names.add(now["name"])
            if not now["seen"]:
                hidden.append(f"{key}: {now}")
    assert len(names) > 15
    assert still.url == address
    assert hidden == []


def test_a_focus_under_exit_is_seen(still: Page) -> None:
    still.goto("/")
    still.locator(".brand").focus()
    assert still.evaluate(_FOCUS_SEEN)["seen"]
    still.evaluate("document.getElementById('exit').style.cssText = 'width: 100vw; height: 100vh'")
    still.evaluate("document.getElementById('exit').style.inset = '0'")
    assert not still.evaluate(_FOCUS_SEEN)["seen"]


# Targets.

# As WCAG 2.2 has it (https://www.w3.org/TR/WCAG22/#target-size-minimum): 24 px either way, or so
# much room that circles of 24 px around the smaller ones touch no other target and no other
# circle. Links within a sentence may be small, and what lies on the map has to lie there.
_SMALL_TARGETS = """() => {
  const targets = [...document.querySelectorAll("a, button, input, summary, textarea, select")]
    .map((each) => (each.type === "checkbox" ? each.closest("label") : each))
    .filter((each) => each.checkVisibility({ visibilityProperty: true })
      && each.type !== "hidden" && !each.matches(".skip, #exit") && !each.closest("svg"))
    .map((each) => ({ each, box: each.getBoundingClientRect() }));
  const isSmall = ({ box }) => box.width < 23.99 || box.height < 23.99;
  const inSentence = ({ each }) => each.localName === "a"
    && getComputedStyle(each).display === "inline"
    && [...each.parentElement.childNodes].some(
      (node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const middle = ({ box }) => [box.left + box.width / 2, box.top + box.height / 2];
  const far = ([x, y], { box }) => Math.hypot(
    Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));
  const crowds = (one, other) => {
    const [here, there] = [middle(one), middle(other)];
    const apart = Math.hypot(here[0] - there[0], here[1] - there[1]);
    return far(here, other) < 12 || (isSmall(other) && apart < 24);
  };
  return targets
    .filter((one) => isSmall(one) && !inSentence(one)
      && targets.some((other) => other !== one && crowds(one, other)))
    .map(({ each, box }) => `${each.localName} ${box.width.toFixed(1)} x ${box.height.toFixed(1)} `
      + each.textContent.trim().slice(0, 40));
}"""


def test_targets_are_large_enough(place: Place) -> None:
    for size in (PHONE, DESK):
        place.look(size)
        assert place.page.evaluate(_SMALL_TARGETS) == [], f"{size['width']} px"


def test_a_small_target_is_seen(still: Page) -> None:
    still.goto("/about")
    assert still.evaluate(_SMALL_TARGETS) == []
    still.evaluate(
        """() => {
          const pair = document.createElement("div");
          pair.style.cssText = "display: flex; line-height: 1";
          for (const name of ["one", "two"]) {
            const link = document.createElement("a");
            link.textContent = name;
            link.href = "/";
            link.style.cssText = "font-size: 8px";
            pair.append(link);
          }
          document.querySelector("main").append(pair);
        }"""
    )
    assert [each.split()[-1] for each in still.evaluate(_SMALL_TARGETS)] == ["one", "two"]
