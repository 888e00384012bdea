"""Who may ask, how often, and how many at once; everything else is refused with a clear error."""

from __future__ import annotations

import hmac
import math
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from ipaddress import ip_address
from typing import ClassVar

from flask import request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from embedder.errors import FingerpostError
from server.settings import Settings

# Blueprints of pages for people and of the API's description, and of whether the server is alive.
PAGES = frozenset({None, "pages", "shelf", "notes", "reference", "openapi"})
HEALTH = "health"
HEALTH_PATHS = frozenset({"/health", "/ping", "/ready"})

# What a client on another machine may ask a minute where nothing else is set.
_USUAL_RATE = 600


class Refused(FingerpostError):
    """A request that is not let in, whatever it asks; `headers` say what to do."""

    status: ClassVar[HTTPStatus]

    def __init__(self, message: str, headers: Mapping[str, str], **values: object) -> None:
        super().__init__(message, **values)
        self.headers = dict(headers)


class Unauthorized(Refused):
    """The key is missing or wrong."""

    kind = "unauthorized"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__(
            "This server wants its key: send the header Authorization: Bearer KEY.",
            {"WWW-Authenticate": 'Bearer realm="fingerpost"'},
        )


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


class Rate:
    """Counts each client's requests of a minute; addresses are forgotten when it is over."""

    def __init__(self, per_minute: int) -> None:
        """Let `per_minute` requests of one client through; with 0 all."""
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, client: str) -> None:
        """Count one request.

        Raises TooMany if the client has used up this minute's.
        """
        if self._item is None or self._limiter.hit(self._item, client):
            return
        until = self._limiter.get_window_stats(self._item, client).reset_time
        raise TooMany(
            "At most {amount} requests a minute are answered. Try again in {wait} s.",
            until - time.time(),
            amount=self._item.amount,
        )


def per_minute(settings: Settings) -> int:
    """Give how many requests a client may make in a minute, 0 for any number.

    Without a setting: any number from this machine alone, some hundreds from a network.
    """
    if settings.requests_per_minute is not None:
        return settings.requests_per_minute
    return 0 if _is_local(settings.host) else _USUAL_RATE


def check_key(settings: Settings) -> None:
    """Raise Unauthorized for a request to the API without the key, where one is set."""
    wanted = settings.api_key
    if wanted is None or request.blueprint in PAGES or request.blueprint == HEALTH:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        given = request.headers.get("X-API-Key", "")
    # Compared in a time that does not tell how much of it is right.
    if not hmac.compare_digest(given.strip().encode(), wanted.get_secret_value().encode()):
        raise Unauthorized


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
