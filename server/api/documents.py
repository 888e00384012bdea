"""The library over HTTP: its documents, and the neighbours of each."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from server.api.exports import EXPORT_RESPONSES, export, requested_format
from server.api.schemas import (
    DocumentOut,
    DocumentsIn,
    DocumentsOut,
    FormatIn,
    SimilarIn,
    SimilarOut,
)
from server.api.search import select
from server.http.access import API, Blueprint
from server.http.context import library

blueprint = Blueprint(
    "documents", __name__, url_prefix="/api/documents", tag="Documents", access=API
)


@blueprint.get("")
@blueprint.input(DocumentsIn, location="query", arg_name="page")
@blueprint.output(DocumentsOut)
@blueprint.doc(operation_id="listDocuments", responses=EXPORT_RESPONSES)
def listing(page: DocumentsIn) -> ResponseReturnValue:
    """Return a page of the library, in the order of the documents' ids.

    In a format other than JSON, and without a limit, the whole library.
    """
    form = requested_format(page)
    if form and not {"limit", "offset"} & page.model_fields_set:
        return export(library().documents(), form)
    total, documents = library().page(page.limit, page.offset)
    if form:
        return export(documents, form)
    names = page.fields.split(",") if page.fields else None
    listed = [document.as_dict() for document in documents]
    return {
        "total": total,
        "documents": [select(each, names) for each in listed] if names else listed,
    }


@blueprint.get("/<path:document_id>")
@blueprint.input(FormatIn, location="query", arg_name="form")
@blueprint.output(DocumentOut)
@blueprint.doc(operation_id="getDocument", responses=EXPORT_RESPONSES)
def document(document_id: str, form: FormatIn) -> ResponseReturnValue:
    """Return one document with its metadata."""
    found = library().document(document_id)
    as_file = requested_format(form)
    return export([found], as_file) if as_file else found.as_dict()


@blueprint.get("/<path:document_id>/similar")
@blueprint.input(SimilarIn, location="query", arg_name="page")
@blueprint.output(SimilarOut)
@blueprint.doc(operation_id="similar", responses=[404])
def similar(document_id: str, page: SimilarIn) -> dict[str, Any]:
    """Return the documents nearest to one in meaning, nearest first."""
    return {"hits": [hit.as_dict() for hit in library().similar(document_id, page.limit)]}
