"""What a request handler needs of the app that it runs in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import cast

from flask import current_app

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL
from embedder.errors import LibraryMissing
from embedder.library import Library
from server.http.admission import Gate
from server.http.metrics import Metrics
from server.settings import Settings

GATE = "fingerpost_gate"
LIBRARY = "fingerpost_library"
METRICS = "fingerpost_metrics"
MODEL = "fingerpost_model"
SETTINGS = "fingerpost_settings"


def library() -> Library:
    """Give the app's library."""
    return cast(Library, current_app.extensions[LIBRARY])


def encoder() -> Encoder:
    """Give the library's model, or the default where there is no library yet."""
    try:
        return library().encoder
    except LibraryMissing:
        if MODEL not in current_app.extensions:
            current_app.extensions[MODEL] = metrics().load(DEFAULT_MODEL)
        return cast(Encoder, current_app.extensions[MODEL])


def settings() -> Settings:
    """Give the app's settings."""
    return cast(Settings, current_app.extensions[SETTINGS])


def metrics() -> Metrics:
    """Give the app's counts."""
    return cast(Metrics, current_app.extensions[METRICS])


def encoding() -> AbstractContextManager[None]:
    """Hold a place among those who use the model, while in the block.

    Raises TooMany if too many wait for one.
    """
    return cast(Gate, current_app.extensions[GATE])()
