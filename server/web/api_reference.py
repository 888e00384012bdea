"""The API reference for people, generated from the OpenAPI description."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any, cast

from apiflask import APIFlask
from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from embedder.errors import FingerpostError
from server.http.access import PEOPLE, Blueprint
from server.http.context import encoder, library, settings
from server.settings import Settings
from server.web import openapi_tables

blueprint = Blueprint("reference", __name__, access=PEOPLE, enable_openapi=False)


# The settings that are limits, in the order in which they are shown.
_LIMITS = (
    "max_body_bytes",
    "max_texts",
    "max_inputs",
    "max_text_chars",
    "max_questions",
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
        key_required=settings().api_key is not None,
    )


@blueprint.app_template_filter("code_spans")
def code_spans(text: str) -> Markup:
    """Convert what stands between backticks to `<code>` elements; all else is escaped text."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704


def _limits(current: Settings) -> list[dict[str, Any]]:
    return [
        {
            "name": f"FINGERPOST_{name.upper()}",
            "value": getattr(current, name),
            "description": Settings.model_fields[name].description,
        }
        for name in _LIMITS
    ]


def _operations(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each route and method of the description, in the order in which they are shown."""
    path_values = {"document_id": _example_id(), "model": encoder().name}
    return [
        {
            "anchor": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "command": _command(path.format_map(path_values), operation),
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "parameters": openapi_tables.parameters(spec, operation.get("parameters", [])),
            "bodies": _shapes(spec, operation.get("requestBody", {})),
            "answers": _shapes(spec, operation.get("responses", {}).get("200", {})),
        }
        for path, methods in sorted(spec["paths"].items(), key=_sort_key)
        for method, operation in methods.items()
        if method in ("get", "post")
    ]


def _sort_key(route: tuple[str, Any]) -> tuple[int, str]:
    """Order search first, then our other routes, those of other servers, and health last."""
    path = route[0]
    operation = next(iter(route[1].values()))
    tags = operation.get("tags", [])
    if "Health" in tags:
        return 3, path
    return (0 if "Search" in tags else 1 if path.startswith("/api/") else 2), path


def _example_id() -> str:
    """Return the id of a document, so that the example commands work as they are."""
    try:
        _, documents = library().page(1)
    except FingerpostError:
        return "ID"
    return documents[0].id if documents else "ID"


def _command(path: str, operation: dict[str, Any]) -> str:
    """Return a shell command that calls a route with the example of its description."""
    words = ["curl", "-s", request.host_url.rstrip("/") + path]
    if settings().api_key is not None:
        words += ["-H", "Authorization: Bearer KEY"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" in body:
        words += ["-H", "Content-Type: application/json", "-d"]
        words.append(json.dumps(body["example"], ensure_ascii=False))
    return shlex.join(words)


def _shapes(spec: dict[str, Any], part: dict[str, Any]) -> list[openapi_tables.Shape]:
    """Return the shapes of a request's or response's JSON body; none if it has no JSON body."""
    content = part.get("content", {}).get("application/json")
    return openapi_tables.shapes(spec, content["schema"]) if content else []
