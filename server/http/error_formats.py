"""How errors are worded: ours on our routes, and as other servers word theirs on theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

# Routes of Text Embeddings Inference; `/` by POST too, for a page answers there by GET.
_TEI_PATHS = frozenset({"/", "/similarity", "/embed", "/rerank", "/info"})
_OPENAI_PATHS = "/v1/"
# Before OpenAI's, of which the first would be one.
_COHERE_PATHS = frozenset({"/v1/rerank", "/v2/rerank"})

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


@dataclass(frozen=True, slots=True)
class Family:
    """How a group of routes words its errors; `schema` is the name of their shape in OpenAPI."""

    schema: str
    body: Callable[[Problem], dict[str, Any]]
    status: Callable[[int], int] = int


def family(path: str) -> Family:
    """Give the family that a path belongs to."""
    if path in _COHERE_PATHS:
        return _COHERE
    if path.startswith(_OPENAI_PATHS):
        return _OPENAI
    return _TEI if path in _TEI_PATHS else _OURS


def word(path: str, problem: Problem) -> tuple[int, dict[str, Any]]:
    """Give the status and the JSON body that programs on this path expect."""
    own = family(path)
    status = HTTPStatus.BAD_REQUEST if problem.kind == "empty" else problem.status
    return own.status(status), own.body(problem)


def _ours(problem: Problem) -> dict[str, Any]:
    error = {"type": problem.kind, "message": problem.message}
    return {"error": {**error, "field": problem.field} if problem.field else error}


def _tei(problem: Problem) -> dict[str, Any]:
    """Word an error as Text Embeddings Inference does."""
    kind = _TEI_TYPES.get(HTTPStatus(problem.status), "Validation")
    return {"error": problem.message, "error_type": "Empty" if problem.kind == "empty" else kind}


def _openai(problem: Problem) -> dict[str, Any]:
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
    """Word an error as Cohere does, whose programs go by the status."""
    return {"message": problem.message}


def _without_422(status: int) -> int:
    """Give the status that OpenAI's clients know instead."""
    unknown = status == HTTPStatus.UNPROCESSABLE_ENTITY
    return int(HTTPStatus.BAD_REQUEST) if unknown else status


def _shape(needed: dict[str, str], more: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of an object: the strings that it always has, and what it may have."""
    strings = {name: {"type": "string", "description": what} for name, what in needed.items()}
    return {"type": "object", "required": list(needed), "properties": {**strings, **more}}


def _in_error(inner: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["error"], "properties": {"error": inner}}


_WORDS = "what was wrong and what to do"
_STRING_OR_NOT = {"type": ["string", "null"]}
SCHEMAS: dict[str, dict[str, Any]] = {
    "Error": _in_error(
        _shape(
            {"type": "a stable name for programs", "message": _WORDS},
            {"field": {"type": "string", "description": "the part at fault, where one is"}},
        )
    ),
    "TeiError": _shape({"error": _WORDS, "error_type": "a stable name for programs"}, {}),
    "CohereError": _shape({"message": _WORDS}, {}),
    "OpenAiError": _in_error(
        _shape(
            {"message": _WORDS, "type": "a stable name for programs"},
            {"param": _STRING_OR_NOT, "code": _STRING_OR_NOT},
        )
    ),
}
_OURS = Family("Error", _ours)
_TEI = Family("TeiError", _tei)
_COHERE = Family("CohereError", _cohere)
_OPENAI = Family("OpenAiError", _openai, _without_422)
