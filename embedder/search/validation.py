"""Refuse questions that cannot be answered, with an error that says why."""

from __future__ import annotations

import re

from embedder.errors import RequestError
from embedder.records import MODES, Question

# How many documents each way of searching puts forward, and so how far an answer can be paged.
MAX_CANDIDATES = 1000
MAX_QUERY_CHARS = 10_000


MAX_LIMIT = 100


# What a question must hold, and what it must not: half a character, controls but white space.
_LETTER = re.compile(r"[^\W_]")


_HALF = re.compile("[\ud800-\udfff]")


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


def check(question: Question) -> None:
    """Refuse a question that cannot be answered; a message never holds its text.

    Raises RequestError naming the field.
    """
    text = question.text
    if not text.strip():
        raise RequestError("query", "the question is empty. Write a few words or a situation.")
    if len(text) > MAX_QUERY_CHARS:
        raise RequestError(
            "query",
            "the question has {count} characters; at most {most} are read. "
            "Leave out what matters least.",
            count=len(text),
            most=MAX_QUERY_CHARS,
        )
    if not _LETTER.search(text):
        raise RequestError("query", "the question holds no word. Write a few words.")
    if _HALF.search(text):
        raise RequestError(
            "query", "the question holds half of a character (a lone surrogate). Send valid text."
        )
    if _CONTROL.search(text):
        raise RequestError("query", "the question holds control characters. Send plain text.")
    if question.mode not in MODES:
        raise RequestError("mode", f"{question.mode!r} is no mode. Known: {', '.join(MODES)}.")
    check_range("limit", question.limit, 1, MAX_LIMIT)
    check_range("offset", question.offset, 0, MAX_CANDIDATES - 1)
    if question.offset + question.limit > MAX_CANDIDATES:
        raise RequestError(
            "offset",
            "only the first {most} hits can be paged through. Narrow with filters.",
            most=MAX_CANDIDATES,
        )


def check_range(field: str, value: int, low: int, high: int) -> None:
    """Raise RequestError for a number that is not in `low` to `high`."""
    if not low <= value <= high:
        raise RequestError(field, f"{field} {value} is out of range: {low} to {high}.")
