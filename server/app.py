"""The Flask app: wiring only, nothing at import."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from apiflask import APIFlask
from flask import Response, request
from flask.json.provider import DefaultJSONProvider
from flask_compress import Compress

from embedder.library import Library
from server.api import documents, health, search, similarity
from server.api import metrics as counts
from server.compat import BLUEPRINTS
from server.http import auth, errors, i18n, openapi, rate_limits
from server.http.admission import Gate
from server.http.context import GATE, LIBRARY, METRICS, SETTINGS
from server.http.metrics import Metrics
from server.http.rate_limits import Rate
from server.settings import Settings
from server.web import BLUEPRINTS as PAGES
from server.web import search as ask
from server.web.assets import asset

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Nothing from elsewhere, nothing that is written into a page, no frame, and forms that go back
# here only. `connect-src` is for the neutral page, which is fetched before it is needed, and
# `data:` for its empty icon.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# What a browser may keep, in seconds: files whose address changes with what is in them, and the
# neutral page, which must open without a network.
_KEPT = {"static": 31_536_000, "notes.measures": 86_400}


def create_app(settings: Settings, library: Library | None = None) -> APIFlask:
    """Make the app for these settings; `library` is given by tests that hold one already."""
    app = APIFlask(
        __name__, title="Fingerpost", version="0.1.0", spec_path="/openapi.json", docs_path=None
    )
    app.config.update(
        MAX_CONTENT_LENGTH=settings.largest_body,
        MAX_FORM_MEMORY_SIZE=settings.largest_body,
        DESCRIPTION="Ask a document library in your own words.",
        AUTO_VALIDATION_ERROR_RESPONSE=True,
        OPENAPI_VERSION="3.1.0",
        # Pages, for slow links; programs ask for compression whether it helps them or not.
        COMPRESS_MIMETYPES=["text/html", "text/css", "text/javascript", "image/svg+xml"],
    )
    app.json = DefaultJSONProvider(app)
    app.json.ensure_ascii = False
    app.json.sort_keys = False
    app.extensions[SETTINGS] = settings
    metrics, gate = Metrics(), Gate(settings.threads, settings.queue)
    app.extensions[LIBRARY] = library or Library(settings.vectors, load=metrics.load)
    app.extensions[METRICS], app.extensions[GATE] = metrics, gate
    metrics.watch(app.extensions[LIBRARY], gate)
    errors.register(app)
    errors.catch_panics(app)
    _send_forms_to_the_page(app)
    for module in (search, documents, similarity, health, counts):
        app.register_blueprint(module.blueprint)
    for each in BLUEPRINTS:
        app.register_blueprint(each)
    for each in PAGES:
        app.register_blueprint(each)
    app.jinja_env.globals["asset"] = asset
    i18n.register(app)
    Compress(app)
    app.before_request(metrics.begin)
    _guard(app, settings)
    app.spec_processor(partial(openapi.complete, guarded=settings.api_key is not None))
    app.before_request(errors.refuse_other_bodies)
    app.after_request(_add_headers)
    app.after_request(metrics.end)
    return app


def _guard(app: APIFlask, settings: Settings) -> None:
    """Let nobody in without the key, where one is set, and nobody too often."""
    rate = Rate(rate_limits.per_minute(settings))

    @app.before_request
    def check() -> None:
        if request.endpoint != "static" and request.blueprint != auth.HEALTH:
            rate.check(request.remote_addr or "")
        auth.check_key(settings)


def _send_forms_to_the_page(app: APIFlask) -> None:
    """Give what is sent to `/` to the page unless it is JSON, which programs send there."""
    inner = app.wsgi_app

    def sorted_by_type(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        kind = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
        sent = environ["REQUEST_METHOD"], environ.get("PATH_INFO")
        if sent == ("POST", "/") and kind != "application/json":
            environ["PATH_INFO"] = ask.ANSWER
        return inner(environ, start)

    app.wsgi_app = sorted_by_type  # type: ignore[method-assign, assignment]


def _add_headers(response: Response) -> Response:
    """Leave no trace of an answer, and let nothing foreign into a page."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = _POLICY
    kept = _KEPT.get(request.endpoint or "")
    if kept and response.status_code in (200, 304):
        response.headers["Cache-Control"] = f"public, max-age={kept}"
    else:
        response.headers["Cache-Control"] = "no-store"
    return response
