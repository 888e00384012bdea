"""What people ask stays nowhere: not in a log, a file, a header or an error, in failures too."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embedder.library import Library
from embedder.records import Question
from tests.support.app import CANARY, Running, error_of, page_of

SECRET = f"My name is {CANARY} and they took my passport"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Broken(RuntimeError):
    """An error that nobody expects, with the question in its words, as libraries write them."""


def in_json(**body: object) -> tuple[bytes, str]:
    return json.dumps(body).encode(), JSON


def in_form(**fields: str) -> tuple[bytes, str]:
    return urlencode(fields).encode(), FORM


# (method, path, body and its type): every way in which text can come in.
CALLS: list[tuple[str, str, tuple[bytes, str]]] = [
    *(("POST", "/api/search", in_json(query=SECRET, mode=mode)) for mode in ("hybrid", "semantic")),
    ("POST", "/api/search", in_json(query=SECRET, mode="keyword")),
    ("POST", "/api/search", in_json(query=f"{SECRET}. " * 180)),
    ("POST", "/api/search", in_json(query=SECRET, filters={"countries": [CANARY]})),
    ("POST", "/api/search", in_json(query=SECRET, limit=0)),
    ("POST", "/api/search", in_json(query=f"{SECRET}\0")),
    ("POST", "/api/search", in_json(query=SECRET * 2000)),
    ("POST", "/api/search", in_json(query={"text": SECRET})),
    ("POST", "/api/search", in_json(query="x", **{SECRET: 1})),
    ("POST", "/api/search", (f'{{"query": "{SECRET}'.encode(), JSON)),
    ("POST", "/api/search", (f'{{"query": "{SECRET}\\ud83d"}}'.encode(), JSON)),
    ("POST", "/api/search", (f"{SECRET}\xff".encode("latin-1"), JSON)),
    ("POST", "/api/search", (SECRET.encode(), "text/plain")),
    ("POST", "/api/search", in_json(query=SECRET + "x" * 8_400_000)),
    ("POST", "/api/search?format=ris", in_json(query=SECRET)),
    ("POST", "/api/search/batch", in_json(questions=[{"query": SECRET}, {"query": SECRET}])),
    ("POST", "/api/search/batch", in_json(questions=[{"query": SECRET, "limit": 0}])),
    ("POST", "/api/search/batch", in_json(questions=[{SECRET: SECRET}])),
    ("GET", f"/api/search?query={quote(SECRET)}", (b"", "")),
    ("PUT", f"/api/search?query={quote(SECRET)}", in_json(query=SECRET)),
    ("POST", f"/api/search?note={quote(SECRET)}", in_json(query=SECRET)),
    ("POST", "/api/similarity", in_json(source=SECRET, texts=[SECRET, "x"])),
    ("POST", "/api/similarity", in_json(source=SECRET, texts=[])),
    ("POST", "/api/similarity", in_json(source="x", texts=[f"{SECRET} " * 9000])),
    ("POST", "/api/similarity", in_json(source={"id": SECRET}, texts=["x"])),
    ("POST", "/api/similarity", in_json(texts=[SECRET, "x"], pairwise=True)),
    ("POST", "/similarity", in_json(inputs={"source_sentence": SECRET, "sentences": [SECRET]})),
    ("POST", "/similarity", in_json(inputs={"source_sentence": SECRET, "sentences": []})),
    ("POST", "/similarity", in_json(query=SECRET, texts=[SECRET, "x"])),
    ("POST", "/similarity", in_json(query=SECRET, texts=SECRET)),
    ("POST", "/similarity", in_json(**{SECRET: SECRET})),
    ("POST", "/embed", in_json(inputs=[SECRET, "x"])),
    ("POST", "/embed", in_json(inputs=f"{SECRET} " * 400, truncate=False)),
    ("POST", "/embed", in_json(inputs=SECRET, prompt_name=SECRET)),
    ("POST", "/embed", in_json(inputs=[SECRET, ""])),
    ("POST", "/rerank", in_json(query=SECRET, texts=[SECRET, "x"])),
    ("POST", "/rerank", in_json(query=SECRET, texts=[SECRET], return_text=True)),
    ("POST", "/rerank", in_json(query=SECRET, texts=[{"text": SECRET}])),
    ("POST", "/rerank", in_json(query=SECRET, documents=[SECRET, "x"], top_n=1)),
    ("POST", "/rerank", in_json(query=SECRET, documents=[SECRET], top_n=SECRET)),
    ("POST", "/v1/embeddings", in_json(input=[SECRET, "x"], model=SECRET)),
    ("POST", "/v1/embeddings", in_json(input=SECRET, model=SECRET, dimensions=9999)),
    ("POST", "/v1/embeddings", in_json(input=SECRET, model=SECRET, encoding_format=SECRET)),
    ("POST", "/v1/embeddings", in_json(input={SECRET: SECRET}, model="x", user=SECRET)),
    ("POST", "/v1/embeddings", (f'{{"input": "{SECRET}'.encode(), JSON)),
    ("GET", f"/v1/models/{quote(SECRET)}", (b"", "")),
    ("GET", f"/v1/embeddings?input={quote(SECRET)}", (b"", "")),
    ("GET", f"/info?note={quote(SECRET)}", (b"", "")),
    ("POST", "/", in_json(inputs={"source_sentence": SECRET, "sentences": [SECRET]})),
    ("POST", "/", in_json(inputs=SECRET)),
    ("POST", "/", in_json(query=SECRET, documents=[SECRET])),
    ("POST", "/", in_json(query=SECRET, texts=[SECRET])),
    ("POST", "/", (f'{{"inputs": "{SECRET}'.encode(), JSON)),
    ("POST", "/", in_form(question=SECRET)),
    ("POST", "/", in_form(question=SECRET, offset="10")),
    ("POST", "/", in_form(question=SECRET, country=CANARY)),
    ("POST", "/", in_form(question=SECRET, year_from=CANARY)),
    ("POST", "/", in_form(question=SECRET * 2000)),
    ("POST", "/", in_json(question=SECRET)),
    ("GET", f"/?question={quote(SECRET)}", (b"", "")),
    ("GET", f"/documents?page={quote(SECRET)}", (b"", "")),
    ("GET", f"/documents/{quote(SECRET)}", (b"", "")),
    ("GET", f"/api/documents/{quote(SECRET)}", (b"", "")),
    ("GET", f"/api/documents/{quote(SECRET)}/similar", (b"", "")),
    ("GET", f"/api/documents?{quote(SECRET)}=1", (b"", "")),
    ("GET", f"/api/documents?format={quote(SECRET)}&fields={quote(SECRET)}", (b"", "")),
    ("GET", "/metrics", (b"", "")),
    ("GET", f"/{quote(SECRET)}", (b"", "")),
    ("GET", f"/static/{quote(SECRET)}", (b"", "")),
    ("OPTIONS", f"/api/search?query={quote(SECRET)}", (b"", "")),
]


# What an answer may name of what was sent, for it is no question: a filter's unusable value, an
# unknown id. (Texts are given back to who wants them: `return_text`.)
NAMED = (b"is not among the library's countries", b"no document has the id")
FOR_PROGRAMS = ("/api/search", "/api/similarity", "/similarity", "/embed", "/rerank", "/v1/")


def send(
    running: Running, method: str, path: str, body: bytes, kind: str
) -> tuple[int, str, bytes]:
    """Send one request and give the status, the headers and the body of its answer."""
    connection = http.client.HTTPConnection(urlsplit(running.address).netloc, timeout=60)
    headers = {"Content-Type": kind} if kind else {}
    connection.request(method, path, body or None, {"User-Agent": CANARY, **headers})
    response = connection.getresponse()
    found = response.status, str(response.headers), response.read()
    connection.close()
    return found


def send_raw(running: Running, content: bytes, *, wait: bool = True) -> None:
    """Send bytes that may be no HTTP at all, and hang up."""
    address = urlsplit(running.address)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as way:
        way.sendall(content)
        if wait:
            way.shutdown(socket.SHUT_WR)
            while way.recv(65536):
                pass


def files_with(folder: Path, text: str) -> list[Path]:
    """Every file in a folder with a text in it."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    assert found
    return [path for path in found if text.lower().encode() in path.read_bytes().lower()]


@pytest.mark.slow
def test_a_real_server_keeps_nothing_of_what_it_is_asked(running: Running) -> None:
    before = {path for path in running.folder.rglob("*") if path.is_file()}
    for method, path, (body, kind) in CALLS:
        status, headers, content = send(running, method, path, body, kind)
        assert status < 500, (method, path, content[:300])
        assert CANARY not in headers, (method, path)
        if path.startswith(FOR_PROGRAMS) and CANARY.encode() in content:
            assert any(each in content for each in NAMED) or b"return_text" in body
    for content in (
        f"GET /{CANARY} HTTP/9.9\r\n\r\n".encode(),
        f"{CANARY}\r\n\r\n".encode(),
        f"POST /api/search HTTP/1.1\r\nContent-Length: {CANARY}\r\n\r\n{SECRET}".encode(),
        f"POST /api/search HTTP/1.1\r\n{CANARY}\r\n\r\n{SECRET}".encode(),
        f"POST /api/search HTTP/1.1\r\nHost: {CANARY}\r\nContent-Length: 9\r\n\r\n".encode(),
    ):
        send_raw(running, content)
    half = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nquestion=" + SECRET.encode()
    send_raw(running, half, wait=False)
    assert send(running, "GET", "/health", b"", "")[0] == 200

    assert files_with(running.folder, CANARY) == []
    after = {path for path in running.folder.rglob("*") if path.is_file()}
    assert after - before <= {running.vectors / "library.sqlite-wal"} | {
        running.vectors / "library.sqlite-shm"
    }
    assert list(running.temporary.iterdir()) == []
    assert b"Traceback" not in running.written()
    assert b"ERROR" not in running.written()


def open_files(process: int) -> Iterator[bytes]:
    """What stands in the deleted files that a process still holds open."""
    folder = Path(f"/proc/{process}/fd")
    for each in list(folder.iterdir()):
        try:
            if "(deleted)" in str(each.readlink()):
                yield each.read_bytes()
        except OSError:  # closed meanwhile, or no file to read
            continue


# Left alone, waitress puts a body of more than 512 KiB into a temporary file while it comes in.
@pytest.mark.slow
def test_a_large_body_is_not_put_on_the_disk(running: Running) -> None:
    body = json.dumps({"source": "x", "texts": [f"{SECRET} " * 1000] * 16}).encode()
    assert 700_000 < len(body) < 1_000_000
    address = urlsplit(running.address)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=10) as way:
        way.sendall(
            b"POST /api/similarity HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body[:-1]
        )
        for _ in range(10):  # it has come in by then
            time.sleep(0.05)
            found = [text for text in open_files(running.process.pid) if CANARY.encode() in text]
            assert found == []


# Failures.


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every question fail in a way that nobody foresaw."""

    def fail(_: Library, question: Question) -> None:
        try:
            raise ValueError(question.text)
        except ValueError as error:
            raise Broken(f"cannot read {question.text!r}", question) from error

    monkeypatch.setattr(Library, "ask", fail)


def everything_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> str:
    out, err = capfd.readouterr()
    return "\n".join((caplog.text, out, err))


def ask_by_form(client: FlaskClient) -> TestResponse:
    return client.post("/", data={"question": SECRET})


@pytest.mark.usefixtures("broken")
def test_an_unexpected_error_is_answered_and_logged_without_the_question(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    response = client.post("/api/search", json={"query": SECRET})
    assert error_of(response, 500) == {
        "type": "internal",
        "message": "Something went wrong here. What you sent was not kept.",
    }
    logged = everything_logged(caplog, capfd)
    assert "unexpected Broken" in logged
    assert "in fail" in logged  # where it happened is worth knowing
    assert CANARY not in logged
    assert CANARY not in str(response.headers)


@pytest.mark.usefixtures("broken")
def test_an_unexpected_error_is_a_page_for_people(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    page = page_of(ask_by_form(client), 500)
    assert "What you sent was not kept." in page.text
    assert CANARY not in page.text
    assert CANARY not in everything_logged(caplog, capfd)


# A panic of a Rust library (tokenizers, tantivy, sentencex) is a PanicException, which is no
# Exception: left alone, waitress logs it with its words.
def test_a_panic_is_an_unexpected_error_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class PanicException(BaseException):
        """As pyo3 has it."""

    def fail(_: Library, question: Question) -> None:
        raise PanicException(question.text)

    monkeypatch.setattr(Library, "ask", fail)
    response = client.post("/api/search", json={"query": SECRET})
    assert error_of(response, 500)["type"] == "internal"
    assert CANARY not in caplog.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_no_log_line_holds_a_question_at_any_level(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    level: int,
) -> None:
    caplog.set_level(level)
    for method, path, (body, kind) in CALLS:
        client.open(path, method=method, data=body or None, content_type=kind or None).close()
    assert CANARY not in everything_logged(caplog, capfd)


def test_a_question_does_not_print_its_text() -> None:
    question = Question(SECRET)
    assert CANARY not in repr(question)
    assert CANARY not in str(question)
    assert CANARY not in f"{question!r:>10}"


def test_what_was_read_does_not_print_its_text() -> None:
    from server.api.schemas import SearchIn, SimilarityIn
    from server.web.forms import Form

    for each in (
        SearchIn(query=SECRET),
        SimilarityIn(source=SECRET, texts=[SECRET]),
        Form(question=SECRET),
    ):
        assert CANARY not in repr(each)
        assert CANARY not in str(each)


def test_an_answer_does_not_hold_the_question(client: FlaskClient) -> None:
    response = client.post("/api/search", json={"query": SECRET})
    assert response.status_code == 200
    assert CANARY not in response.get_data(as_text=True)


def test_the_page_holds_the_question_in_its_forms_alone(client: FlaskClient) -> None:
    text = ask_by_form(client).get_data(as_text=True)
    page = page_of(ask_by_form(client))
    shown = sum(SECRET in each.text for each in page.all("textarea"))
    hidden = sum(
        SECRET in each.attributes["value"]
        for each in page.all("input", type="hidden", name="question")
    )
    assert (shown, hidden) == (1, 0)
    assert text.count(CANARY) == 1
