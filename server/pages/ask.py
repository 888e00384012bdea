"""The page where people ask, the library's list, and a page for each document."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import render_template, request
from flask.typing import ResponseReturnValue

from embedder.errors import RequestError
from embedder.records import Document, Evidence, Hit
from embedder.search import DEPTH, LONGEST_QUESTION
from server.context import encoding, library
from server.errors import status_of
from server.limits import TooMany
from server.pages.forms import PAGE_LENGTH, Form

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)

VERDICTS = {
    "strong": "The library has documents that answer this. Start with the first.",
    "possible": "These documents may help. Check the marked sentence in each.",
    "none": (
        "Nothing in this library clearly answers this. "
        "The nearest documents are listed below, but they may not help."
    ),
}
# Where a form that is sent to `/` is answered; people never see it.
ANSWER = "/answer"
_LIST_LENGTH = 50


@blueprint.app_template_global()
def marked(document: Document, evidence: tuple[Evidence, ...]) -> list[tuple[str, bool]]:
    """Cut an abstract into (text, is evidence) pieces that together are the whole of it."""
    places = sorted((each.start, each.end) for each in evidence if each.field == "abstract")
    pieces, at = [], 0
    for start, end in places:
        pieces += [(document.abstract[at:start], False), (document.abstract[start:end], True)]
        at = end
    return [piece for piece in (*pieces, (document.abstract[at:], False)) if piece[0]]


@blueprint.app_template_global()
def heading(document: Document) -> str:
    """Give a document's title, or for one without the beginning of its abstract."""
    if document.title.strip():
        return document.title
    words = document.abstract.split()
    return " ".join(words[:12]) + "…" if words else document.id


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the empty box."""
    return _page(Form())


@blueprint.post(ANSWER)
def answer() -> ResponseReturnValue:
    """Answer what was written in the box; the page keeps it, nothing else does."""
    form = Form.read(request.form)
    try:
        with encoding():
            found = library().ask(form.to_question())
    except (RequestError, TooMany) as error:
        # What was written stays in the box.
        return _page(form, error=error), status_of(error)
    offset = int(form.offset)
    last = min(found.total, DEPTH)
    return _page(
        form,
        answer=found,
        verdict=VERDICTS[found.verdict],
        earlier=replace(form, offset=str(max(0, offset - PAGE_LENGTH))) if offset else None,
        later=replace(form, offset=str(offset + PAGE_LENGTH))
        if offset + PAGE_LENGTH < last
        else None,
    )


@blueprint.get("/documents")
def documents() -> ResponseReturnValue:
    """List the library, a page at a time."""
    try:
        number = max(1, int(request.args.get("page", "1")[:6]))
    except ValueError:
        number = 1
    total, found = library().documents(_LIST_LENGTH, (number - 1) * _LIST_LENGTH)
    return render_template(
        "documents.html",
        total=total,
        documents=found,
        page=number,
        pages=-(-total // _LIST_LENGTH),
    )


@blueprint.get("/documents/<path:document_id>")
def document(document_id: str) -> ResponseReturnValue:
    """Show one document and what lies near it."""
    found = library().document(document_id)
    neighbours: list[Hit] = library().similar(document_id, 5)
    return render_template("document.html", document=found, neighbours=neighbours)


def _page(form: Form, **shown: object) -> str:
    total, _ = library().documents(0)
    return render_template(
        "ask.html",
        form=form,
        values=library().filter_values(),
        longest=LONGEST_QUESTION,
        library_size=total,
        **shown,
    )
