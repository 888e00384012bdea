"""Whether the server is alive, and whether it can answer."""

from __future__ import annotations

from typing import Any

from embedder.errors import FingerpostError
from server.api.schemas import StateOut
from server.http.access import Access, Blueprint
from server.http.context import library
from server.http.error_formats import OURS_OR_PAGE

blueprint = Blueprint(
    "health",
    __name__,
    access=Access("monitoring", needs_key=False, rate_limited=False, error_format=OURS_OR_PAGE),
    tag="Health",
)


@blueprint.get("/health")
@blueprint.output(StateOut)
@blueprint.doc(operation_id="health")
def health() -> dict[str, Any]:
    """Report that the server is alive."""
    return {"status": "ok"}


@blueprint.get("/ping")
@blueprint.output(StateOut)
@blueprint.doc(operation_id="ping")
def ping() -> dict[str, Any]:
    """Report that the server is alive, at the address that other embedding servers use."""
    return {"status": "ok"}


@blueprint.get("/ready")
@blueprint.output(StateOut)
@blueprint.doc(operation_id="ready", responses=[503])
def ready() -> tuple[dict[str, Any], int]:
    """Report whether the library and its model are loaded."""
    try:
        library().load()
    except FingerpostError as error:
        return {"status": "unavailable", "message": error.message}, 503
    return {"status": "ok"}, 200
