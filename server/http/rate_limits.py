"""How many requests a client may make in a minute."""

from __future__ import annotations

import time
from ipaddress import ip_address

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from server.http.admission import TooMany
from server.settings import Settings

# Requests a minute of a client on another machine, where nothing else is set.
_DEFAULT_RATE = 600


class Rate:
    """Counts each client's requests of a minute, and forgets its address afterwards."""

    def __init__(self, per_minute: int) -> None:
        """Allow `per_minute` requests of one client, 0 for any number."""
        self._item = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def check(self, client: str) -> None:
        """Count one request.

        Raises TooMany if the client has used up the requests of this minute.
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
    """Return how many requests a client may make in a minute, 0 for any number.

    Without a setting: any number if only this machine can connect, else 600.
    """
    if settings.requests_per_minute is not None:
        return settings.requests_per_minute
    return 0 if _is_local(settings.host) else _DEFAULT_RATE


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
