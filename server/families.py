"""How errors are worded: ours on our routes, and as other servers word theirs on theirs."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

# Routes of Text Embeddings Inference; `/` by POST too, for a page answers there by GET.
_TEI = frozenset({"/", "/similarity", "/embed", "/rerank", "/info"})
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
    """What went wrong with a request: an HTTP status, a stable name, words, a field at fault."""

    status: int
    kind: str
    message: str
    field: str | None = None


def word(path: str, problem: Problem) -> tuple[int, dict[str, Any]]:
    """Give the status and the JSON body that programs on this path expect."""
    if path.startswith("/v1/"):
        return _openai(problem)
    if path in _TEI:
        return _tei(problem)
    return problem.status, ours(problem.kind, problem.message, problem.field)


def ours(kind: str, message: str, field: str | None = None) -> dict[str, Any]:
    """Give an error in the one shape of our own routes."""
    error = {"type": kind, "message": message}
    return {"error": {**error, "field": field} if field else error}


def _openai(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Word an error for OpenAI's clients, which know no 422."""
    status = problem.status
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    usual = "server_error" if status >= 500 else "invalid_request_error"
    error = {
        "message": problem.message,
        "type": _OPENAI_TYPES.get(HTTPStatus(status), usual),
        "param": problem.field,
        "code": problem.kind,
    }
    return int(status), {"error": error}


def _tei(problem: Problem) -> tuple[int, dict[str, Any]]:
    """Word an error as Text Embeddings Inference does."""
    empty = problem.kind == "empty"
    status = HTTPStatus.BAD_REQUEST if empty else HTTPStatus(problem.status)
    kind = "Empty" if empty else _TEI_TYPES.get(status, "Validation")
    return int(status), {"error": problem.message, "error_type": kind}
