"""The file formats that can be read or written: their names, file name endings and media types.

A format's module is imported when it is first used: some take a tenth of a second to import, and
most runs need one of them or none.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from embedder.errors import SourceError
from embedder.files import file_sha256
from embedder.records import Document, Entry

# To be raised when a reader makes something else of the same file.
RULE_VERSION = 1


class Reader(Protocol):
    """What the module of a format that can be read has."""

    def read(self, path: Path) -> Iterator[Entry]:
        """Read every entry of a file, in order."""


class Writer(Protocol):
    """What the module of a format that can be written has."""

    def write(self, documents: Iterable[Document]) -> Iterator[str]:
        """Write documents as a file, in pieces."""


@dataclass(frozen=True, slots=True)
class Format:
    """A file format, which can be read, written or both.

    `name` is for programs, `label` for people; `read_endings` are the endings of the file names
    that are read as this format, none if it cannot be read; `ending` is the one for a file that is
    written. `module` is the name of its module in this folder.
    """

    name: str
    label: str
    media_type: str
    ending: str
    read_endings: tuple[str, ...]
    module: str
    can_write: bool = True

    @property
    def can_read(self) -> bool:
        """Whether the format has a reader."""
        return bool(self.read_endings)

    def read(self, path: Path) -> Iterator[Entry]:
        """Read every entry of a file, in order.

        Raises SourceError, with file and line, if the file does not follow the format, and
        io.UnsupportedOperation if the format cannot be read.
        """
        if not self.can_read:
            raise io.UnsupportedOperation(f"{self.label} cannot be read, only written")
        return cast(Reader, self._import()).read(path)

    def write(self, documents: Iterable[Document]) -> Iterator[str]:
        """Write documents as a file, in pieces to be encoded in UTF-8.

        Raises io.UnsupportedOperation if the format cannot be written.
        """
        if not self.can_write:
            raise io.UnsupportedOperation(f"{self.label} cannot be written, only read")
        return cast(Writer, self._import()).write(documents)

    def _import(self) -> object:
        return import_module(f"embedder.formats.{self.module}")


LISTING = Format(
    "listing", "Listing page", "text/plain", "txt", (".txt",), "listing", can_write=False
)
JSONL = Format("jsonl", "JSON lines", "application/jsonl", "jsonl", (".jsonl", ".ndjson"), "jsonl")
RIS = Format("ris", "RIS", "application/x-research-info-systems", "ris", (".ris",), "ris")
BIBTEX = Format("bibtex", "BibTeX", "application/x-bibtex", "bib", (".bib",), "bibtex")
CSL_JSON = Format(
    "csl-json", "CSL-JSON", "application/vnd.citationstyles.csl+json", "json", (), "csl_json"
)
CSV = Format("csv", "CSV", "text/csv", "csv", (".csv",), "csv_table")

FORMATS = (LISTING, JSONL, CSV, RIS, BIBTEX, CSL_JSON)

# For reference managers and spreadsheets: what the server offers besides its own JSON. Reading a
# file that was written in a format gives the same documents again.
EXPORTS: Mapping[str, Format] = MappingProxyType(
    {form.name: form for form in (RIS, BIBTEX, CSL_JSON, CSV)}
)
_BY_ENDING = {ending: form for form in FORMATS for ending in form.read_endings}


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List the source files among files and folders, each once; those of a folder by name.

    In a folder, at any depth, hidden files and files with an unknown ending are skipped; a file
    that is named itself must have a known one.

    Raises SourceError for a path that does not exist, a file with an unknown ending, and a folder
    without any source file.
    """
    files: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = [file for file in sorted(path.rglob("*")) if _is_source(file, path)]
            if not inside:
                problem = f"there is no source file in this folder; known endings: {_endings()}"
                raise SourceError(path, None, problem)
            files.update(dict.fromkeys(map(_real, inside)))
        elif not path.exists():
            raise SourceError(path, None, "no such file or folder")
        elif path.suffix.lower() not in _BY_ENDING:
            problem = f"files with this ending cannot be read; known endings: {_endings()}"
            raise SourceError(path, None, problem)
        else:
            files[_real(path)] = None
    return list(files)


def read(path: Path) -> Iterator[Entry]:
    """Read every entry of one source file, in the format that its ending names.

    Raises SourceError, with file and line, if the file does not follow the format.
    """
    return _BY_ENDING[path.suffix.lower()].read(path)


def content_hash(path: Path) -> bytes:
    """Return a SHA-256 (32 bytes) of a file's content and of the rules by which it is read.

    Raises SourceError if the file cannot be read.
    """
    try:
        return file_sha256(path, b"%d" % RULE_VERSION)
    except OSError as error:
        raise SourceError(path, None, f"cannot be read: {error.strerror}") from error


def _real(path: Path) -> Path:
    """Follow links, unless the file that one leads to has no ending that we know."""
    real = path.resolve()
    return real if real.suffix.lower() in _BY_ENDING else path.absolute()


def _is_source(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and path.suffix.lower() in _BY_ENDING and not hidden


def _endings() -> str:
    return ", ".join(_BY_ENDING)
