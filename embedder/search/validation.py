"""Refuse questions that cannot be answered, with an error that says why."""

from __future__ import annotations

import re

from embedder.errors import RequestError
from embedder.records import MODES, Question

# How many documents each way of searching puts forward, and so how far an answer can be paged.
MAX_CANDIDATES = 1000
MAX_QUERY_CHARS = 10_000
MAX_LIMIT = 100
# Documents that can be marked as fitting, and as many as not fitting.
MAX_MARKED = 20
# Meanings that can be ignored.
MAX_IGNORED = 50

_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_UNPAIRED_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # all but white space


def validate_query(question: Question) -> None:
    """Raise RequestError, naming the field, for a question that cannot be answered.

    Filters are checked where they are resolved (`Facets.resolve`). No message holds the text of
    the question.
    """
    _validate_text(question.text)
    if question.mode not in MODES:
        raise RequestError(
            "mode", f"{question.mode!r} is not a mode. Modes are: {', '.join(MODES)}."
        )
    require_range("limit", question.limit, 1, MAX_LIMIT)
    require_range("offset", question.offset, 0, MAX_CANDIDATES - 1)
    if question.offset + question.limit > MAX_CANDIDATES:
        raise RequestError(
            "offset",
            "only the first {most} hits can be paged through. Narrow with filters.",
            most=MAX_CANDIDATES,
        )
    _validate_marks(question)
    if len(question.ignore) > MAX_IGNORED:
        raise RequestError(
            "ignore",
            f"ignore has {len(question.ignore)} meanings; at most {MAX_IGNORED} can be ignored.",
        )


def require_range(field: str, value: int, minimum: int, maximum: int) -> None:
    """Raise RequestError, naming the field, for a number below `minimum` or above `maximum`."""
    if not minimum <= value <= maximum:
        raise RequestError(field, f"{field} {value} is out of range: {minimum} to {maximum}.")


def _validate_marks(question: Question) -> None:
    """Raise RequestError for too many marked documents, or a search that they cannot change."""
    for field, ids in (("like", question.like), ("unlike", question.unlike)):
        if len(ids) > MAX_MARKED:
            raise RequestError(
                field, f"{field} has {len(ids)} documents; at most {MAX_MARKED} can be marked."
            )
        if ids and question.mode == "keyword":
            raise RequestError(
                field,
                f"{field} works by meaning. Choose the mode hybrid or semantic, or leave it out.",
            )


def _validate_text(text: str) -> None:
    """Raise RequestError for a text that is empty, too long, or not plain text."""
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
    if not _LETTER_OR_DIGIT.search(text):
        raise RequestError("query", "the question holds no word. Write a few words.")
    if _UNPAIRED_SURROGATE.search(text):
        raise RequestError("query", "the question holds an unpaired surrogate. Send valid text.")
    if _CONTROL.search(text):
        raise RequestError("query", "the question holds control characters. Send plain text.")
