"""The app with the seeds' library, readers for its pages, and one real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embedder.build.pipeline import index
from embedder.encoders.encoder import Encoder
from embedder.encoders.model_files import BUNDLED_MODEL
from embedder.library import Library
from embedder.records import Document
from server.app import create_app
from server.settings import Settings
from tests.conftest import ROOT, SEEDS, Silent, write_jsonl
from tests.support.words import build_words, read_words

# A word that occurs only in the tests' questions: anywhere else it means that one has leaked.
CANARY = "quetzalcoatlus"

KEY = "a-key-of-a-test"
BEARER = {"Authorization": f"Bearer {KEY}"}

# Of a library of the stand-in model; the ids are what each is about.
ANIMALS = [
    Document(id=name, title=f"On {name}", abstract=f"Of {name} by the river. They {does}.")
    for name, does in (
        *(("ants", "carry"), ("bats", "hang"), ("cats", "nap"), ("dogs", "bark")),
        *(("eels", "glide"), ("frogs", "croak"), ("geese", "honk"), ("herons", "wade")),
        *(("ibises", "probe"), ("jays", "call"), ("kites", "soar"), ("larks", "sing")),
        *(("moles", "dig"), ("newts", "crawl")),
    )
]

# Of another one, with terms of the glossary: each document has its own.
WORKERS = [
    Document(id="maids", title="Maids", abstract="What domestic workers say of a house."),
    Document(id="trade", title="Trafficking in persons", abstract="What is known of it."),
    Document(id="herons", title="Herons", abstract="They wade by the river."),
]

Ask = Callable[..., TestResponse]
ClientWith = Callable[..., FlaskClient]


@pytest.fixture(scope="session")
def app(seed_library: Library, seed_vectors: Path) -> APIFlask:
    """The app with the seeds' library."""
    return create_app(Settings(vectors=seed_vectors), seed_library)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    """A client that calls the app as a program or a browser does."""
    return app.test_client()


@pytest.fixture
def ask(client: FlaskClient) -> Ask:
    """Ask through the API: `ask("a question", limit=3)`."""

    def post(query: str, **more: object) -> TestResponse:
        return client.post("/api/search", json={"query": query, **more})

    return post


@pytest.fixture(scope="session")
def documents(app: APIFlask) -> list[dict[str, Any]]:
    """All documents of the library, as the API lists them."""
    body = app.test_client().get("/api/documents?limit=1000").get_json()
    listed: list[dict[str, Any]] = body["documents"]
    assert body["total"] == len(listed) == 41
    return listed


@pytest.fixture(scope="session")
def empty_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of an app whose library is not built yet."""
    folder = tmp_path_factory.mktemp("none") / "vectors"
    return create_app(Settings(vectors=folder)).test_client()


@pytest.fixture(scope="session")
def client_of(
    tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Callable[..., FlaskClient]:
    """Return a function that gives a client of an app with a library of these documents."""

    def build(*documents: Mapping[str, Any]) -> FlaskClient:
        folder = tmp_path_factory.mktemp("library")
        source = write_jsonl(folder / "source.jsonl", *documents)
        index(folder / "vectors", [source], Silent(), load=lambda _, **__: encoder)
        library = Library(folder / "vectors", load=lambda _, **__: encoder)
        return create_app(Settings(vectors=folder / "vectors"), library).test_client()

    return build


@pytest.fixture
def words_client(tmp_path: Path) -> FlaskClient:
    """A client of an app with a library of the stand-in model: fourteen documents on animals."""
    build_words(tmp_path / "vectors", *ANIMALS)
    library = read_words(tmp_path / "vectors")
    return create_app(Settings(vectors=tmp_path / "vectors"), library).test_client()


@pytest.fixture
def workers_client(tmp_path: Path) -> FlaskClient:
    """A client of an app with a library of the stand-in model: WORKERS."""
    build_words(tmp_path / "vectors", *WORKERS)
    library = read_words(tmp_path / "vectors")
    return create_app(Settings(vectors=tmp_path / "vectors"), library).test_client()


@pytest.fixture
def client_with(seed_library: Library) -> ClientWith:
    """Return a function that makes a client of an app with these settings."""

    def make(**settings: object) -> FlaskClient:
        return create_app(Settings.model_validate(settings), seed_library).test_client()

    return make


def error_of(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that a response is an error in our JSON shape, and return its content."""
    assert response.status_code == status, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    body = response.get_json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert {"type", "message"} <= set(error) <= {"type", "message", "field"}
    assert all(isinstance(value, str) and value for value in error.values())
    assert "Traceback" not in error["message"]
    return error


# Pages.


@dataclass
class Element:
    """An HTML element, with the elements and texts inside it in their order."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside it."""
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    def all(self, tag: str, **wanted: str) -> list[Element]:
        """All elements inside it with a tag, `*` for any, and these attributes."""
        found = []
        for each in self.children:
            if isinstance(each, Element):
                if tag in (each.tag, "*") and wanted.items() <= each.attributes.items():
                    found.append(each)
                found += each.all(tag, **wanted)
        return found

    def one(self, tag: str, **wanted: str) -> Element:
        """The only such element."""
        (found,) = self.all(tag, **wanted)
        return found


class _Reader(HTMLParser):
    _EMPTY = frozenset({"input", "link", "meta", "br", "hr", "img"})
    _UNCLOSED = frozenset({"option"})  # elements whose end tag may be missing

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._open[-1].tag == tag and tag in self._UNCLOSED:
            self._open.pop()
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in self._EMPTY:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while self._open[-1].tag in self._UNCLOSED and self._open[-1].tag != tag:
            self._open.pop()
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def page_of(response: TestResponse, status: int = 200) -> Element:
    """Check that a response is a well-formed page, and return it."""
    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    return read_page(response.get_data(as_text=True))


def read_page(text: str) -> Element:
    """Check that a text is a well-formed page, and return it."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert [each.tag for each in reader._open] == [""]
    return reader.root


def fields_of(form: Element) -> dict[str, str]:
    """The fields that a browser sends if nothing in the form is changed."""
    sent = {}
    for each in form.all("input"):
        unticked = each.attributes.get("type") == "checkbox" and "checked" not in each.attributes
        if "name" in each.attributes and not unticked:
            sent[each.attributes["name"]] = each.attributes.get("value", "")
    for each in form.all("textarea"):
        sent[each.attributes["name"]] = each.text
    for each in form.all("select"):
        options = each.all("option")
        chosen = [option for option in options if "selected" in option.attributes]
        option = (chosen or options)[0]
        sent[each.attributes["name"]] = option.attributes.get("value", option.text)
    return sent


# A real server.


@dataclass
class Running:
    """A running `fingerpost serve`, and everything that it writes."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def vectors(self) -> Path:
        return self.folder / "vectors"

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    def written(self) -> bytes:
        """What it has written to standard output and standard error."""
        return (self.folder / "out").read_bytes() + (self.folder / "err").read_bytes()


def environment_of(folder: Path) -> dict[str, str]:
    """Return an environment for our command whose temporary files are all in a known folder.

    The cache of models is that of the tests, so that no model is converted again.
    """
    kept = {name: value for name, value in os.environ.items() if "FINGERPOST" not in name}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "FINGERPOST_CACHE": os.environ["FINGERPOST_CACHE"],
        "TMPDIR": str(folder / "tmp"),
        "COLUMNS": "200",
    }


def command(*arguments: str) -> list[str]:
    """Return the command line of `fingerpost` with this Python."""
    return [sys.executable, "-c", "from server.cli.commands import main; main()", *arguments]


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    encoder: Encoder,  # noqa: ARG001 (so the model is converted before)
) -> Iterator[Running]:
    """A server of a library that the command built from the seeds, with the small model."""
    folder = tmp_path_factory.mktemp("running")
    (folder / "tmp").mkdir()
    shutil.copytree(SEEDS, folder / "seeds")
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        streams: dict[str, Any] = {"stdout": out, "stderr": err}
        place: dict[str, Any] = {"cwd": folder, "env": environment_of(folder)}
        subprocess.run(command("index", "--model", BUNDLED_MODEL), check=True, **streams, **place)
        process = subprocess.Popen(command("serve", "--port", "0"), **streams, **place)
    try:
        yield Running(_address(folder, process), folder, process)
    finally:
        process.terminate()
        process.wait(10)


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Return the address that a server prints, waiting for up to a minute."""
    for _ in range(600):
        found = re.search(r"Open (http://\S+)/ ", (folder / "out").read_text("utf-8"))
        if found:
            return found[1]
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError((folder / "err").read_text("utf-8"))
