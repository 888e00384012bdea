"""A library and questions that want to run scripts, break out of their place, or twist the page.

Every payload calls `pwned()`, asks another host, or leaves an element that pages do not have. All
of it is text here: nothing runs, nothing is loaded, and people read what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Route

from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.library import Library
from server.app import create_app
from server.settings import Settings
from tests.conftest import Silent, write_jsonl
from tests.e2e.browser.conftest import PHONE, Open, serving

# Payloads: each way out of where a text stands, with each thing to do there.

_WAYS_OUT = (
    "",
    '">',
    "'>",
    "</textarea>",
    "</title></title>",
    "</mark></blockquote>",
    '"></option></datalist>',
    "</svg>",
    "</details>",
    "</script>",
    "--><!-- -->",
    "]]><![CDATA[",
    "</p></dd></dl></main></body></html>",
)
_DEEDS = (
    "<script>pwned()</script>",
    "<img src=x onerror=pwned()>",
    "<svg onload=pwned()></svg>",
    '<iframe src="javascript:parent.pwned()"></iframe>',
    '<link rel=stylesheet href="//elsewhere.test/x.css">',
    "<style>@import '//elsewhere.test/x.css'; * { background: url(//elsewhere.test/x) }</style>",
)
_ATTRIBUTES = (
    '" autofocus onfocus=pwned() x="',
    "' autofocus onfocus=pwned() x='",
    '" style="animation: x" onanimationstart=pwned() "',
    "` onmouseover=pwned() `",
    "javascript:pwned()",
    "java\tscript:pwned()",
    "data:text/html,<script>pwned()</script>",
    "//elsewhere.test/x",
)
_OTHERS = (
    "{{7*7}}{% raw %}{{ config }}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "%(num)s %s {0} {value} {what}",
    "<!-- comment",
    "&lt;script&gt;pwned()&lt;/script&gt; &#60;b&#62; &amp;amp;",
    "<ScRiPt\n>pwned()</sCrIpT\t>",
    "<base href=//elsewhere.test/><meta http-equiv=refresh content='0;url=//elsewhere.test/'>",
    "<form action=//elsewhere.test/><input name=question><button>Go</button></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=pwned()>",
    "jaVasCript:/*-/*`/*\\`/*'/*\"/**/(/* */oNcliCk=pwned() )//%0D%0A//</stYle/</titLe/"
    "</teXtarEa/</scRipt/--!>\\x3csVg/<sVg/oNloAd=pwned()//>\\x3e",
    "zero\u200bwidth\u200djoined\ufeffmark\u00adsoft",
    "null \\0 %00 \ufffd \u2400 end",
    "line\u2028separator\u2029and\u0085next",
    "W" * 400,
    "ﷺ" * 60 + "e" + "\u0301" * 300,
    "👩🏽‍⚕️🏳️‍🌈🇺🇳 emoji",
    "حماية ضحايا الاتجار بالبشر (2004) SOP, رقم 5",
    "\u202eright to left override",
    "\u202dleft to right override \u202b embedding",
    "isolate \u2066 never \u2067 closed \u2068",
)
# Elements that run nothing and are not to be.
_ELEMENTS = (
    "<base href=//elsewhere.test/>",
    "<form action=//elsewhere.test/></form>",
    "<form></form><form></form><form></form>",
    "<math></math>",
    '<p style="color: red">',
    "<p onclick=pwned()>",
)
PAYLOADS = tuple(out + deed for out in _WAYS_OUT for deed in _DEEDS) + _ATTRIBUTES + _OTHERS
TWISTED = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _id(number: int, payload: str) -> str:
    """Give an id as hostile as an id may be."""
    told = re.sub(r"[\x00-\x20\x7f]+", "_", payload).strip("_")
    return f"{number:03}{told}"[:190]


def _document(number: int, payload: str) -> dict[str, Any]:
    """Put a payload in every place of a document."""
    return {
        "id": _id(number, payload),
        "title": payload,
        "abstract": f"{payload}\nVictims of trafficking number {number} are {payload} referred.",
        "authors": [f"{payload} A{number}", f"B{number} {payload}"],
        "countries": [f"{payload} C{number}"],
        "regions": [f"{payload} R{number}"],
        "topics": [f"{payload} T{number}"],
        "sources": [f"{payload} S{number}"],
        "category": payload,
        "year": 1950 + number % 50,
    }


DOCUMENTS = [_document(number, payload) for number, payload in enumerate(PAYLOADS)]
HARMLESS = {
    **_document(len(PAYLOADS), "A plain title of victims"),
    "id": "harmless",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[str]:
    """Serve the hostile library, with one document that is not."""
    folder = tmp_path_factory.mktemp("hostile")
    source = write_jsonl(folder / "source.jsonl", *DOCUMENTS, HARMLESS)
    index(folder / "vectors", [source], Silent(), load=lambda _, **__: encoder)
    library = Library(folder / "vectors", load=lambda _, **__: encoder)
    with serving(create_app(Settings(vectors=folder / "vectors"), library)) as served:
        yield served


# Detectors.

# What no page of ours has: elements, attributes and addresses that a payload would have made.
_LOOK = """() => {
  const tags = {};
  const strange = [];
  for (const each of document.querySelectorAll("*")) {
    const tag = each.localName;
    tags[tag] = (tags[tag] ?? 0) + 1;
    for (const { name, value } of each.attributes) {
      const plain = name.replace(/^(viewBox|preserveAspectRatio)$/, "");
      if (/^on|^style$|^autofocus$|[^a-z0-9-]/.test(plain)) {
        strange.push(`<${tag} ${name}>`);
      }
      const at = ["href", "src", "action", "formaction"].includes(name);
      if (at && value !== "data:," && new URL(value, location.href).origin !== location.origin) {
        strange.push(`<${tag} ${name}=${value}>`);
      }
    }
  }
  return { tags, strange, wide: document.documentElement.scrollWidth, room: innerWidth };
}"""
_OURS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "a",
        "div",
        "span",
        "header",
        "nav",
        "main",
        "footer",
        "p",
        "h1",
        "h2",
        "h3",
    ),
    *(
        "form",
        "label",
        "textarea",
        "details",
        "summary",
        "fieldset",
        "legend",
        "input",
        "datalist",
        "option",
        "button",
        "section",
        "ol",
        "ul",
        "li",
        "blockquote",
        "mark",
        "dl",
        "time",
    ),
    *(
        "dt",
        "dd",
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "use",
        "symbol",
        "defs",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "q",
        "strong",
        "bdi",
        "article",
        "aside",
    ),
}
_SCRIPTS = 2  # page.js and, on the map, map.js


class Watch:
    """Notes what a page does that it should not."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.wrong: list[str] = []
        self._origin = origin
        context.expose_function("pwned", lambda: self.wrong.append("a script ran"))
        context.on("dialog", self._dialog)
        context.on("request", lambda each: self._request(each.url))
        context.on("console", self._console)

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append("a dialog")
        dialog.dismiss()

    def _request(self, url: str) -> None:
        if not url.startswith(self._origin + "/") and url != "about:blank":
            self.wrong.append(f"asked {url}")
        path = urlsplit(url).path
        if path.startswith("/static/") and "." not in path:
            self.wrong.append(f"asked {url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of" not in message.text:
            self.wrong.append(message.text)

    def look(self, page: Page, where: str) -> dict[str, int]:
        """Check a page as it stands, and give how many elements of each kind it has."""
        seen = page.evaluate(_LOOK)
        assert self.wrong == [], where
        assert seen["strange"] == [], where
        assert set(seen["tags"]) <= _OURS, where
        assert seen["tags"].get("script", 0) <= _SCRIPTS, where
        assert seen["tags"].get("form", 0) <= 2, where
        assert seen["wide"] <= seen["room"], f"{where}: {seen['wide']} px in {seen['room']}"
        tags: dict[str, int] = seen["tags"]
        return tags


@pytest.fixture
def page(profile: Open, address: str) -> Page:
    """A phone's page of the hostile library."""
    return profile(viewport=PHONE, base_url=address).new_page()


@pytest.fixture
def watch(page: Page, address: str) -> Watch:
    """The detectors, on that page."""
    return Watch(page.context, address)


def post(page: Page, path: str, *fields: tuple[str, str]) -> None:
    """Send a form to a path with any fields."""
    with page.expect_navigation():
        page.evaluate(
            """([path, fields]) => {
              const form = document.createElement("form");
              form.method = "post";
              form.action = path;
              for (const [name, value] of fields) {
                const box = document.createElement("textarea");
                box.name = name;
                box.value = value;
                form.append(box);
              }
              document.body.append(form);
              form.submit();
            }""",
            [path, fields],
        )


# The detectors see.


@pytest.mark.parametrize("deed", [*_DEEDS, *_ELEMENTS])
@pytest.mark.parametrize("policy", ["", "default-src 'none'; script-src 'self'"])
def test_a_page_that_does_not_escape_is_seen(
    page: Page, watch: Watch, deed: str, policy: str
) -> None:
    def answer(route: Route) -> None:
        headers = {"Content-Security-Policy": policy} if policy else {}
        body = f"<!doctype html><title>x</title><body>{deed}"
        route.fulfill(body=body, content_type="text/html", headers=headers)

    page.route("**/careless", answer)
    page.route("http://elsewhere.test/**", lambda route: route.fulfill(body=""))
    page.goto("/careless")
    with pytest.raises(AssertionError):
        watch.look(page, deed)


def test_a_wide_page_is_seen(page: Page, watch: Watch) -> None:
    page.goto("/about")
    watch.look(page, "about")
    page.evaluate("document.querySelector('h1').textContent = 'W'.repeat(400)")
    watch.look(page, "about")
    page.evaluate(
        "document.styleSheets[0].insertRule('h1 { overflow-wrap: normal !important }',"
        "document.styleSheets[0].cssRules.length)"
    )
    with pytest.raises(AssertionError, match="px in 320"):
        watch.look(page, "about")


# A text that turns the direction must not turn others. Gives each element that holds one and other
# words too, in one paragraph or one isolated part of it. A citation is left out: it is one text,
# to be copied as it stands.
_TWISTS = """([pattern, known]) => {
  const twisting = new RegExp(pattern, "u");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const holds = (element) => {
    const style = getComputedStyle(element);
    return style.display !== "inline" || /isolate|plaintext/.test(style.unicodeBidi);
  };
  const own = (element) => [...element.childNodes].map((node) =>
    node.nodeType === Node.TEXT_NODE ? node.data : holds(node) ? "" : own(node)).join("\\n");
  const without = (text) => known.reduce((rest, each) => rest.replaceAll(each, ""), text);
  const wrong = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    let holder = node.parentElement;
    if (!twisting.test(node.data) || holder.closest("svg, option, .told, .citation, textarea")) {
      continue;
    }
    while (!holds(holder)) {
      holder = holder.parentElement;
    }
    const beside = without(own(holder));
    if (/[\\p{L}\\p{N}]/u.test(beside) || !holder.closest("[dir]:not(html), bdi")) {
      const path = `${holder.localName}.${holder.className}`;
      wrong.push(`${path}: ${node.data.trim().slice(0, 40)} | ${beside.trim().slice(0, 60)}`);
    }
  }
  return wrong;
}"""


def twists(page: Page, *known: str) -> list[str]:
    """Give what known texts of a page turn besides themselves."""
    longest_first = sorted(known, key=len, reverse=True)
    found: list[str] = page.evaluate(_TWISTS, [TWISTED.pattern, longest_first])
    return found


def test_a_twist_is_seen(page: Page) -> None:
    page.goto("/about")
    assert twists(page) == []
    page.evaluate("document.querySelector('main p').append(' \u202etwist')")
    assert len(twists(page, "\u202etwist")) == 1
    page.evaluate(
        "document.querySelector('main p').innerHTML = '<bdi dir=auto>\u202etwist</bdi> x'"
    )
    assert twists(page, "\u202etwist") == []


# Pages of the library.


def one_line(text: str) -> str:
    """Give a text as a browser does of a title: white space is one space."""
    return re.sub("[\t\n\f\r ]+", " ", text).strip(" ")


# Every way out and every deed comes in each language, not each pair of them.
def in_turn(number: int) -> str:
    """Give the language of a payload's turn."""
    return ("en", "ar")[(number + number // len(_DEEDS)) % 2]


@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_the_page_of_each_document_shows_it_to_the_letter(
    page: Page, watch: Watch, tongue: str
) -> None:
    page.goto(f"/{tongue}/documents/harmless")
    usual = watch.look(page, "harmless")
    assert usual["dd"] == 6
    for each in DOCUMENTS:
        path = quote(each["id"], safe="")
        page.goto(f"/{tongue}/documents/{path}")
        where = f"{tongue} {each['id']!r}"
        between = "؛ " if tongue == "ar" else "; "
        assert watch.look(page, where) == usual, where
        shown = page.evaluate(
            """() => ({
              title: document.title,
              h1: document.querySelector("h1").textContent,
              abstract: document.querySelector(".abstract").textContent,
              facts: [...document.querySelectorAll("dd")].map((each) => each.textContent),
              id: document.querySelector("code").textContent,
              meta: [...document.querySelectorAll("meta[name=citation_author]")]
                .map((each) => each.content),
              citation: document.querySelector(".citation").textContent,
            })"""
        )
        assert shown["title"] == one_line(f"{each['title']} – Fingerpost"), where
        assert shown["h1"] == each["title"], where
        assert shown["abstract"] == each["abstract"], where
        assert shown["facts"] == [
            str(each["year"]),
            each["countries"][0].strip(),
            each["regions"][0].strip(),
            between.join(author.strip() for author in each["authors"]),
            each["topics"][0].strip(),
            each["sources"][0].strip(),
        ], where
        assert shown["id"] == each["id"], where
        assert shown["meta"] == [author.strip() for author in each["authors"]], where
        assert each["title"] in shown["citation"], where


@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_the_list_the_map_and_other_pages_stay_whole(page: Page, watch: Watch, tongue: str) -> None:
    titles = {each["title"] for each in [*DOCUMENTS, HARMLESS]}
    listed: list[str] = []
    for path in ("/", "/documents", "/documents?page=2", "/documents?page=3", "/map?zoom=2"):
        page.goto(f"/{tongue}{path}")
        watch.look(page, path)
        listed += page.locator("ul.near li > a").all_text_contents()
    assert sorted(listed) == sorted(each["title"] for each in [*DOCUMENTS, HARMLESS])
    points = page.locator("svg#map title").all_text_contents()
    assert {each[:-7] for each in points} == titles
    assert len(points) == len(DOCUMENTS) + 1
    for path in ("/about", "/safety", "/measures"):
        page.goto(f"/{tongue}{path}")
        watch.look(page, path)


def test_each_link_of_the_list_leads_to_its_document(page: Page) -> None:
    """An id may hold what an address cannot, as it stands."""
    found: dict[str, str] = {}
    for number in (1, 2, 3):
        page.goto(f"/documents?page={number}")
        links = page.evaluate(
            "[...document.querySelectorAll('ul.near a')].map((a) => [a.textContent, a.href])"
        )
        found.update(dict(links))
    for title, address in found.items():
        answer = page.context.request.get(address)
        assert (answer.status, title) == (200, title)


# What people send.

_FIELDS = (
    *("topic", "country", "region", "author", "year_from", "year_to", "worldwide", "plain"),
    *("offset", "pick", "lift", "mark", "example", "format", "shown"),
    *("like", "unlike", "more", "less", "ignore", "without", "add"),
)


def _answer_is_whole(page: Page, watch: Watch, where: str) -> None:
    tags = watch.look(page, where)
    assert tags["form"] == 1, where
    assert tags["textarea"] == 1, where
    assert tags.get("svg", 0) <= 1, where
    assert tags["title"] == 1 + tags.get("rect", 0), where
    known = {each["title"] for each in [*DOCUMENTS, HARMLESS]}
    assert set(page.locator("ol.hits h3").all_text_contents()) <= known, where


def test_each_question_stays_text(page: Page, watch: Watch) -> None:
    page.goto("/about")
    for number, payload in enumerate(PAYLOADS):
        post(page, f"/{in_turn(number)}/", ("question", payload))
        _answer_is_whole(page, watch, repr(payload))
        assert page.evaluate("document.getElementById('question').value") == payload.strip()


def test_each_field_stays_text(page: Page, watch: Watch) -> None:
    page.goto("/about")
    for number, payload in enumerate(PAYLOADS):
        name = _FIELDS[number % len(_FIELDS)]
        tongue = in_turn(number)
        post(page, f"/{tongue}/", ("question", "victims"), (name, payload))
        _answer_is_whole(page, watch, f"{tongue} {name} {payload!r}")


_FACETS = ("topic", "country", "region", "author")


@pytest.mark.parametrize("name", _FACETS)
def test_a_hostile_value_of_the_library_can_be_chosen(page: Page, watch: Watch, name: str) -> None:
    """A hostile value that is the library's own is shown as a filter, and takes effect."""
    page.goto("/about")
    plural = {"country": "countries"}.get(name, f"{name}s")
    for each in DOCUMENTS[_FACETS.index(name) :: 9]:
        value = each[plural][0].strip()
        post(page, "/", ("question", "victims"), (name, value))
        where = f"{name}={value!r}"
        _answer_is_whole(page, watch, where)
        assert page.locator("p.set button > [dir=auto]").all_text_contents() == [value], where
        assert page.locator("ol.hits h3").all_text_contents() == [each["title"]], where
        ticked = page.evaluate(
            "(name) => [...document.querySelectorAll(`[name=${name}]:checked`)]"
            ".map((each) => each.value)",
            name,
        )
        assert ticked == [value], where


def test_a_selection_is_shown_to_the_letter(page: Page, watch: Watch) -> None:
    page.goto("/about")
    for tongue, some in (("en", DOCUMENTS[:50]), ("ar", DOCUMENTS[50:])):
        post(page, f"/{tongue}/selection", *(("pick", each["id"]) for each in some))
        watch.look(page, tongue)
        shown = page.locator("ol.hits h2").all_text_contents()
        assert shown == [each["title"] for each in some]


def test_errors_and_addresses_stay_text(page: Page, watch: Watch) -> None:
    for number, payload in enumerate(PAYLOADS):
        path = quote(payload, safe="")
        places = (f"/documents/{path}", f"/{path}", f"/?question={path}", f"/map?x={path}")
        address = f"/{in_turn(number)}{places[number % len(places)]}"
        page.goto(address)
        watch.look(page, address)
        assert page.evaluate("document.title").endswith("Fingerpost"), address


# Texts that turn the direction.


TURNING = [each for each in DOCUMENTS if TWISTED.search(each["title"])]
# All that those documents say of themselves.
KNOWN = [
    text.strip()
    for each in TURNING
    for name, value in each.items()
    if name != "year"
    for text in (value if isinstance(value, list) else [str(value)])
]


@pytest.mark.parametrize("tongue", ["en", "ar"])
@pytest.mark.parametrize("number", range(len(TURNING)))
def test_a_document_turns_no_other_words(page: Page, tongue: str, number: int) -> None:
    each = TURNING[number]
    page.goto(f"/{tongue}/documents/{quote(each['id'], safe='')}")
    assert twists(page, *KNOWN) == []


@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_the_list_and_the_map_turn_no_other_words(page: Page, tongue: str) -> None:
    found = []
    for path in ("/documents?page=3", "/map", "/map?page=3"):
        page.goto(f"/{tongue}{path}")
        found += twists(page, *KNOWN)
    assert found == []


@pytest.mark.parametrize("tongue", ["en", "ar"])
def test_an_answer_turns_no_other_words(page: Page, tongue: str) -> None:
    page.goto("/about")
    for each in TURNING:
        post(
            page,
            f"/{tongue}/",
            ("question", f"{each['title']} victims of trafikking"),
            ("topic", each["topics"][0]),
            ("author", each["authors"][0]),
        )
        assert page.locator("ol.hits h3").count() == 1
        assert twists(page, *KNOWN) == []


@pytest.mark.parametrize("tongue", ["en", "ar"])
@pytest.mark.parametrize("name", ["topic", "country", "author"])
def test_an_error_is_not_turned_by_what_it_names(page: Page, tongue: str, name: str) -> None:
    page.goto("/about")
    post(page, f"/{tongue}/", ("question", "victims"), (name, "\u202eunknown"))
    assert page.locator(".problem").count() == 1
    assert twists(page, "\u202eunknown") == []
