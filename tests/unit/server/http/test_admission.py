"""The gate before the model: who goes in, who waits, in which order, and who is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.http.admission import Gate, TooMany, _Turn
from server.http.context import GATE
from tests.conftest import in_threads
from tests.support.app import ClientWith, page_of

SECONDS = 20.0  # after which a test that hangs fails


class Observed(Gate):
    """A gate that says when somebody has joined its queue."""

    def __init__(self, slots: int, queue: int) -> None:
        super().__init__(slots, queue)
        self.joined = threading.Semaphore(0)

    def _enter(self, *, person: bool) -> _Turn | None:
        turn = super()._enter(person=person)
        if turn is not None:
            self.joined.release()
        return turn


class Visitors:
    """Requests in threads of their own, and the order in which they were let in."""

    def __init__(self, gate: Observed, pool: ThreadPoolExecutor) -> None:
        self._gate = gate
        self._pool = pool
        self.entered: list[str] = []

    def queue(self, name: str, *, person: bool) -> Future[None]:
        """Send a request that has to wait, and return once it does."""

        def visit() -> None:
            with self._gate(person=person):
                self.entered.append(name)

        future = self._pool.submit(visit)
        assert self._gate.joined.acquire(timeout=SECONDS)
        return future


@contextmanager
def visitors(gate: Observed) -> Iterator[Visitors]:
    with ThreadPoolExecutor(32) as pool:
        yield Visitors(gate, pool)


@pytest.mark.parametrize("person", [True, False])
def test_as_many_as_there_are_slots_go_in_and_with_no_queue_others_are_refused(
    person: bool,
) -> None:
    gate = Gate(2, 0)
    with gate(person=person), gate(person=not person):
        with pytest.raises(TooMany, match="The server is busy") as caught, gate(person=person):
            raise AssertionError
        assert caught.value.headers == {"Retry-After": "1"}
    with gate(person=person), gate(person=person):  # both slots are free again
        pass


@pytest.mark.parametrize("person", [True, False])
def test_among_equals_the_first_to_come_is_the_first_to_enter(person: bool) -> None:
    gate = Observed(1, 10)
    names = [str(number) for number in range(10)]
    with visitors(gate) as queue:
        with gate(person=True):
            waiting = [queue.queue(name, person=person) for name in names]
            assert gate.waiting == 10
            assert queue.entered == []
        for each in waiting:
            each.result(SECONDS)
    assert queue.entered == names
    assert gate.waiting == 0


def test_people_enter_before_programs_that_came_earlier() -> None:
    gate = Observed(1, 10)
    with visitors(gate) as queue:
        with gate(person=False):
            waiting = [
                queue.queue(name, person=name.startswith("person"))
                for name in ("program 1", "person 1", "program 2", "person 2", "program 3")
            ]
        for each in waiting:
            each.result(SECONDS)
    assert queue.entered == ["person 1", "person 2", "program 1", "program 2", "program 3"]


def test_a_request_that_comes_later_does_not_overtake_the_queue() -> None:
    gate = Observed(1, 10)
    with visitors(gate) as queue:
        with gate(person=False):
            waiting = queue.queue("waited", person=False)
        # The slot was handed over a moment ago, even if its new holder has not run since.
        with gate(person=True):
            queue.entered.append("came later")
        waiting.result(SECONDS)
    assert queue.entered == ["waited", "came later"]


def test_in_a_full_queue_a_person_takes_the_place_of_the_last_program() -> None:
    gate = Observed(1, 3)
    with visitors(gate) as queue:
        with gate(person=False):
            first = queue.queue("program 1", person=False)
            last = queue.queue("program 2", person=False)
            early = queue.queue("person 1", person=True)
            late = queue.queue("person 2", person=True)
            with pytest.raises(TooMany, match="The server is busy"):
                last.result(SECONDS)  # while the slot is still held
            assert gate.waiting == 3
            with pytest.raises(TooMany), gate(person=False):
                raise AssertionError
            latest = queue.queue("person 3", person=True)
            with pytest.raises(TooMany):
                first.result(SECONDS)
            # People alone wait now; nobody gives way.
            with pytest.raises(TooMany), gate(person=True):
                raise AssertionError
            assert gate.waiting == 3
        for each in (early, late, latest):
            each.result(SECONDS)
    assert queue.entered == ["person 1", "person 2", "person 3"]
    assert gate._free == 1  # the slot was given back once


def test_a_slot_is_free_again_after_an_error() -> None:
    gate = Gate(1, 0)
    for person in (True, False, True):
        with pytest.raises(ValueError, match="inside"), gate(person=person):
            raise ValueError("inside")


def test_never_more_than_the_slots_are_inside_and_nobody_is_lost() -> None:
    gate, lock = Gate(3, 64), threading.Lock()
    inside, peak = 0, 0

    def visit(number: int) -> int:
        nonlocal inside, peak
        for _ in range(50):
            with gate(person=number % 2 == 0):
                with lock:
                    inside += 1
                    peak = max(peak, inside)
                with lock:
                    inside -= 1
        return number

    assert in_threads(16, visit) == list(range(16))
    assert peak <= 3
    assert (inside, gate.waiting) == (0, 0)


# Over HTTP. How each route's format names a full queue; others are Text Embeddings Inference's.
KINDS = {
    "/api/search": "too_many_requests",
    "/api/search/batch": "too_many_requests",
    "/api/similarity": "too_many_requests",
    "/v1/embeddings": "rate_limit_error",
}


def kind_of(answer: TestResponse) -> str:
    """The stable name of an error, in whichever format."""
    body = answer.get_json()
    error = body["error"]
    return str(body["error_type"] if isinstance(error, str) else error["type"])


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
def test_when_the_queue_is_full_only_requests_that_need_the_model_are_refused(
    client_with: ClientWith, path: str, body: dict[str, object]
) -> None:
    client = client_with(threads=1, queue=0)
    with client.application.extensions[GATE](person=False):
        answer = client.post(path, json=body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
        assert kind_of(answer) == KINDS.get(path, "Overloaded")
        page = client.post("/", data={"question": "a nurse"})
        assert page.status_code == 429
        assert page_of(page, 429).one("textarea").text == "a nurse"  # nothing is lost
        assert client.get("/api/documents").status_code == 200
        assert client.get("/metrics").status_code == 200
    assert client.post(path, json=body).status_code == 200


def test_a_question_on_the_page_goes_before_one_of_a_program(client_with: ClientWith) -> None:
    client = client_with(threads=1, queue=1)
    app = client.application
    gate = app.extensions[GATE] = Observed(1, 1)

    def by_program() -> int:
        found = app.test_client().post("/api/search", json={"query": "a nurse"})
        return found.status_code

    def by_person() -> int:
        return app.test_client().post("/", data={"question": "a nurse"}).status_code

    with ThreadPoolExecutor(2) as pool:
        with gate(person=False):
            program = pool.submit(by_program)
            assert gate.joined.acquire(timeout=SECONDS)
            person = pool.submit(by_person)
            assert gate.joined.acquire(timeout=SECONDS)
            assert program.result(SECONDS) == 429
        assert person.result(SECONDS) == 200


def test_many_at_the_same_time_are_all_answered_or_refused(client_with: ClientWith) -> None:
    app = client_with(threads=2, queue=2).application

    def ask(number: int) -> int:
        body = {"query": f"victims {number}", "limit": 1}
        client: FlaskClient = app.test_client()
        return client.post("/api/search", json=body).status_code

    statuses = in_threads(12, ask)
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 4
