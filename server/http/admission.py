"""How many requests use the model at the same time, and which of those that wait is next."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from server.http.auth import Refused


class TooMany(Refused):
    """There are more requests than can be answered now."""

    kind = "too_many_requests"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, seconds: float, **values: object) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(message, {"Retry-After": str(wait)}, wait=wait, **values)


class _Turn:
    """One waiting request: told once either that it may go on or that it is refused."""

    def __init__(self) -> None:
        self._decided = threading.Event()
        self._admitted = False

    def decide(self, *, admitted: bool) -> None:
        self._admitted = admitted
        self._decided.set()

    def wait(self) -> bool:
        """Return whether the request may go on, once that is decided."""
        self._decided.wait()
        return self._admitted


class Gate:
    """Lets a number of requests in at the same time; others wait, people before programs.

    Whoever waits first is served first, but no program while a person waits. Both count towards
    the length of the queue; when it is full, a person takes the place of the program that came
    last, which is refused. Programs may thus wait as long as there are people who wait.
    """

    def __init__(self, slots: int, queue: int) -> None:
        """Make a gate.

        Args:
            slots: how many requests are let in at the same time, at least 1.
            queue: how many others may wait, people and programs together, at least 0.
        """
        self._free = slots
        self._max_waiting = queue
        self._people: deque[_Turn] = deque()
        self._programs: deque[_Turn] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        with self._lock:
            return len(self._people) + len(self._programs)

    @contextmanager
    def __call__(self, *, person: bool) -> Iterator[None]:
        """Hold a slot while in the block, after waiting for one if need be.

        Args:
            person: whether a person waits for the answer, not a program.

        Raises TooMany if the queue is full, or if a person takes a program's place in it.
        """
        turn = self._enter(person=person)
        if turn is not None and not turn.wait():
            raise _busy()
        try:
            yield
        finally:
            self._leave()

    def _enter(self, *, person: bool) -> _Turn | None:
        """Take a free slot and return None, or join the queue and return the turn to wait for."""
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            if len(self._people) + len(self._programs) >= self._max_waiting:
                if not (person and self._programs):
                    raise _busy()
                self._programs.pop().decide(admitted=False)
            turn = _Turn()
            (self._people if person else self._programs).append(turn)
            return turn

    def _leave(self) -> None:
        """Hand the slot to the next in the queue; a request that arrives now cannot take it."""
        with self._lock:
            queue = self._people or self._programs
            if queue:
                queue.popleft().decide(admitted=True)
            else:
                self._free += 1


def _busy() -> TooMany:
    return TooMany("The server is busy with others' questions. Try again in {wait} s.", 1)
