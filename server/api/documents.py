"""The library itself over HTTP: its documents, and what lies near each."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from server.api.exports import ANSWERS, export, wanted
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
@blueprint.doc(operation_id="listDocuments", responses=ANSWERS)
def listing(page: DocumentsIn) -> ResponseReturnValue:
    """Give a page of the library, in the order in which documents were first read.

    In another form than JSON, and without a limit, the whole library.
    """
    form = wanted(page)
    if form and not {"limit", "offset"} & page.model_fields_set:
        return export(library().every_document(), form)
    total, documents = library().documents(page.limit, page.offset)
    if form:
        return export(documents, form)
    names = page.fields.split(",") if page.fields else None
    found = [each.as_dict() for each in documents]
    return {
        "total": total,
        "documents": [select(each, names) for each in found] if names else found,
    }


@blueprint.get("/<path:document_id>")
@blueprint.input(FormatIn, location="query", arg_name="form")
@blueprint.output(DocumentOut)
@blueprint.doc(operation_id="getDocument", responses=ANSWERS)
def document(document_id: str, form: FormatIn) -> ResponseReturnValue:
    """Give one document with its metadata."""
    found = library().document(document_id)
    as_file = wanted(form)
    return export([found], as_file) if as_file else found.as_dict()


@blueprint.get("/<path:document_id>/similar")
@blueprint.input(SimilarIn, location="query", arg_name="page")
@blueprint.output(SimilarOut)
@blueprint.doc(operation_id="similar", responses=[404])
def similar(document_id: str, page: SimilarIn) -> dict[str, Any]:
    """Give a document's neighbours in meaning, nearest first."""
    return {"hits": [hit.as_dict() for hit in library().similar(document_id, page.limit)]}
