"""The server's metrics over HTTP, for Prometheus."""

from __future__ import annotations

from typing import Any

from flask import Response

from server.http.access import Access, Blueprint
from server.http.context import metrics
from server.http.error_formats import OURS_OR_PAGE
from server.http.metrics import CONTENT_TYPE

blueprint = Blueprint(
    "counts",
    __name__,
    access=Access("monitoring", needs_key=True, rate_limited=True, error_format=OURS_OR_PAGE),
    tag="Health",
)

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Metrics in Prometheus' text format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@blueprint.get("/metrics")
@blueprint.doc(operation_id="metrics", responses=_RESPONSES)
def show() -> Response:
    """Return requests and seconds by route, texts per model call, queue and library size."""
    return Response(metrics().text(), content_type=CONTENT_TYPE)
