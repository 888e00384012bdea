"""Which texts programs may send: how many, how long, and nothing that is no text."""

from __future__ import annotations

from collections.abc import Iterable

from embedder.errors import RequestError


def check_count(field: str, count: int, most: int) -> None:
    """Raise RequestError for more texts than go in one call."""
    if count > most:
        raise RequestError(field, f"{count} texts; at most {most} go in one call.")


def check_texts(field: str, texts: Iterable[str], longest: int) -> None:
    """Raise RequestError for a text that is too long or not valid; no message holds any of it."""
    for text in texts:
        if len(text) > longest:
            raise RequestError(
                field, f"a text of {len(text)} characters; at most {longest} are read."
            )
        if any("\ud800" <= each <= "\udfff" for each in text):
            raise RequestError(field, "a text holds half of a character (a lone surrogate).")
