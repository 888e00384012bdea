"""Documents in the formats that reference managers and spreadsheets read."""

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
EXPORT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Successful response",
        "content": {form.media_type: {"schema": _schema(form)} for form in EXPORTS.values()},
    }
}


def requested_format(query: FormatIn) -> Format | None:
    """Return the format in which a request asks for documents, None for JSON.

    `format` in the URL goes before the header Accept; a media type there that is not one of ours
    means JSON.
    """
    if "format" in query.model_fields_set:
        return EXPORTS.get(query.format)
    forms = {form.media_type: form for form in EXPORTS.values()}
    best = request.accept_mimetypes.best_match([_JSON, *forms], default=_JSON)
    return forms.get(best)


def export(documents: Iterable[Document], form: Format) -> Response:
    """Return a response that sends documents as a file, piece by piece."""
    pieces = iter(form.write(documents))
    # The first is made now, while a failure can still be answered with an error.
    pieces = chain([next(pieces, "")], pieces)
    response = Response((piece.encode() for piece in pieces), mimetype=form.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="fingerpost.{form.ending}"'
    response.vary.add("Accept")
    return response
