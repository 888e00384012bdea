"""Who may use the API: the key that programs send."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from flask import request

from embedder.errors import FingerpostError
from server.settings import Settings

# Blueprints of pages for people and of the API's description, and of whether the server is alive.
PAGES = frozenset({None, "pages", "shelf", "notes", "reference", "openapi"})


HEALTH = "health"


HEALTH_PATHS = frozenset({"/health", "/ping", "/ready"})


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
