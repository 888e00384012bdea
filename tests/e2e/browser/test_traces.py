"""What people write is looked for afterwards, in all that the server and the browser have kept.

A word that stands nowhere else is sent through every page and every error, in the profile of a
browser that keeps one. Another word is sent to a page without any care: what that page leaves
behind shows that the places are looked into where browsers do keep things.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Response, Route

from embedder.formats.registry import EXPORTS
from embedder.library import Library
from server.app import create_app
from server.http.context import GATE
from server.settings import Settings
from tests.e2e.browser.conftest import _SWITCHES, DESK, QUESTION, Open, serving, unfold
from tests.support.app import CANARY, Running

# In an address: the browser's history has it, for somebody wrote it there. The server has not.
IN_ADDRESS = "archaeopteryx"
# What a page without any care was told.
CARELESS = "pterodactylus"
TONGUES = ("en", "fr", "es", "ar")
# Milliseconds: eight megabytes take a busy machine a while.
LARGE_FORM_MS = 60_000


def words(step: str) -> str:
    """Give a question with the word, that says of which step it was."""
    return f"what helps a victim named {CANARY}{step}"


# Sending.


def post(page: Page, path: str, **fields: str) -> None:
    """Send a form to a path, as it could be sent when no limit of the page held it back."""
    with page.expect_navigation(timeout=LARGE_FORM_MS):
        page.evaluate(
            """([path, fields]) => {
              const form = document.createElement("form");
              form.method = "post";
              form.action = path;
              form.autocomplete = "off"; // as the page's own, and its password too
              form.innerHTML = '<input type="password" value="-" autocomplete="one-time-code">';
              for (const [name, value] of Object.entries(fields)) {
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


def write(page: Page, question: str) -> None:
    """Write a question by keys and clicks, and send it."""
    page.locator("#question").fill(question)
    with page.expect_navigation():
        page.locator("form.ask > button[type=submit]").click()


def press(page: Page, selector: str) -> None:
    """Press a button that sends the form."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def open_all(page: Page) -> None:
    """Open all that is folded."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")


# Ways of a person, each with its own step's name in what it writes.


def answers(page: Page) -> None:
    page.goto("/")
    write(page, words("answer"))
    open_all(page)
    page.locator("input[name=pick]").first.check()
    press(page, "button[name=offset]:has-text('More documents')")
    assert page.locator("details.elsewhere").count() == 1
    press(page, "button[name=offset]:has-text('Previous documents')")
    page.locator("section.narrow input[name=country]").first.check()
    press(page, "section.narrow button[type=submit]")
    press(page, "button[name=lift]")
    for name in ("Français", "Español", "العربية", "English"):
        press(page, f".tongues button:has-text('{name}')")
    write(page, words("again"))
    page.reload()
    page.go_back()
    page.go_forward()


def files(page: Page) -> None:
    page.goto("/")
    write(page, words("files"))
    for name in EXPORTS:
        with page.expect_download() as waiting:
            page.locator(f"button[name=format][value={name}]").click()
        assert CANARY.encode() not in Path(waiting.value.path()).read_bytes()
    with page.context.expect_page() as opened:
        page.locator("button[value=print]").click()
    opened.value.wait_for_load_state()
    assert CANARY not in opened.value.content()
    with page.context.expect_page() as opened:
        page.locator("ol.hits h3 a").first.click()
    opened.value.wait_for_load_state()


def nothing_left(page: Page) -> None:
    page.goto("/")
    page.locator("#question").fill(words("none"))
    open_all(page)
    page.locator("#year_from").fill("1999")
    page.locator("#year_to").fill("1999")
    press(page, "form.ask > button[type=submit]")
    press(page, "ul.lifts button")


def failures(page: Page) -> None:
    told = words("failure")
    page.goto("/")
    page.locator("#question").fill(words("year"))
    open_all(page)
    page.locator("#year_from").fill("199x")
    press(page, "form.ask > button[type=submit]")
    assert page.locator(".problem").count() == 1
    for fields in (
        {"year_from": CANARY},
        {"year_to": "0"},
        {"topic": CANARY},
        {"country": CANARY},
        {"region": CANARY},
        {"author": CANARY},
        {"offset": CANARY},
        {"lift": f"topic={CANARY}"},
        {"mark": CANARY},
        {"pick": CANARY},
        {"like": CANARY, "less": CANARY},
        {"ignore": CANARY, "without": CANARY},
        {"add": f"country={CANARY}"},
        {"add": f"years={CANARY}-"},
        {CANARY: CANARY},
        {"example": words("example")},
    ):
        page.goto("/")
        post(page, "/", **{"question": told, **fields})
    page.goto("/")
    post(page, "/", question=words("long") * 400)
    assert page.locator(".problem").count() == 1
    page.goto("/")
    post(page, "/", question=" ", topic=f"{CANARY}empty")
    assert page.locator(".problem").count() == 1


def failures_without_a_box(page: Page) -> None:
    for path, status, fields in (
        ("/selection", 404, {"question": words("selection"), "pick": "unknown"}),
        ("/selection", 200, {"question": words("format"), "format": CANARY}),
        ("/fr/selection", 404, {"question": words("selection"), "pick": CANARY}),
        ("/documents", 405, {"question": words("method")}),
        ("/nowhere", 404, {"question": words("nowhere")}),
        ("/", 413, {"question": words("large") + "x" * 8_400_000}),
    ):
        page.goto("/")
        with page.expect_response(
            lambda each: each.request.method == "POST", timeout=LARGE_FORM_MS
        ) as waiting:
            post(page, path, **fields)
        assert waiting.value.status == status, (path, fields)


def left(page: Page) -> None:
    page.goto("/")
    write(page, words("exit"))
    page.locator("#question").fill(words("draft"))
    with page.expect_navigation():
        page.locator("#exit").click()
    page.go_back()
    page.goto("/")
    page.locator("#question").fill(words("draft"))
    page.goto("/about")


def addresses(page: Page) -> None:
    for path in (
        f"/documents/{IN_ADDRESS}",
        f"/{IN_ADDRESS}",
        f"/ar/{IN_ADDRESS}",
        f"/?question={IN_ADDRESS}",
        f"/documents?page={IN_ADDRESS}",
        f"/map?zoom={IN_ADDRESS}",
        f"/static/{IN_ADDRESS}",
        f"/api/search?query={IN_ADDRESS}",
    ):
        page.goto(path)


WAYS: tuple[Callable[[Page], None], ...] = (
    answers,
    files,
    nothing_left,
    failures,
    failures_without_a_box,
    left,
    addresses,
)


# Servers beside the real one.


def careless(environ: Mapping[str, Any], start: Callable[..., object]) -> list[bytes]:
    """Answer as a page does whose makers did not think of this."""
    kept = [("Content-Type", "text/html"), ("Cache-Control", "max-age=9999")]
    start("200 OK", [*kept, ("Set-Cookie", f"cookie={CARELESS}cookie; max-age=9999")])
    asked = environ["QUERY_STRING"]
    return [
        f"""<!doctype html><title>{CARELESS}title {asked}</title>
        <form method="post"><input name="question"><button>Ask</button></form>
        <script>
          localStorage.kept = "{CARELESS}local";
          sessionStorage.kept = "{CARELESS}session";
        </script>""".encode()
    ]


def tell_careless(page: Page, address: str) -> None:
    page.goto(f"{address}/?{CARELESS}query")
    page.locator("input").fill(f"{CARELESS}form")
    press(page, "button")


def ask_too_much(page: Page, library: Library, vectors: Path) -> None:
    """Ask a server that is busy with others' questions, and one that was asked too often."""
    app = create_app(Settings(vectors=vectors, threads=1, queue=0), library)
    with serving(app) as address, app.extensions[GATE](person=True):
        page.goto(f"{address}/")
        write(page, words("busy"))
        assert "busy" in page.locator(".problem").inner_text()
    app = create_app(Settings(vectors=vectors, requests_per_minute=3), library)
    with serving(app) as address:
        page.goto(f"{address}/")
        for _ in range(3):
            post(page, "/", question=words("often"))
        assert "3 requests a minute" in page.locator("main").inner_text()


# What was kept.


@dataclass
class Journey:
    """What was seen on the way, and where all that was kept is."""

    profile: Path
    server: Running
    logged: list[str] = field(default_factory=list)
    responses: list[tuple[str, str, int, dict[str, str]]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    cookies: list[str] = field(default_factory=list)
    metrics: str = ""

    def history(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the browser's history."""
        copy = self.profile.parent / "History"
        shutil.copyfile(self.profile / "Default" / "History", copy)
        with closing(sqlite3.connect(copy)) as database:
            return database.execute(statement).fetchall()


def found_in(content: bytes, word: str) -> list[str]:
    """Give what stands in a file from a word on, as UTF-8 or UTF-16, in small letters or large."""
    small = content.lower()
    return [
        small[each.start() : each.start() + 60].replace(b"\0", b"").decode("latin-1")
        for code in ("utf-8", "utf-16-le")
        for each in re.finditer(re.escape(word.encode(code)), small)
    ]


def files_with(folder: Path, word: str) -> dict[str, list[str]]:
    """Give each file under a folder with a word in it, or in its name, and what is there."""
    kept = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert kept
    found = {
        str(path.relative_to(folder)): found_in(path.read_bytes(), word)
        + ([path.name] if word in path.name.lower() else [])
        for path in kept
    }
    return {name: what for name, what in found.items() if what}


_STORES = """async () => ({
  local: Object.entries(localStorage),
  session: Object.entries(sessionStorage),
  databases: await indexedDB.databases(),
  caches: await (globalThis.caches?.keys() ?? []),
  workers: (await navigator.serviceWorker?.getRegistrations() ?? []).length,
  cookie: document.cookie,
  state: history.state,
  name: window.name,
})"""


class _Log(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def _headers(journey: Journey, responses: list[Response]) -> None:
    for each in responses:
        about = (each.request.method, each.url, each.status, each.all_headers())
        journey.responses.append(about)
    responses.clear()


def _travel(context: BrowserContext, journey: Journey, library: Library, vectors: Path) -> None:
    responses: list[Response] = []
    context.on("request", lambda each: journey.requests.append(each.url))
    context.on("response", lambda each: responses.append(each))  # noqa: PLW0108
    for way in WAYS:
        page = context.new_page()
        way(page)
        _headers(journey, responses)
    page.goto("/metrics")
    journey.metrics = page.content()
    page.goto("/")
    journey.state = page.evaluate(_STORES)
    journey.cookies = [str(each) for each in context.cookies(journey.server.address)]
    ask_too_much(context.new_page(), library, vectors)
    _headers(journey, responses)


@contextmanager
def kept_profile(
    browser: Browser, folder: Path, address: str, **options: Any
) -> Iterator[BrowserContext]:
    """Open a browser that keeps its profile in a folder; then it is closed."""
    context = browser.browser_type.launch_persistent_context(
        folder,
        executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
        args=_SWITCHES,
        base_url=address,
        viewport=DESK,
        locale="en",
        accept_downloads=True,
        **options,
    )
    context.set_default_timeout(10_000)
    try:
        yield context
    finally:
        context.close()


@pytest.fixture(scope="module")
def journey(
    browser: Browser,
    running: Running,
    seed_library: Library,
    seed_vectors: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Journey:
    """Go through every page and every error; then the browser is closed."""
    made = Journey(tmp_path_factory.mktemp("browser") / "profile", running)
    log = _Log(made.logged)
    logging.getLogger().addHandler(log)
    try:
        with kept_profile(browser, made.profile, running.address) as context:
            _travel(context, made, seed_library, seed_vectors)
            with serving(careless) as address:
                tell_careless(context.new_page(), address.replace("127.0.0.1", "localhost"))
    finally:
        logging.getLogger().removeHandler(log)
    return made


# The server.


@pytest.mark.parametrize("word", [CANARY, IN_ADDRESS])
def test_the_server_has_kept_nothing(journey: Journey, word: str) -> None:
    assert files_with(journey.server.folder, word) == {}
    assert found_in(journey.server.written(), word) == []
    assert list(journey.server.temporary.iterdir()) == []
    assert found_in("\n".join(journey.logged).encode(), word) == []


def test_the_server_counts_no_words(journey: Journey) -> None:
    assert "fingerpost_requests_total" in journey.metrics
    assert found_in(journey.metrics.encode(), CANARY) == []
    assert found_in(journey.metrics.encode(), IN_ADDRESS) == []


def test_the_server_reports_no_failure_of_its_own(journey: Journey) -> None:
    assert b"Traceback" not in journey.server.written()
    assert {status for *_, status, _ in journey.responses if status >= 500} == set()


# The browser.


def test_a_careless_page_is_found_everywhere(journey: Journey) -> None:
    """What is looked for elsewhere would be found."""
    kept = str(files_with(journey.profile, CARELESS))
    for each in ("local", "session", "title", "query", "form"):
        assert CARELESS + each in kept, each
    assert "Session_" in kept
    assert [url for (url,) in journey.history("SELECT url FROM urls") if CARELESS in url]
    assert [name for (name,) in journey.history("SELECT title FROM urls") if CARELESS in name]
    assert IN_ADDRESS in str(files_with(journey.profile, IN_ADDRESS))
    assert found_in("Fingerpost".encode("utf-16-le"), "fingerpost")


def test_the_profile_holds_no_word_of_what_was_written(journey: Journey) -> None:
    kept = files_with(journey.profile, CANARY)
    report = "\n".join(f"{name}: {sorted(set(what))}" for name, what in kept.items())
    assert not kept, report


def test_the_profile_holds_no_word_without_scripts_either(
    browser: Browser, running: Running, tmp_path: Path
) -> None:
    """Where no script takes away what was sent, not even late, the browser does not write it."""
    plain = tmp_path / "profile"
    with kept_profile(browser, plain, running.address, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/")
        write(page, words("plain"))
        page.locator("input[name=pick]").first.check()
        unfold(page)
        press(page, "button[name=offset]:has-text('More documents')")
        press(page, ".tongues button:has-text('Français')")
        with context.expect_page() as opened:
            page.locator("button[value=print]").click()
        opened.value.wait_for_load_state()
        # Another page's form, which does not ask for that, shows where this would be found.
        with serving(careless) as address:
            tell_careless(page, address)
    assert files_with(plain, CANARY) == {}
    sessions = {
        name: what for name, what in files_with(plain, CARELESS).items() if "Session_" in name
    }
    assert CARELESS + "form" in str(sessions)


def test_the_history_holds_addresses_without_words(journey: Journey) -> None:
    visited = journey.history("SELECT url, title FROM urls")
    own = [each for each in visited if each[0].startswith(journey.server.address)]
    assert len(own) > 10
    assert found_in(str(visited).encode(), CANARY) == []
    questions = [url for url, _ in own if urlsplit(url).query and IN_ADDRESS not in url]
    assert questions == []
    assert journey.history("SELECT term FROM keyword_search_terms") == []
    assert found_in(str(journey.history("SELECT * FROM downloads")).encode(), CANARY) == []


def test_the_page_stores_nothing(journey: Journey) -> None:
    assert journey.state == {
        "local": [],
        "session": [],
        "databases": [],
        "caches": [],
        "workers": 0,
        "cookie": "",
        "state": None,
        "name": "",
    }
    assert journey.cookies == []


def test_the_cache_holds_our_own_files_alone(journey: Journey) -> None:
    folder = journey.profile / "Default" / "Cache" / "Cache_Data"
    content = b"".join(each.read_bytes() for each in sorted(folder.iterdir()) if each.is_file())
    address = re.escape(journey.server.address.encode())
    kept = {each.decode() for each in re.findall(address + rb"(/[\w./-]*)", content)}
    assert "/static/style.css" in kept
    measures = {"/measures", *(f"/{tongue}/measures" for tongue in TONGUES)}
    assert {each for each in kept if not each.startswith("/static/")} <= measures


def test_no_other_host_is_asked(journey: Journey) -> None:
    assert len(journey.requests) > 100
    assert {urlsplit(each).hostname for each in journey.requests} == {"127.0.0.1", "localhost"}
    elsewhere = [each for each in journey.requests if urlsplit(each).hostname == "localhost"]
    assert {urlsplit(each).query.removeprefix(CARELESS) for each in elsewhere} <= {"query", ""}


def test_no_answer_on_the_way_sets_a_cookie_or_may_be_kept(journey: Journey) -> None:
    posts = [each for each in journey.responses if each[0] == "POST"]
    assert len(posts) > 30
    assert {status for _, _, status, _ in posts} >= {200, 404, 405, 413, 422, 429}
    for method, url, status, headers in journey.responses:
        check_headers(headers, urlsplit(url).path, status, f"{method} {url} {status}")


# Headers and sources of every page.

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


def check_headers(headers: Mapping[str, str], path: str, status: int, where: str) -> None:
    """Check the headers of an answer; static files and the neutral page may be kept."""
    may_be_kept = path.startswith("/static/") or path.endswith("/measures")
    if not (may_be_kept and status in {200, 304}):
        assert headers["cache-control"] == "no-store", where
    assert headers["referrer-policy"] == "no-referrer", where
    assert headers["x-content-type-options"] == "nosniff", where
    assert "set-cookie" not in headers, where
    parts = [each.split() for each in headers["content-security-policy"].split(";")]
    policy = {name: " ".join(values) for name, *values in parts}
    assert policy.items() >= POLICY.items(), where
    assert "unsafe" not in headers["content-security-policy"], where
    assert all(":" not in value or value == "'self' data:" for value in policy.values()), where


class Written(HTMLParser):
    """Collects what a policy without `unsafe-…` would bar, and addresses elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        given = dict(attrs)
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            loads = name in ("src", "action", "formaction", "data", "poster", "background")
            loads = loads or (name == "href" and tag in ("link", "use", "base"))
            foreign = re.match(r"(?!data:,$)([a-z]+:|//)", (value or "").strip(), re.IGNORECASE)
            script = (value or "").strip().lower().startswith("javascript:")
            if name.startswith("on") or name == "style" or script or (loads and foreign):
                self.wrong.append(f"<{tag} {name}={value!r}>")


def test_what_a_policy_bars_is_seen_in_a_source() -> None:
    reader = Written()
    reader.feed(
        '<style></style><script></script><p style="x"><p onclick=""><a href="javascript:x">'
        '<img src="http://elsewhere.test"><link href="//elsewhere.test"><a href="http://fine.test">'
        '<script src="/static/page.js"></script><link rel="icon" href="data:,">'
    )
    assert len(reader.wrong) == 7


Fields = dict[str, str | float | bool]
ASKED: Fields = {"question": QUESTION}
# Address, the form that is sent to it if any, and the status of the answer.
PAGES: tuple[tuple[str, Fields | None, int], ...] = (
    ("/", None, 200),
    ("/documents", None, 200),
    ("/documents?page=9", None, 200),
    ("/map", None, 200),
    ("/map?zoom=4&x=0.2&y=0.3", None, 200),
    ("/about", None, 200),
    ("/safety", None, 200),
    ("/measures", None, 200),
    ("/docs", None, 200),
    ("/nowhere", None, 404),
    ("/documents/unknown", None, 404),
    ("/answer", None, 405),
    ("/static/unknown", None, 404),
    ("/", ASKED, 200),
    ("/", {**ASKED, "offset": "10"}, 200),
    ("/", {**ASKED, "year_from": "1990", "year_to": "1990"}, 200),
    ("/", {**ASKED, "country": "Worldwide"}, 200),
    ("/", {**ASKED, "topic": "unknown"}, 422),
    ("/", {**ASKED, "year_from": "x"}, 422),
    ("/", {"question": ""}, 422),
    ("/", {"question": "x" * 8_400_000}, 413),
    ("/selection", {}, 200),
    ("/selection", {"pick": "unknown"}, 404),
    ("/nowhere", ASKED, 404),
)


@pytest.mark.parametrize("tongue", TONGUES)
def test_every_page_is_written_without_what_a_policy_would_bar(profile: Open, tongue: str) -> None:
    sender = profile().request
    page = sender.get("/documents").text()
    ids = re.findall(r'href="(/documents/[^"]+)"', page)
    assert len(ids) == 41
    hit = (ids[0], None, 200)
    picked: Fields = {"pick": ids[0].rpartition("/")[2], "format": "print"}
    for path, form, status in (*PAGES, hit, ("/selection", picked, 200)):
        address, headers = f"/{tongue}{path}", {"Accept": "text/html"}
        answer = (
            sender.get(address, headers=headers)
            if form is None
            else sender.post(address, form=form or {"x": ""}, headers=headers)
        )
        where = f"{address} {list(form or {})}"
        assert answer.status == status, where
        assert answer.headers["content-type"] == "text/html; charset=utf-8", where
        check_headers(answer.headers, path, status, where)
        reader = Written()
        reader.feed(answer.text())
        assert reader.tags > 10, where
        assert reader.wrong == [], where


# A page of another site that sends a form here learns nothing of it, and neither does the
# server of where it came from.


def test_a_link_to_elsewhere_tells_nothing(page: Page) -> None:
    seen: list[Mapping[str, str]] = []

    def note(route: Route) -> None:
        seen.append(route.request.headers)
        route.fulfill(body="elsewhere")

    page.route("http://elsewhere.test/*", note)
    page.goto("/about")
    with page.expect_navigation():
        page.evaluate("location.assign('http://elsewhere.test/')")
    assert len(seen) == 1
    assert "referer" not in seen[0]
