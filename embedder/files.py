"""Read files: their SHA-256, and their text with an error that names a line that is not UTF-8."""

from __future__ import annotations

import codecs
import hashlib
import re
from pathlib import Path

from embedder.errors import SourceError


def file_sha256(path: Path, suffix: bytes = b"") -> bytes:
    """Return the SHA-256 (32 bytes) of a file's content followed by `suffix`.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(suffix)
    return digest.digest()


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, with line feeds as line ends and no byte order mark.

    Raises SourceError if the file cannot be opened, is empty, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(path, None, f"cannot be read: {error.strerror}") from error
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if not raw.strip():
        raise SourceError(path, 1, "the file is empty")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n?|\n", raw[: error.start])) + 1
        problem = f"byte {raw[error.start]:#04x} is not UTF-8; save the file as UTF-8"
        raise SourceError(path, line, problem) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
