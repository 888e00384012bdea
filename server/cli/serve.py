"""Runs the app: waitress, one process with threads."""

from __future__ import annotations

from typing import Any

import click
import waitress

from embedder import runtime
from embedder.errors import RequestError
from server.app import create_app
from server.http.context import LIBRARY
from server.settings import Settings

_NEVER = 2**31 - 1
# Threads for requests that do not wait for the model.
_OTHERS = 4


def run(settings: Settings) -> None:
    """Serve until interrupted; the address is printed once the library is loaded.

    Raises FingerpostError if the library or its model cannot be loaded.
    """
    runtime.configure()
    app = create_app(settings)
    manifest = app.extensions[LIBRARY].load()
    try:
        server = waitress.create_server(
            app,
            host=settings.host,
            port=settings.port,
            threads=settings.threads + settings.queue + _OTHERS,
            ident=None,
            # What people write stays in memory: past these sizes waitress would use files.
            inbuf_overflow=_NEVER,
            outbuf_overflow=_NEVER,
            # A body somewhat too large reaches the app, whose refusal has the API's shape.
            max_request_body_size=2 * settings.max_body_bytes,
        )
    except (OSError, ValueError) as error:
        raise RequestError(
            "port",
            f"cannot listen on {settings.host} port {settings.port}: {error}. "
            "Give another: --host, --port",
        ) from error
    click.echo(
        f"{manifest.documents} documents, model {manifest.model}. "
        f"Open {' or '.join(_addresses(settings, server))} (Ctrl+C stops)"
    )
    server.run()


def _addresses(settings: Settings, server: Any) -> list[str]:
    """Return the URLs that a server answers at."""
    several = getattr(server, "effective_listen", None)
    places = several or [(settings.host, server.effective_port)]
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/" for host, port in places]
