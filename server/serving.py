"""Runs the app: waitress, one process with threads."""

from __future__ import annotations

import click
import waitress

from embedder.library import Library
from server.app import create_app
from server.settings import Settings


def run(settings: Settings, library: Library) -> None:
    """Serve until interrupted; the address is printed once the library is loaded.

    Raises FingerpostError if the library or its model cannot be loaded.
    """
    manifest = library.load()
    app = create_app(settings, library)
    server = waitress.create_server(
        app, host=settings.host, port=settings.port, threads=settings.threads, ident=None
    )
    click.echo(
        f"{manifest.documents} documents, model {manifest.model}. "
        f"Open http://{settings.host}:{server.effective_port}/ (Ctrl+C stops)"
    )
    server.run()
