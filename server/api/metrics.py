"""What the server counted, for Prometheus."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from server.http.context import metrics
from server.http.metrics import CONTENT_TYPE

blueprint = APIBlueprint("counts", __name__, tag="Health")

_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Counts in Prometheus' text form",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@blueprint.get("/metrics")
@blueprint.doc(operation_id="metrics", responses=_ANSWER)
def show() -> Response:
    """Give requests and seconds by route, texts encoded at once, the queue, the library's size."""
    return Response(metrics().text(), content_type=CONTENT_TYPE)
