"""How many requests use the model at once, and how many wait for it."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from server.http.auth import Refused


class TooMany(Refused):
    """There are more requests than are answered."""

    kind = "too_many_requests"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, seconds: float, **values: object) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(message, {"Retry-After": str(wait)}, wait=wait, **values)


class Gate:
    """Lets so many callers in at once, has so many others wait in a row, and refuses the rest."""

    def __init__(self, places: int, queue: int) -> None:
        """Open with `places` for callers and a `queue` of others."""
        self._free = places
        self._most = queue
        self._row: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._row)

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Hold a place while in the block.

        Raises TooMany, at once, if the queue is full.
        """
        turn = self._enter()
        if turn:
            turn.wait()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> threading.Event | None:
        """Take a free place, or stand in the row: then give what tells when it is one's turn."""
        with self._lock:
            if self._free:
                self._free -= 1
                return None
            if len(self._row) >= self._most:
                raise TooMany(
                    "The server is busy with others' questions. Try again in {wait} s.", 1
                )
            turn = threading.Event()
            self._row.append(turn)
            return turn

    def _leave(self) -> None:
        """Hand one's place to the first in the row: who comes meanwhile does not get it."""
        with self._lock:
            if self._row:
                self._row.popleft().set()
            else:
                self._free += 1
