"""The SHA-256 of a file, read in pieces however large it is."""

from __future__ import annotations

import hashlib
from pathlib import Path


def file_sha256(path: Path, then: bytes = b"") -> bytes:
    """Give the SHA-256 (32 bytes) of a file's content with `then` after it.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(then)
    return digest.digest()
