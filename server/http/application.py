"""Our Flask app class: rewrites a request's address before routing, and survives panics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from apiflask import APIFlask
from flask import Response

from server.http import errors

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Rewrite = Callable[["WSGIEnvironment"], "WSGIEnvironment"]


class Application(APIFlask):
    """A Flask app that rewrites addresses and answers what is not an Exception."""

    # Applied one after the other to the environment of a request before it is routed.
    rewrites: tuple[Rewrite, ...] = ()

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Rewrite the address of a request and answer it."""
        for rewrite in self.rewrites:
            environ = rewrite(environ)
        return super().wsgi_app(environ, start_response)

    def full_dispatch_request(self) -> Response:
        """Answer a request, a panic of a Rust library like any unexpected error.

        Such a panic is a BaseException, which Flask would leave to the server.
        """
        try:
            return super().full_dispatch_request()
        except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as panic:
            return self.finalize_request(errors.unexpected(panic), from_error_handler=True)


def send_forms_to(path: str) -> Rewrite:
    """Return a rewrite that sends what is posted to `/`, and is not JSON, to another path.

    Programs post JSON to `/`, the search page its form; each has a view of its own.
    """

    def rewrite(environ: WSGIEnvironment) -> WSGIEnvironment:
        media_type = str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
        target = environ["REQUEST_METHOD"], environ.get("PATH_INFO")
        if target != ("POST", "/") or media_type == "application/json":
            return environ
        return {**environ, "PATH_INFO": path}

    return rewrite
