"""What a request handler needs from the app that it runs in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import cast

from apiflask import APIFlask
from flask import current_app

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL
from embedder.errors import LibraryMissing
from fingerpost import Library
from server.http import access
from server.http.admission import Gate
from server.http.metrics import Metrics
from server.settings import Settings

# Where an app keeps them, in its `extensions`.
GATE = "fingerpost_gate"
LIBRARY = "fingerpost_library"
METRICS = "fingerpost_metrics"
MODEL = "fingerpost_model"
SETTINGS = "fingerpost_settings"


def library() -> Library:
    """Return the app's library."""
    return cast(Library, current_app.extensions[LIBRARY])


def encoder() -> Encoder:
    """Return the library's model, or the default one where there is no library yet.

    Raises EncoderError if the model cannot be loaded.
    """
    try:
        return library().encoder
    except LibraryMissing:
        if MODEL not in current_app.extensions:
            current_app.extensions[MODEL] = metrics().load(DEFAULT_MODEL)
        return cast(Encoder, current_app.extensions[MODEL])


def settings() -> Settings:
    """Return the app's settings."""
    return cast(Settings, current_app.extensions[SETTINGS])


def metrics() -> Metrics:
    """Return the app's metrics."""
    return cast(Metrics, current_app.extensions[METRICS])


def version() -> str:
    """Return the version of the package that the app is from."""
    return str(cast(APIFlask, current_app).version)


def encoding() -> AbstractContextManager[None]:
    """Hold a slot of those that may use the model while in the block; people go before programs.

    Raises TooMany if too many wait for one.
    """
    person = access.current().audience == "people"
    return cast(Gate, current_app.extensions[GATE])(person=person)
