"""What a request handler needs of the app that it runs in."""

from __future__ import annotations

from typing import cast

from flask import current_app

from embedder.library import Library
from server.settings import Settings

LIBRARY = "fingerpost_library"
SETTINGS = "fingerpost_settings"


def library() -> Library:
    """Give the app's library."""
    return cast(Library, current_app.extensions[LIBRARY])


def settings() -> Settings:
    """Give the app's settings."""
    return cast(Settings, current_app.extensions[SETTINGS])
