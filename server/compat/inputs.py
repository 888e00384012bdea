"""Texts of other servers' routes: checked, read, and what was cut of them said."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

from pydantic import BaseModel

from embedder.encoders.encoder import Encoder
from embedder.encoders.similarity import too_long
from embedder.errors import RequestError
from server.http.context import settings
from server.http.text_limits import check_texts

# What a route answers: a body, a status and headers.
Answer = tuple[BaseModel, int, dict[str, str]]

TRUNCATED = "x-truncated"

# For OpenAPI: the header of an answer to texts of which some were cut.
CUT: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            TRUNCATED: {
                "description": "indexes of texts longer than the model reads, with commas "
                "between; -1 is the text that the others are compared with",
                "schema": {"type": "string"},
                "example": "0,4",
            }
        }
    }
}


class Empty(RequestError):
    """There is nothing to read."""

    kind = "empty"


def check(field: str, texts: Sequence[str]) -> None:
    """Raise Empty, or RequestError for a text that is refused, naming the field."""
    check_some(field, texts)
    check_texts(field, texts, settings().max_text_chars)


def check_some(field: str, texts: Sequence[Sized]) -> None:
    """Raise Empty if there is no text, or an empty one, be they text or tokens."""
    if not texts:
        raise Empty(field, f"`{field}` is empty. Send one text at least.")
    empty = next((at for at, text in enumerate(texts) if not len(text)), None)
    if empty is None:
        return
    if len(texts) == 1:
        raise Empty(field, f"`{field}` is an empty text. Write something.")
    raise Empty(field, f"`{field}` holds an empty text, at index {empty}. Leave it out.")


def check_dimensions(model: Encoder, wanted: int | None) -> None:
    """Raise RequestError for more numbers than a vector has."""
    if wanted and wanted > model.dim:
        raise RequestError("dimensions", f"`dimensions` is {wanted}; {model.name} has {model.dim}.")


def headers_of(truncated: Sequence[int]) -> dict[str, str]:
    """Give the header that says what was cut, if anything was."""
    return {TRUNCATED: ",".join(map(str, truncated))} if truncated else {}


def refuse_long(model: Encoder, field: str, texts: Sequence[str]) -> None:
    """Raise RequestError if the model does not read all of a text, where none may be cut."""
    if too_long(model, texts):
        raise RequestError(
            field,
            f"`{field}` must have less than {model.max_tokens + 1} tokens. "
            "Shorten the text, or let it be cut: `truncate`.",
        )
