"""Asking the library over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from embedder.errors import RequestError
from embedder.records import Answer
from server.api.exports import ANSWERS, export, wanted
from server.api.schemas import AnswerOut, BatchIn, BatchOut, FiltersIn, FormatIn, SearchIn
from server.http.access import API, Blueprint
from server.http.context import encoding, library, settings

_ACCESS = replace(
    API,
    wrong_method="Ask by POST, with the question in the body: text in a URL ends up in logs and "
    "histories.",
)
blueprint = Blueprint("search", __name__, url_prefix="/api", tag="Search", access=_ACCESS)

_EXAMPLE = {"query": "What should a nurse do who meets a trafficked person?", "limit": 3}


@blueprint.post("/search")
@blueprint.input(SearchIn, arg_name="body", example=_EXAMPLE)
@blueprint.input(FormatIn, location="query", arg_name="form")
@blueprint.output(AnswerOut)
@blueprint.doc(operation_id="search", responses=ANSWERS)
def search(body: SearchIn, form: FormatIn) -> ResponseReturnValue:
    """Give the documents that fit best, each with the sentence that makes it fit.

    By POST only: question text does not belong in a URL, a log or a history.
    """
    (answer,) = _answers([body])
    as_file = wanted(form)
    if as_file:
        return export((hit.document for hit in answer.hits), as_file)
    return jsonify(_as_dict(answer, body))


@blueprint.post("/search/batch")
@blueprint.input(BatchIn, arg_name="body", example={"questions": [_EXAMPLE]})
@blueprint.output(BatchOut)
@blueprint.doc(operation_id="searchBatch")
def batch(body: BatchIn) -> Response:
    """Answer several questions in one call.

    If one of them cannot be answered none is, and the error's field begins with its number.
    """
    most = settings().max_questions
    if len(body.questions) > most:
        raise RequestError(
            "questions", f"{len(body.questions)} questions; at most {most} go in one call."
        )
    answers = _answers(body.questions, "questions.{}.")
    found = [_as_dict(answer, asked) for answer, asked in zip(answers, body.questions, strict=True)]
    return jsonify({"answers": found})


def _answers(asked: Sequence[SearchIn], place: str = "") -> list[Answer]:
    """Ask one after another; an error's field is named as the body has it."""
    answers = []
    with encoding():
        for number, each in enumerate(asked):
            try:
                answers.append(library().ask(each.question()))
            except RequestError as error:
                inner = "filters." if error.field in FiltersIn.model_fields else ""
                error.field = f"{place.format(number)}{inner}{error.field}"
                raise
    return answers


def _as_dict(answer: Answer, asked: SearchIn) -> dict[str, Any]:
    """Give an answer as JSON has it, its documents with the fields that were asked for.

    It is sent as it is: to have it checked against `AnswerOut` each time would be a tenth of what
    Python does for a question. The tests compare the two.
    """
    found = answer.as_dict()
    if asked.fields is not None:
        for hit in found["hits"]:
            hit["document"] = select(hit["document"], asked.fields)
    return found


def select(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Give some fields of a document, its id always, in their usual order."""
    return {name: value for name, value in document.items() if name == "id" or name in names}
