"""The API's reference for people, made from its OpenAPI description."""

from __future__ import annotations

import json
import shlex
from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue

from embedder.errors import FingerpostError
from server.context import encoder, library, settings
from server.settings import Settings

blueprint = APIBlueprint("reference", __name__, enable_openapi=False)


# Settings that are limits, in the order in which they are shown.
_LIMITS = (
    "largest_body",
    "most_texts",
    "most_inputs",
    "longest_text",
    "most_questions",
    "threads",
    "queue",
    "requests_per_minute",
)


@blueprint.get("/docs")
def docs() -> ResponseReturnValue:
    """Show every route with its fields and a command that calls it."""
    specification = cast(dict[str, Any], cast(APIFlask, current_app).spec)
    return render_template(
        "docs.html",
        spec=specification,
        operations=_operations(specification),
        limits=_limits(settings()),
        guarded=settings().api_key is not None,
    )


def _limits(set_to: Settings) -> list[dict[str, Any]]:
    return [
        {
            "name": f"FINGERPOST_{name.upper()}",
            "value": getattr(set_to, name),
            "description": Settings.model_fields[name].description,
        }
        for name in _LIMITS
    ]


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    known = {"document_id": _some_id(), "model": encoder().name}
    return [
        {
            "method": method.upper(),
            "path": path,
            "command": _command(path.format_map(known), operation),
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _fields(spec, _schema_of(operation.get("requestBody", {}))),
            "answer": _fields(spec, _schema_of(operation.get("responses", {}).get("200", {}))),
        }
        for path, methods in sorted(spec["paths"].items(), key=_rank)
        for method, operation in methods.items()
        if method in ("get", "post")
    ]


def _rank(route: tuple[str, Any]) -> tuple[int, str]:
    """Put our own routes first, then those of other servers, then health and counts."""
    path = route[0]
    operation = next(iter(route[1].values()))
    tags = operation.get("tags", [])
    return (2 if "Health" in tags else 0 if path.startswith("/api/") else 1), path


def _some_id() -> str:
    """Give the id of a document for examples, that they work as they stand."""
    try:
        _, documents = library().documents(1)
    except FingerpostError:
        return "ID"
    return documents[0].id if documents else "ID"


def _command(path: str, operation: dict[str, Any]) -> str:
    """Give a command for a terminal that calls a route with its example."""
    words = ["curl", "-s", request.host_url.rstrip("/") + path]
    if settings().api_key is not None:
        words += ["-H", "Authorization: Bearer KEY"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        words += ["-H", "Content-Type: application/json", "-d"]
        words.append(json.dumps(body["example"], ensure_ascii=False))
    return shlex.join(words)


def _schema_of(part: dict[str, Any]) -> dict[str, Any]:
    content = part.get("content", {}).get("application/json", {})
    return cast(dict[str, Any], content.get("schema", {}))


def _fields(spec: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    """List a schema's fields: name, type in words, whether needed, and what it says of itself."""
    resolved = _resolve(spec, schema)
    return [
        {
            "name": name,
            "type": _words(field),
            "needed": name in resolved.get("required", ()),
            "description": field.get("description", ""),
        }
        for name, field in resolved.get("properties", {}).items()
    ]


def _resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    if not reference:
        return schema
    found = spec["components"]["schemas"].get(reference.rpartition("/")[2], {})
    return cast(dict[str, Any], found)


def _words(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " or ".join(_words(each) for each in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2].rpartition(".")[2])
    kind = str(field.get("type", "object"))
    return f"list of {_words(field['items'])}" if kind == "array" and "items" in field else kind
