"""The library itself over HTTP: its documents, and what lies near each."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from server.api.schemas import DocumentOut, DocumentsIn, DocumentsOut, SimilarIn, SimilarOut
from server.context import library

blueprint = APIBlueprint("documents", __name__, url_prefix="/api/documents", tag="Documents")


@blueprint.get("")
@blueprint.input(DocumentsIn, location="query", arg_name="page")
@blueprint.output(DocumentsOut)
@blueprint.doc(operation_id="listDocuments")
def listing(page: DocumentsIn) -> dict[str, Any]:
    """Give a page of the library, in the order in which documents were first read."""
    total, documents = library().documents(page.limit, page.offset)
    return {"total": total, "documents": [each.as_dict() for each in documents]}


@blueprint.get("/<path:document_id>")
@blueprint.output(DocumentOut)
@blueprint.doc(operation_id="getDocument", responses=[404])
def document(document_id: str) -> dict[str, Any]:
    """Give one document with its metadata."""
    return library().document(document_id).as_dict()


@blueprint.get("/<path:document_id>/similar")
@blueprint.input(SimilarIn, location="query", arg_name="page")
@blueprint.output(SimilarOut)
@blueprint.doc(operation_id="similar", responses=[404])
def similar(document_id: str, page: SimilarIn) -> dict[str, Any]:
    """Give a document's neighbours in meaning, nearest first."""
    return {"hits": [hit.as_dict() for hit in library().similar(document_id, page.limit)]}
