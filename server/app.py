"""The Flask app: wiring only, nothing at import."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.metadata import version

from apiflask import APIFlask
from flask import Response, request
from flask.json.provider import DefaultJSONProvider
from flask_compress import Compress

from fingerpost import Library
from server.api import documents, health, search, similarity
from server.api import metrics as counts
from server.compat import BLUEPRINTS
from server.http import access, auth, errors, i18n, openapi, rate_limits
from server.http.access import PEOPLE, Access
from server.http.admission import Gate
from server.http.application import Application, send_forms_to
from server.http.context import GATE, LIBRARY, METRICS, SETTINGS
from server.http.error_formats import OURS_OR_PAGE
from server.http.metrics import Metrics
from server.http.rate_limits import Rate
from server.settings import Settings
from server.web import BLUEPRINTS as PAGES
from server.web import search as search_page
from server.web.assets import asset

# Nothing from elsewhere, nothing that is written into a page, no frame, and forms that go back
# here only. `connect-src` is for the neutral page, which is fetched before it is needed, and
# `data:` for its empty icon.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# The routes that Flask and APIFlask add. The address of a static file changes with its content.
_STATIC_FILES = Access(
    "people",
    needs_key=False,
    rate_limited=False,
    error_format=OURS_OR_PAGE,
    max_age=31_536_000,
)
_ADDED = {"static": _STATIC_FILES, "openapi.spec": replace(PEOPLE, audience="programs")}


def create_app(settings: Settings, library: Library | None = None) -> APIFlask:
    """Make the app for these settings.

    Args:
        settings: all settings of the server.
        library: the library to serve; without one, that in the folder of the settings.

    Raises UndeclaredRoute if a route does not declare its access.
    """
    app = Application(
        __name__,
        title="Fingerpost",
        version=version("fingerpost"),
        spec_path="/openapi.json",
        docs_path=None,
    )
    _configure(app, settings)
    metrics, gate = Metrics(), Gate(settings.threads, settings.queue)
    app.extensions[SETTINGS] = settings
    app.extensions[LIBRARY] = library or Library(
        settings.vectors, load=metrics.load, reader=settings.reader
    )
    app.extensions[METRICS], app.extensions[GATE] = metrics, gate
    metrics.watch(app.extensions[LIBRARY], gate)
    _register(app)
    app.rewrites = (i18n.take_language, send_forms_to(search_page.ANSWER))
    # In this order: what is refused is counted, and nothing is read of what is refused.
    app.before_request(metrics.begin)
    access.collect(app)
    _guard(app, settings)
    app.before_request(errors.refuse_other_bodies)
    app.after_request(_add_headers)
    app.after_request(metrics.end)
    app.spec_processor(
        partial(
            openapi.complete,
            operations=access.operations(app),
            guarded=settings.api_key is not None,
        )
    )
    return app


def _configure(app: APIFlask, settings: Settings) -> None:
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=settings.max_body_bytes,
        DESCRIPTION="Ask a document library in your own words.",
        AUTO_VALIDATION_ERROR_RESPONSE=True,
        OPENAPI_VERSION="3.1.0",
        # Pages, for slow links; programs ask for compression whether it helps them or not.
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml"],
    )
    app.json = DefaultJSONProvider(app)
    app.json.ensure_ascii = False
    app.json.sort_keys = False


def _register(app: APIFlask) -> None:
    """Add the routes, each with its access, and what they share."""
    errors.register(app)
    for module in (search, documents, similarity, health, counts):
        app.register_blueprint(module.blueprint)
    for blueprint in (*BLUEPRINTS, *PAGES):
        app.register_blueprint(blueprint)
    for endpoint, declared in _ADDED.items():
        access.declare_added(app, endpoint, declared)
    app.jinja_env.globals["asset"] = asset
    i18n.register(app)
    Compress(app)


def _guard(app: APIFlask, settings: Settings) -> None:
    """Refuse clients that ask too often, and those without the key where one is needed."""
    rate = Rate(rate_limits.per_minute(settings))

    @app.before_request
    def check() -> None:
        route = access.current()
        if route.rate_limited:
            rate.check(request.remote_addr or "")
        if route.needs_key:
            auth.check_key(settings)


def _add_headers(response: Response) -> Response:
    """Leave no trace of an answer, and let nothing foreign into a page."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _POLICY
    max_age = access.current().max_age
    if max_age and response.status_code in (200, 304):
        response.headers["Cache-Control"] = f"public, max-age={max_age}"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
