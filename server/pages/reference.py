"""The API's reference for people, made from its OpenAPI description."""

from __future__ import annotations

from typing import Any, cast

from apiflask import APIBlueprint, APIFlask
from flask import current_app, render_template
from flask.typing import ResponseReturnValue

blueprint = APIBlueprint("reference", __name__, enable_openapi=False)


@blueprint.get("/docs")
def docs() -> ResponseReturnValue:
    """Show every route with its fields and a command that calls it."""
    specification = cast(dict[str, Any], cast(APIFlask, current_app).spec)
    return render_template("docs.html", spec=specification, operations=_operations(specification))


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _fields(spec, _schema_of(operation.get("requestBody", {}))),
            "answer": _fields(spec, _schema_of(operation.get("responses", {}).get("200", {}))),
        }
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    ]


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
