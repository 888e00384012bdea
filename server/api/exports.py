"""Documents in the forms that reference managers and spreadsheets read."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

from flask import Response, request

from embedder.formats.registry import EXPORTS, Format
from embedder.records import Document
from server.api.schemas import FormatIn

_JSON = "application/json"


def _schema(form: Format) -> dict[str, Any]:
    if form.media_type.endswith("json"):
        return {"type": "array", "items": {"type": "object"}}
    return {"type": "string"}


# For OpenAPI: what a route that exports may answer besides JSON.
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Successful response",
        "content": {each.media_type: {"schema": _schema(each)} for each in EXPORTS.values()},
    }
}


def wanted(asked: FormatIn) -> Format | None:
    """Give the form that a request wants documents in, None for JSON.

    `format` in the URL goes before the header Accept, of which a form that is not known here
    means JSON.
    """
    if "format" in asked.model_fields_set:
        return EXPORTS.get(asked.format)
    forms = {each.media_type: each for each in EXPORTS.values()}
    best = request.accept_mimetypes.best_match([_JSON, *forms], default=_JSON)
    return forms.get(best)


def export(documents: Iterable[Document], form: Format) -> Response:
    """Send documents as a file, piece by piece."""
    pieces = iter(form.write(documents))
    # The first is made now: what is wrong then can still be answered with an error.
    pieces = chain([next(pieces, "")], pieces)
    response = Response((each.encode() for each in pieces), mimetype=form.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="fingerpost.{form.ending}"'
    response.vary.add("Accept")
    return response
