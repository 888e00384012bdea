"""Addresses of static files, which change with the file's content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import current_app


def asset(name: str) -> str:
    """Return the address of a file in `static/`, the same in every language of the pages.

    It holds a hash of the content, so that browsers may keep the file for a year.

    Raises FileNotFoundError if there is no such file.
    """
    folder = Path(current_app.static_folder or "")
    return f"{current_app.static_url_path}/{name}?v={_version(folder / name)}"


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]
