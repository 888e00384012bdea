"""The library itself: its list, its map, and a page for each document."""

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

_LIST_LENGTH = 50
_NEIGHBOURS = 5


@blueprint.get("/documents")
def documents() -> ResponseReturnValue:
    """List the library, a page at a time."""
    number = _page_number()
    total, found = library().page(_LIST_LENGTH, (number - 1) * _LIST_LENGTH)
    return render_template(
        "documents.html",
        total=total,
        documents=found,
        page=number,
        pages=-(-total // _LIST_LENGTH),
    )


@blueprint.get("/documents/<path:document_id>")
def document(document_id: str) -> ResponseReturnValue:
    """Show one document, what lies near it and where; with `?format=ris` give its citation."""
    found = library().document(document_id)
    form = EXPORTS.get(request.args.get("format", ""))
    if form is not None:
        return export([found], form)
    neighbours = library().similar(document_id, _NEIGHBOURS)
    return render_template(
        "document.html",
        document=found,
        neighbours=neighbours,
        near_ids={each.document.id for each in neighbours},
        drawing=Drawing.of(library().map()),
        place=library().place(document_id),
        tags=meta_tags(found, request.base_url),
    )


@blueprint.get("/map")
def map_of_documents() -> ResponseReturnValue:
    """Show the documents as points by meaning, and the same as a table."""
    shown = library().map()
    drawing = Drawing.of(shown)
    number = _page_number()
    titles = {each.document.id: heading(each.document) for each in shown.points}
    first = (number - 1) * _LIST_LENGTH
    return render_template(
        "map.html",
        drawing=drawing,
        view=View.read(request.args),
        total=shown.total,
        rows=drawing.points[first : first + _LIST_LENGTH],
        titles=titles,
        page=number,
        pages=-(-len(shown.points) // _LIST_LENGTH),
    )


@blueprint.post("/selection")
def selection() -> ResponseReturnValue:
    """Give the documents that were ticked, or all that were shown, as a file or to be printed."""
    ids = request.form.getlist("pick") or request.form.getlist("shown")
    found = [library().document(each) for each in dict.fromkeys(ids)]
    form = EXPORTS.get(request.form.get("format", ""))
    if form is None:
        return render_template("selection.html", documents=found)
    answer: Response = export(found, form)
    return answer


@blueprint.app_context_processor
def _words_for_documents() -> dict[str, object]:
    return {"heading": heading, "citation": citation, "formats": list(EXPORTS.values())}


def _page_number() -> int:
    try:
        return max(1, int(request.args.get("page", "1")[:6]))
    except ValueError:
        return 1
