"""Who may ask: the key, the rate, the queue, and sizes; each refusal in its route's shape."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embedder.library import Library
from server.app import create_app
from server.http.admission import Gate, TooMany
from server.http.auth import PAGES
from server.http.context import GATE
from server.http.error_formats import SCHEMAS, family
from server.http.rate_limits import Rate, per_minute
from server.settings import Settings
from tests.conftest import in_threads
from tests.support.app import error_of, page_of

KEY = "a-key-of-a-test"
BEARER = {"Authorization": f"Bearer {KEY}"}

Make = Callable[..., FlaskClient]


@pytest.fixture
def make(seed_library: Library) -> Make:
    """Give a client of an app with these settings."""

    def client(**settings: object) -> FlaskClient:
        return create_app(Settings.model_validate(settings), seed_library).test_client()

    return client


# The key.


def api_routes(app: APIFlask) -> list[tuple[str, str]]:
    """Every route of the API but those of health, as (method, path)."""
    open_ones = {*PAGES, "health"}
    return [
        (method, re.sub(r"<.*?>", "x", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods & {"GET", "POST"})
        if "." in rule.endpoint
        and rule.endpoint.partition(".")[0] not in open_ones
        and rule.endpoint != "openapi.spec"
    ]


def test_with_a_key_every_route_of_the_api_wants_it(make: Make) -> None:
    client = make(api_key=KEY)
    routes = api_routes(client.application)
    assert len(routes) >= 14
    for method, path in routes:
        answer = client.open(path, method=method, json={} if method == "POST" else None)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        shape = SCHEMAS[family(path).schema]
        assert set(shape["required"]) == set(answer.get_json()), path
        right = client.open(
            path, method=method, json={} if method == "POST" else None, headers=BEARER
        )
        assert right.status_code != 401, (method, path)


@pytest.mark.parametrize("path", ["/health", "/ping", "/ready", "/", "/documents", "/docs"])
def test_health_and_pages_stay_open(make: Make, path: str) -> None:
    assert make(api_key=KEY).get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {KEY}x"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer clé"},
        {"X-API-Key": "wrong"},
    ],
)
def test_a_wrong_key_is_refused(make: Make, headers: dict[str, str]) -> None:
    answer = make(api_key=KEY).get("/api/documents", headers=headers)
    error = error_of(answer, 401)
    assert error["type"] == "unauthorized"
    assert KEY not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "headers", [BEARER, {"authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}]
)
def test_the_right_key_is_let_in(make: Make, headers: dict[str, str]) -> None:
    assert make(api_key=KEY).get("/api/documents", headers=headers).status_code == 200


def test_the_key_is_shown_nowhere() -> None:
    assert KEY not in repr(Settings(api_key=KEY))


# The rate.


def test_a_client_who_asks_too_often_is_told_when_to_come_again(make: Make) -> None:
    client = make(requests_per_minute=3)
    for _ in range(3):
        assert client.get("/api/documents").status_code == 200
    answer = client.get("/api/documents")
    error = error_of(answer, 429)
    assert error["type"] == "too_many_requests"
    assert error["message"].startswith("At most 3 requests a minute are answered.")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert client.get("/health").status_code == 200
    other = {"REMOTE_ADDR": "127.0.0.9"}
    assert client.get("/api/documents", environ_overrides=other).status_code == 200


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 0),
        ({"host": "localhost"}, 0),
        ({"host": "::1"}, 0),
        ({"host": "0.0.0.0"}, 600),  # noqa: S104
        ({"host": "library.example.org"}, 600),
        ({"host": "0.0.0.0", "requests_per_minute": 0}, 0),  # noqa: S104
        ({"requests_per_minute": 7}, 7),
    ],
)
def test_the_rate_is_off_on_this_machine_alone(settings: dict[str, object], expected: int) -> None:
    assert per_minute(Settings.model_validate(settings)) == expected


def test_a_rate_of_nothing_lets_all_through() -> None:
    rate = Rate(0)
    for _ in range(1000):
        rate.check("somebody")


# The queue.


def test_the_gate_lets_some_in_has_some_wait_and_refuses_the_rest() -> None:
    gate = Gate(2, 1)
    inside, leave = threading.Barrier(3), threading.Event()
    waits = threading.Event()
    came: list[str] = []

    def hold() -> None:
        with gate():
            inside.wait(20)
            leave.wait(20)

    def wait() -> None:
        waits.set()
        with gate():
            came.append("in")

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for each in threads:
        each.start()
    inside.wait(20)
    threads.append(threading.Thread(target=wait))
    threads[-1].start()
    while not gate.waiting:
        waits.wait(0.01)
    with pytest.raises(TooMany, match="The server is busy") as caught, gate():
        raise AssertionError
    assert caught.value.headers == {"Retry-After": "1"}
    assert came == []
    leave.set()
    for each in threads:
        each.join(20)
    assert (came, gate.waiting) == (["in"], 0)
    with gate(), gate():  # both places are free again
        pass


def test_who_waits_goes_in_in_the_order_of_coming_and_before_who_comes_later() -> None:
    gate = Gate(1, 10)
    came: list[int] = []

    def wait(number: int) -> None:
        with gate():
            came.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(10)]
    with gate():
        for number, each in enumerate(threads, start=1):
            each.start()
            while gate.waiting < number:
                time.sleep(0.001)
    # The place was left a moment ago, and hardly one of the ten has had time to take it.
    with gate():
        came.append(-1)
    for each in threads:
        each.join(20)
    assert came == [*range(10), -1]


def test_a_place_is_free_again_after_an_error() -> None:
    gate = Gate(1, 0)
    for _ in range(3):
        with pytest.raises(ValueError, match="inside"), gate():
            raise ValueError("inside")


# How each route's family calls a full queue; Text Embeddings Inference's are the others.
KINDS = {
    "/api/search": "too_many_requests",
    "/api/search/batch": "too_many_requests",
    "/api/similarity": "too_many_requests",
    "/v1/embeddings": "rate_limit_error",
}


def kind_of(answer: TestResponse) -> str:
    """The stable name of an error, in whichever family's words."""
    body = answer.get_json()
    return body["error_type"] if isinstance(body["error"], str) else body["error"]["type"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/search", {"query": "a nurse"}),
        ("/api/search/batch", {"questions": [{"query": "a nurse"}]}),
        ("/api/similarity", {"source": "a", "texts": ["b"]}),
        ("/similarity", {"query": "a", "texts": ["b"]}),
        ("/similarity", {"inputs": {"source_sentence": "a", "sentences": ["b"]}}),
        ("/embed", {"inputs": "a"}),
        ("/rerank", {"query": "a", "texts": ["b"]}),
        ("/rerank", {"query": "a", "documents": ["b"]}),
        ("/v1/embeddings", {"input": "a", "model": "any"}),
        ("/", {"inputs": "a"}),
    ],
)
def test_when_the_queue_is_full_who_needs_the_model_is_refused_and_others_are_not(
    make: Make, path: str, body: dict[str, object]
) -> None:
    client = make(threads=1, queue=0)
    with client.application.extensions[GATE]():
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert kind_of(answer) == KINDS.get(path, "Overloaded")
        page = client.post("/", data={"question": "a nurse"})
        assert page.status_code == 429
        assert page_of(page, 429).one("textarea").text == "a nurse"  # nothing is lost
        assert client.get("/api/documents").status_code == 200
        assert client.get("/metrics").status_code == 200
    assert client.post(path, json=body).status_code == 200


def test_many_at_once_are_all_answered_or_refused(make: Make) -> None:
    app = make(threads=2, queue=2).application

    def ask(number: int) -> int:
        body = {"query": f"victims {number}", "limit": 1}
        return app.test_client().post("/api/search", json=body).status_code

    statuses = in_threads(12, ask)
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 4


# Sizes.


def test_every_size_has_its_limit(make: Make) -> None:
    client = make(
        max_questions=2, max_texts=2, max_inputs=1, max_text_chars=10, max_body_bytes=2000
    )
    three = {"questions": [{"query": "a nurse"}] * 3}
    error = error_of(client.post("/api/search/batch", json=three), 422)
    assert error == {
        "type": "invalid",
        "message": "3 questions; at most 2 go in one call.",
        "field": "questions",
    }
    many = client.post("/api/similarity", json={"source": "a", "texts": ["b"] * 3})
    assert error_of(many, 422)["field"] == "texts"
    long = client.post("/api/similarity", json={"source": "a" * 11, "texts": ["b"]})
    assert error_of(long, 422)["field"] == "source"
    inputs = client.post("/v1/embeddings", json={"input": ["a", "b"], "model": "any"})
    assert (inputs.status_code, inputs.get_json()["error"]["param"]) == (400, "input")
    texts = client.post("/embed", json={"inputs": ["a"] * 3})
    assert (texts.status_code, texts.get_json()["error_type"]) == (422, "Validation")
    large = client.post("/api/search", json={"query": "a " * 2000})
    assert error_of(large, 413)["type"] == "request_entity_too_large"
