"""Checks of the texts that other servers' routes take, and the header that says what was cut."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from typing import Any

from pydantic import BaseModel

from embedder.encoders.encoder import Encoder
from embedder.encoders.similarity import too_long
from embedder.errors import RequestError
from server.http.context import settings
from server.http.text_limits import check_texts

# What a view returns: body, status and headers.
Answer = tuple[BaseModel, int, dict[str, str]]

TRUNCATED_HEADER = "x-truncated"

# For OpenAPI: the header of an answer to texts of which some were cut.
TRUNCATION_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "headers": {
            TRUNCATED_HEADER: {
                "description": "indexes of texts longer than the model reads, separated by "
                "commas; -1 is the text that the others are compared with",
                "schema": {"type": "string"},
                "example": "0,4",
            }
        }
    }
}


class Empty(RequestError):
    """There is nothing to read."""

    kind = "empty"


def require_texts(field: str, texts: Sequence[str]) -> None:
    """Raise RequestError, naming the field, if there is no text or one of them is refused."""
    require_nonempty(field, texts)
    check_texts(field, texts, settings().max_text_chars)


def require_nonempty(field: str, texts: Sequence[Sized]) -> None:
    """Raise Empty, naming the field, if there is no text or one is empty.

    `texts` are strings, or lists of tokens.
    """
    if not texts:
        raise Empty(field, f"`{field}` is empty. Send one text at least.")
    empty = next((index for index, text in enumerate(texts) if not len(text)), None)
    if empty is None:
        return
    if len(texts) == 1:
        raise Empty(field, f"`{field}` is an empty text. Write something.")
    raise Empty(field, f"`{field}` holds an empty text, at index {empty}. Leave it out.")


def check_dimensions(model: Encoder, dimensions: int | None) -> None:
    """Raise RequestError for more dimensions than the model's vectors have."""
    if dimensions and dimensions > model.dim:
        raise RequestError(
            "dimensions", f"`dimensions` is {dimensions}; {model.name} has {model.dim}."
        )


def truncation_headers(truncated: Sequence[int]) -> dict[str, str]:
    """Return the header that names the texts that were cut, none if all were read whole."""
    return {TRUNCATED_HEADER: ",".join(map(str, truncated))} if truncated else {}


def refuse_truncation(model: Encoder, field: str, texts: Sequence[str]) -> None:
    """Raise RequestError if the model would not read all of a text."""
    if too_long(model, texts):
        raise RequestError(
            field,
            f"`{field}` must have less than {model.max_tokens + 1} tokens. "
            "Shorten the text, or let it be cut: `truncate`.",
        )
