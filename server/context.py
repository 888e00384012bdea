"""What a request handler needs of the app that it runs in."""

from __future__ import annotations

from typing import cast

from flask import current_app

from embedder.encode import Encoder
from embedder.errors import LibraryMissing
from embedder.library import Library
from embedder.models import load_encoder
from server.settings import Settings

LIBRARY = "fingerpost_library"
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
            current_app.extensions[MODEL] = load_encoder()
        return cast(Encoder, current_app.extensions[MODEL])


def settings() -> Settings:
    """Give the app's settings."""
    return cast(Settings, current_app.extensions[SETTINGS])
