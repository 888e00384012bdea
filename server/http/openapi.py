"""Completes the OpenAPI description: the errors of every operation, and the key."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from server.http.access import Access
from server.http.error_formats import SCHEMAS

_KEY = "key"
# Statuses of a body that is unreadable, too large, not JSON, or of the wrong shape.
_OF_BODIES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_RETRY_AFTER = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}

Description = dict[str, Any]


def complete(
    description: Description,
    operations: Mapping[tuple[str, str], Access],
    *,
    guarded: bool,
) -> Description:
    """Add to each operation the errors that it can answer, in its routes' format.

    Args:
        description: the OpenAPI description that APIFlask made; it is changed.
        operations: the access of each operation, by its path and method.
        guarded: whether the server has a key.
    """
    # Blueprints may share a tag; a description lists each once.
    tags = {each["name"]: each for each in description.get("tags", ())}
    description["tags"] = list(tags.values())
    components = description.setdefault("components", {})
    components.setdefault("schemas", {}).update(SCHEMAS)
    if guarded:
        components["securitySchemes"] = {_KEY: {"type": "http", "scheme": "bearer"}}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post"):
                _add_errors(operations[path, method], method, operation, guarded=guarded)
    return description


def _add_errors(access: Access, method: str, operation: Description, *, guarded: bool) -> None:
    answers = operation["responses"]
    declared = {HTTPStatus(int(each)) for each in answers if each >= "400"}
    statuses = set(declared)
    if access.rate_limited:
        statuses.add(HTTPStatus.TOO_MANY_REQUESTS)
    if access.audience != "monitoring":
        statuses.add(HTTPStatus.SERVICE_UNAVAILABLE)
    if access.needs_key and guarded:
        statuses.add(HTTPStatus.UNAUTHORIZED)
        operation["security"] = [{_KEY: []}]
    if method == "post":
        statuses.update(_OF_BODIES)
        operation["requestBody"]["required"] = True
    error_format = access.error_format
    schema = {"$ref": f"#/components/schemas/{error_format.schema}"}
    for status in sorted(statuses):
        if access.audience == "monitoring" and status in declared:
            continue  # /ready answers 503 in the shape of its other answers
        if error_format.status(status) != status:  # answered with another status there
            answers.pop(str(int(status)), None)
            continue
        answer = answers[str(int(status))] = {
            "description": status.phrase,
            "content": {"application/json": {"schema": schema}},
        }
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer["headers"] = _RETRY_AFTER
