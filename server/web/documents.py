"""Pages of the library itself: its list, its map, a page for each document, and a selection."""

from __future__ import annotations

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from embedder.formats.registry import EXPORTS
from server.api.exports import export
from server.http.access import PEOPLE, Blueprint
from server.http.context import library
from server.web.citations import citation, heading, meta_tags
from server.web.map_view import Drawing, View

blueprint = Blueprint("shelf", __name__, access=PEOPLE, enable_openapi=False)

_PAGE_LENGTH = 50
_NEIGHBOURS = 5


@blueprint.get("/documents")
def documents() -> ResponseReturnValue:
    """List the library's documents, a page at a time."""
    page = _page_number()
    total, listed = library().page(_PAGE_LENGTH, (page - 1) * _PAGE_LENGTH)
    return render_template(
        "documents.html",
        total=total,
        documents=listed,
        page=page,
        pages=_page_count(total),
    )


@blueprint.get("/documents/<path:document_id>")
def document(document_id: str) -> ResponseReturnValue:
    """Show a document, its neighbours and its place on the map; `?format=ris` exports it."""
    shown = library().document(document_id)
    export_format = EXPORTS.get(request.args.get("format", ""))
    if export_format is not None:
        return export([shown], export_format)
    neighbours = library().similar(document_id, _NEIGHBOURS)
    return render_template(
        "document.html",
        document=shown,
        neighbours=neighbours,
        neighbour_ids={hit.document.id for hit in neighbours},
        drawing=Drawing.from_map(library().map()),
        place=library().place(document_id),
        tags=meta_tags(shown, request.base_url),
    )


@blueprint.get("/map")
def map_of_documents() -> ResponseReturnValue:
    """Show the documents as points that are close where they say similar things, and as a table."""
    library_map = library().map()
    drawing = Drawing.from_map(library_map)
    page = _page_number()
    first = (page - 1) * _PAGE_LENGTH
    return render_template(
        "map.html",
        drawing=drawing,
        view=View.read(request.args),
        total=library_map.total,
        rows=drawing.points[first : first + _PAGE_LENGTH],
        titles={point.document.id: heading(point.document) for point in library_map.points},
        page=page,
        pages=_page_count(len(library_map.points)),
    )


@blueprint.post("/selection")
def selection() -> ResponseReturnValue:
    """Export the selected documents, or all that were shown if none is selected.

    An unknown format, `print` among them, gives a page to be printed.
    """
    ids = request.form.getlist("pick") or request.form.getlist("shown")
    selected = [library().document(document_id) for document_id in dict.fromkeys(ids)]
    export_format = EXPORTS.get(request.form.get("format", ""))
    if export_format is None:
        return render_template("selection.html", documents=selected)
    response: Response = export(selected, export_format)
    return response


@blueprint.app_context_processor
def _citation_names() -> dict[str, object]:
    return {"heading": heading, "citation": citation, "formats": list(EXPORTS.values())}


def _page_count(total: int) -> int:
    return -(-total // _PAGE_LENGTH)


def _page_number() -> int:
    """Read the number of the page that is asked for; 1 if it is missing or not a number."""
    try:
        return max(1, int(request.args.get("page", "1")[:6]))
    except ValueError:
        return 1
