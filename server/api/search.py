"""Searching the library over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Response, jsonify
from flask.typing import ResponseReturnValue

from embedder.errors import RequestError
from embedder.records import Answer
from server.api.exports import EXPORT_RESPONSES, export, requested_format
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
@blueprint.doc(operation_id="search", responses=EXPORT_RESPONSES)
def search(body: SearchIn, form: FormatIn) -> ResponseReturnValue:
    """Return the documents that fit a question best, each with the sentence that makes it fit.

    By POST only: question text does not belong in a URL, a log or a history.
    """
    (answer,) = _answers([body])
    as_file = requested_format(form)
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
    max_questions = settings().max_questions
    if len(body.questions) > max_questions:
        raise RequestError(
            "questions",
            f"{len(body.questions)} questions; at most {max_questions} go in one call.",
        )
    answers = zip(_answers(body.questions, "questions.{}."), body.questions, strict=True)
    return jsonify({"answers": [_as_dict(answer, question) for answer, question in answers]})


def _answers(questions: Sequence[SearchIn], prefix: str = "") -> list[Answer]:
    """Answer questions one after another.

    Raises RequestError with the field's name as the body has it: `prefix`, in which `{}` stands
    for the question's number, goes before it.
    """
    answers = []
    with encoding():
        for number, question in enumerate(questions):
            try:
                answers.append(library().ask(question.question()))
            except RequestError as error:
                inner = "filters." if error.field in FiltersIn.model_fields else ""
                error.field = f"{prefix.format(number)}{inner}{error.field}"
                raise
    return answers


def _as_dict(answer: Answer, question: SearchIn) -> dict[str, Any]:
    """Return an answer for JSON, its documents with the fields that were asked for.

    It is not validated against `AnswerOut`, which would be a tenth of the time that Python takes
    for a question; a test compares the two.
    """
    content = answer.as_dict()
    if question.fields is not None:
        for hit in content["hits"]:
            hit["document"] = select(hit["document"], question.fields)
    return content


def select(document: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return some fields of a document, and always its id, in their usual order."""
    return {name: value for name, value in document.items() if name == "id" or name in names}
