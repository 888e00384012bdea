"""Reads source documents: one reader a format, chosen by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from embedder.errors import SourceError
from embedder.filehash import file_sha256
from embedder.records import Entry
from embedder.sources import bibtex, jsonl, listing, ris, table

# Raise it when a reader makes something else of the same file.
RULE_VERSION = 1

Reader = Callable[[Path], Iterator[Entry]]

READERS: dict[str, Reader] = {
    ".txt": listing.read,
    ".jsonl": jsonl.read,
    ".ndjson": jsonl.read,
    ".csv": table.read,
    ".ris": ris.read,
    ".bib": bibtex.read,
}


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List the source files among files and folders, each once, folders in order of name.

    In a folder, at any depth, files with an ending that no reader knows are passed over;
    a file that is named must have one.

    Raises SourceError for a path that is not there, a file that no reader knows, and a
    folder without any source file.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [each for each in sorted(path.rglob("*")) if _is_source(each, path)]
            if not inside:
                raise SourceError(path, None, f"no source file here; known endings: {_endings()}")
            found.update(dict.fromkeys(map(_real, inside)))
        elif not path.exists():
            raise SourceError(path, None, "no such file or folder")
        elif path.suffix.lower() not in READERS:
            raise SourceError(path, None, f"no reader for this ending; known: {_endings()}")
        else:
            found[_real(path)] = None
    return list(found)


def read(path: Path) -> Iterator[Entry]:
    """Read every entry of one source file.

    Raises SourceError, with file and line, if the file does not follow its form.
    """
    return READERS[path.suffix.lower()](path)


def content_hash(path: Path) -> bytes:
    """Give a SHA-256 (32 bytes) of a file's content and of the rules that it is read by."""
    try:
        return file_sha256(path, b"%d" % RULE_VERSION)
    except OSError as error:
        raise SourceError(path, None, f"cannot be read: {error.strerror}") from error


def _real(path: Path) -> Path:
    real = path.resolve()
    return real if real.suffix.lower() in READERS else path.absolute()


def _is_source(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and path.suffix.lower() in READERS and not hidden


def _endings() -> str:
    return ", ".join(READERS)
