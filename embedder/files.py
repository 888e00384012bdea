"""Read files, by SHA-256 or as text with errors that name the line; and write them in one step."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import shutil
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


def replace_text(path: Path, text: str) -> None:
    """Make a file hold a text, as UTF-8, in one step: interrupted, it holds what it held before.

    The text is written beside it first, to a hidden file. The file keeps its permissions, and where
    the path is a link, it is the file that it leads to.

    Raises SourceError if the file cannot be written.
    """
    # Unlike `Path.resolve`, this raises nothing for a link that leads to itself.
    target = Path(os.path.realpath(path))
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        try:
            unfinished.touch()
            if target.exists():
                shutil.copymode(target, unfinished)
            with unfinished.open("w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(path, None, f"cannot be written: {error.strerror}") from error
