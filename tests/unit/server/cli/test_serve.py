"""What the server is started with, where it says that it answers, and ports that it cannot have."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import waitress
from apiflask import APIFlask

from embedder.errors import LibraryMissing, RequestError
from embedder.library import Library
from server.app import create_app
from server.cli import serve
from server.settings import Settings

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def one_library(seed_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve the seeds' library, whose model is loaded already."""
    monkeypatch.setattr(serve, "create_app", lambda settings: create_app(settings, seed_library))


class FakeServer:
    """Stands for a waitress server, listens nowhere, and counts its runs."""

    def __init__(self, *places: tuple[str, str]) -> None:
        self.runs = 0
        if len(places) == 1:
            ((_, self.effective_port),) = places
        else:
            self.effective_listen = list(places)

    def run(self) -> None:
        self.runs += 1


def fake(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, str]) -> tuple[FakeServer, Any]:
    """Let waitress make a fake server, and return it with what waitress was given."""
    server, given = FakeServer(*places), SimpleNamespace()

    def create(app: object, **named: object) -> FakeServer:
        given.app, given.named = app, named
        return server

    monkeypatch.setattr(waitress, "create_server", create)
    return server, given


def opened(capsys: Capture) -> str:
    """Check the line that was printed, and return the addresses in it."""
    captured = capsys.readouterr()
    before, after = "41 documents, model all-MiniLM-L6-v2. Open ", " (Ctrl+C stops)\n"
    assert captured.err == ""
    assert captured.out.startswith(before)
    assert captured.out.endswith(after)
    return captured.out.removeprefix(before).removesuffix(after)


# What waitress is given.


def test_waitress_is_given_the_app_and_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server, given = fake(monkeypatch, ("127.0.0.1", "8123"))
    settings = Settings(host="127.0.0.1", port=8123, threads=3, queue=5, max_body_bytes=4096)
    serve.run(settings)
    assert isinstance(given.app, APIFlask)
    assert given.named == {
        "host": "127.0.0.1",
        "port": 8123,
        # Those that use the model, those that wait for it, and some for what needs no model.
        "threads": 3 + 5 + 4,
        "ident": None,
        "inbuf_overflow": 2**31 - 1,
        "outbuf_overflow": 2**31 - 1,
        "max_request_body_size": 8192,
    }
    assert server.runs == 1
    assert opened(capsys) == "http://127.0.0.1:8123/"


def test_no_body_that_is_read_goes_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    _, given = fake(monkeypatch, ("127.0.0.1", "8000"))
    serve.run(Settings())
    assert given.named["max_request_body_size"] < given.named["inbuf_overflow"]


def test_the_process_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr("embedder.runtime.configure", lambda: calls.append("configured"))
    fake(monkeypatch, ("127.0.0.1", "8000"))
    serve.run(Settings())
    assert calls == ["configured"]


def test_without_a_library_nothing_listens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.setattr(serve, "create_app", create_app)
    server, given = fake(monkeypatch, ("127.0.0.1", "8000"))
    with pytest.raises(LibraryMissing):
        serve.run(Settings(vectors=tmp_path))
    assert (server.runs, vars(given)) == (0, {})
    assert capsys.readouterr().out == ""


# Addresses.

PLACES: dict[str, tuple[str, list[tuple[str, str]], str]] = {
    "IPv4": ("127.0.0.1", [("127.0.0.1", "8000")], "http://127.0.0.1:8000/"),
    "a name": ("localhost", [("127.0.0.1", "8000")], "http://localhost:8000/"),
    "IPv6": ("::1", [("::1", "8000")], "http://[::1]:8000/"),
    "both": (
        "localhost",
        [("127.0.0.1", "8000"), ("::1", "8001")],
        "http://127.0.0.1:8000/ or http://[::1]:8001/",
    ),
    "all": (
        "*",
        [("0.0.0.0", "8000"), ("::", "8000")],  # noqa: S104
        "http://0.0.0.0:8000/ or http://[::]:8000/",
    ),
}


@pytest.mark.parametrize(("host", "places", "shown"), PLACES.values(), ids=list(PLACES))
def test_every_address_can_be_opened(
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    host: str,
    places: list[tuple[str, str]],
    shown: str,
) -> None:
    fake(monkeypatch, *places)
    serve.run(Settings(host=host, port=0))
    assert opened(capsys) == shown


# With waitress itself.


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Let servers bind but not run; those that were made, which are closed at the end."""
    made: list[Any] = []
    create = waitress.create_server

    def create_only(*given: Any, **named: Any) -> Any:
        server = create(*given, **named)
        server.run = lambda: None
        made.append(server)
        return server

    monkeypatch.setattr(waitress, "create_server", create_only)
    yield made
    for server in made:
        server.task_dispatcher.shutdown()
        server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "*"])
def test_what_listens_is_at_the_addresses_that_are_printed(
    servers: list[Any], capsys: Capture, host: str
) -> None:
    serve.run(Settings(host=host, port=0))
    addresses = [urlsplit(address) for address in opened(capsys).split(" or ")]
    assert len(addresses) == len(getattr(servers[0], "effective_listen", [host]))
    for address in addresses:
        assert (address.scheme, address.path) == ("http", "/")
        assert address.port  # not the 0 that asks for any port
        with socket.create_connection((address.hostname, address.port), timeout=5):
            pass


# waitress leaves its own sockets open where it cannot bind: those warnings are no matter here.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_port_that_is_taken_is_named(capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RequestError) as caught:
            serve.run(Settings(host="127.0.0.1", port=port))
    field, message = caught.value.field, caught.value.message
    del caught  # and the traceback that holds the sockets
    gc.collect()
    assert field == "port"
    assert message.startswith(f"cannot listen on 127.0.0.1 port {port}: ")
    assert "Address already in use" in message
    assert message.endswith(". Give another: --host, --port")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), ValueError("Invalid host/port specified.")]
)
def test_a_place_that_cannot_be_had_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(waitress, "create_server", refuse)
    with pytest.raises(RequestError) as caught:
        serve.run(Settings(host="nowhere.invalid", port=80))
    assert caught.value.__cause__ is error
    assert caught.value.message == (
        f"cannot listen on nowhere.invalid port 80: {error}. Give another: --host, --port"
    )
    assert capsys.readouterr().out == ""
