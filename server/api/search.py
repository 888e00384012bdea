"""Asking the library over HTTP."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from embedder.errors import RequestError
from server.api.schemas import AnswerOut, FiltersIn, SearchIn
from server.context import encoding, library

blueprint = APIBlueprint("search", __name__, url_prefix="/api", tag="Search")


@blueprint.post("/search")
@blueprint.input(SearchIn, arg_name="body")
@blueprint.output(AnswerOut)
@blueprint.doc(operation_id="search")
def search(body: SearchIn) -> dict[str, Any]:
    """Give the documents that fit best, each with the sentence that makes it fit.

    By POST only: question text does not belong in a URL, a log or a history.
    """
    try:
        with encoding():
            return library().ask(body.question()).as_dict()
    except RequestError as error:
        if error.field in FiltersIn.model_fields:
            error.field = f"filters.{error.field}"
        raise
