"""How errors are worded: as ours on our routes, and as other servers word theirs on theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

_TEI_TYPES = {
    HTTPStatus.UNAUTHORIZED: "Unauthorized",
    HTTPStatus.FAILED_DEPENDENCY: "Backend",
    HTTPStatus.TOO_MANY_REQUESTS: "Overloaded",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Backend",
    HTTPStatus.SERVICE_UNAVAILABLE: "Unhealthy",
}
_OPENAI_TYPES = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong with a request: HTTP status, stable name, message, and field at fault."""

    status: int
    kind: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorFormat:
    """How a route words its errors.

    Attributes:
        schema: the name in OpenAPI of the shape of the JSON body.
        body: makes that body.
        status: maps a status to the one that clients of these routes know.
        page: when the answer is a page instead: always, never, or if the browser prefers HTML.
    """

    schema: str
    body: Callable[[Problem], dict[str, Any]]
    status: Callable[[int], int] = int
    page: Literal["always", "never", "if preferred"] = "if preferred"

    def word(self, problem: Problem) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON body that programs on these routes expect."""
        status = HTTPStatus.BAD_REQUEST if problem.kind == "empty" else problem.status
        return self.status(status), self.body(problem)


def _ours(problem: Problem) -> dict[str, Any]:
    error = {"type": problem.kind, "message": problem.message}
    return {"error": {**error, "field": problem.field} if problem.field else error}


def _tei(problem: Problem) -> dict[str, Any]:
    """Word an error as Text Embeddings Inference does."""
    kind = _TEI_TYPES.get(HTTPStatus(problem.status), "Validation")
    return {"error": problem.message, "error_type": "Empty" if problem.kind == "empty" else kind}


def _openai(problem: Problem) -> dict[str, Any]:
    """Word an error as OpenAI does."""
    usual = "server_error" if problem.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": problem.message,
            "type": _OPENAI_TYPES.get(HTTPStatus(problem.status), usual),
            "param": problem.field,
            "code": problem.kind,
        }
    }


def _cohere(problem: Problem) -> dict[str, Any]:
    """Word an error as Cohere does, whose clients go by the status."""
    return {"message": problem.message}


def _without_422(status: int) -> int:
    """Return 400 for 422, which OpenAI's clients do not know, and any other status as it is."""
    unknown = status == HTTPStatus.UNPROCESSABLE_ENTITY
    return int(HTTPStatus.BAD_REQUEST) if unknown else status


OURS = ErrorFormat("Error", _ours, page="never")
OURS_OR_PAGE = replace(OURS, page="if preferred")
PAGE = replace(OURS, page="always")
TEI = ErrorFormat("TeiError", _tei)
OPENAI = ErrorFormat("OpenAiError", _openai, _without_422)
COHERE = ErrorFormat("CohereError", _cohere)


def _shape(required: dict[str, str], optional: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object: its required strings, described, and optional properties."""
    strings = {name: {"type": "string", "description": what} for name, what in required.items()}
    return {"type": "object", "required": list(required), "properties": {**strings, **optional}}


def _in_error(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["error"], "properties": {"error": inner}}


_MESSAGE = "what was wrong and what to do"
_NAME = "a stable name for programs"
_STRING_OR_NULL = {"type": ["string", "null"]}
# Each format's JSON body for OpenAPI, by `ErrorFormat.schema`.
SCHEMAS: dict[str, dict[str, Any]] = {
    "Error": _in_error(
        _shape(
            {"type": _NAME, "message": _MESSAGE},
            {"field": {"type": "string", "description": "the part at fault, where there is one"}},
        )
    ),
    "TeiError": _shape({"error": _MESSAGE, "error_type": _NAME}, {}),
    "CohereError": _shape({"message": _MESSAGE}, {}),
    "OpenAiError": _in_error(
        _shape(
            {"message": _MESSAGE, "type": _NAME},
            {"param": _STRING_OR_NULL, "code": _STRING_OR_NULL},
        )
    ),
}
