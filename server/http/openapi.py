"""What every operation of the OpenAPI description has in common: its errors, and the key."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from server.http.auth import HEALTH_PATHS
from server.http.error_formats import SCHEMAS, family

_KEY = "key"
# Of a request with a body: unreadable, too large, no JSON, of the wrong shape.
_OF_BODIES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_PLAIN = "/metrics"
_RETRY_AFTER = {
    "Retry-After": {"description": "seconds to wait", "schema": {"type": "integer", "minimum": 1}}
}

Description = dict[str, Any]


def complete(description: Description, *, guarded: bool) -> Description:
    """Add to each operation the errors that it can answer, in the shape of its routes.

    `guarded` says that the API wants a key.
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
                _add_errors(path, method, operation, guarded=guarded)
    return description


def _add_errors(path: str, method: str, operation: Description, *, guarded: bool) -> None:
    answers = operation["responses"]
    statuses = {HTTPStatus(int(each)) for each in answers if each >= "400"}
    if path not in HEALTH_PATHS:
        statuses.add(HTTPStatus.TOO_MANY_REQUESTS)
        if path != _PLAIN:
            statuses.add(HTTPStatus.SERVICE_UNAVAILABLE)
        if guarded:
            statuses.add(HTTPStatus.UNAUTHORIZED)
            operation["security"] = [{_KEY: []}]
    if method == "post":
        statuses.update(_OF_BODIES)
        operation["requestBody"]["required"] = True
    schema = {"$ref": f"#/components/schemas/{family(path).schema}"}
    for status in sorted(statuses):
        if path in HEALTH_PATHS and str(int(status)) in answers:
            continue  # /ready says in its usual form that it is not
        if family(path).status(status) != status:  # worded with another status there
            answers.pop(str(int(status)), None)
            continue
        answer = answers[str(int(status))] = {
            "description": status.phrase,
            "content": {"application/json": {"schema": schema}},
        }
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer["headers"] = _RETRY_AFTER
