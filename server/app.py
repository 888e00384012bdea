"""The Flask app: wiring only, nothing at import."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Response, request
from flask.json.provider import DefaultJSONProvider

from embedder.library import Library
from server import errors
from server.api import documents, health, search, similarity
from server.context import LIBRARY, SETTINGS
from server.pages import ask, reference
from server.settings import Settings

# Nothing from elsewhere, no script, no frame, and forms that go back here only.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings, library: Library | None = None) -> APIFlask:
    """Make the app for these settings; `library` is given by tests that hold one already."""
    app = APIFlask(
        __name__, title="Fingerpost", version="0.1.0", spec_path="/openapi.json", docs_path=None
    )
    app.config.update(
        MAX_CONTENT_LENGTH=settings.largest_body,
        MAX_FORM_MEMORY_SIZE=settings.largest_body,
        DESCRIPTION="Ask a document library in your own words.",
        HTTP_ERROR_SCHEMA=errors.SCHEMA,
        VALIDATION_ERROR_SCHEMA=errors.SCHEMA,
        OPENAPI_VERSION="3.1.0",
    )
    app.json = DefaultJSONProvider(app)
    app.json.ensure_ascii = False
    app.json.sort_keys = False
    app.extensions[SETTINGS] = settings
    app.extensions[LIBRARY] = library or Library(settings.vectors)
    errors.register(app)
    errors.catch_panics(app)
    for module in (search, documents, similarity, health):
        app.register_blueprint(module.blueprint)
    for page in (ask, reference):
        app.register_blueprint(page.blueprint)
    app.before_request(errors.refuse_other_bodies)
    app.after_request(_add_headers)
    return app


def _add_headers(response: Response) -> Response:
    """Leave no trace of an answer, and let nothing foreign into a page."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _POLICY
    if request.endpoint == "static" and response.status_code in (200, 304):
        response.headers["Cache-Control"] = "public, max-age=3600"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
