"""The key that programs send, and what all refusals have in common."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from flask import request

from embedder.errors import FingerpostError
from server.settings import Settings


class Refused(FingerpostError):
    """A request is refused whatever it asks for; `headers` say what to do."""

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
    """Raise Unauthorized if the server has a key and the current request does not send it."""
    key = settings.api_key
    if key is None:
        return
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        sent = request.headers.get("X-API-Key", "")
    # Compared in a time that does not depend on how much of it is right.
    if not hmac.compare_digest(sent.strip().encode(), key.get_secret_value().encode()):
        raise Unauthorized
