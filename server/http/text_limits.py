"""Which texts programs may send: how many, how long, and only valid text."""

from __future__ import annotations

from collections.abc import Iterable

from embedder.errors import RequestError


def check_count(field: str, count: int, max_count: int) -> None:
    """Raise RequestError for more texts than go in one call."""
    if count > max_count:
        raise RequestError(field, f"{count} texts; at most {max_count} go in one call.")


def check_texts(field: str, texts: Iterable[str], max_chars: int) -> None:
    """Raise RequestError for a text that is too long or not valid; no message quotes it."""
    for text in texts:
        if len(text) > max_chars:
            raise RequestError(
                field, f"a text of {len(text)} characters; at most {max_chars} are read."
            )
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise RequestError(field, "a text holds an unpaired surrogate.")
