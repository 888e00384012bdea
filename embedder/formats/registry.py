"""The file formats that are read and written: their names, endings and media types.

A format's module is imported when it is first used: some take a tenth of a second to import, and
most runs need one of them or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from embedder.errors import SourceError
from embedder.files import file_sha256
from embedder.records import Document, Entry

# Raise it when a reader makes something else of the same file.
RULE_VERSION = 1


class _Module(Protocol):
    def read(self, path: Path) -> Iterator[Entry]: ...
    def write(self, documents: Iterable[Document]) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    `name` is for programs, `label` for people; `read_endings` are the endings of the file names
    that are read as this format, none if it has no reader; `ending` is the one that is written.
    """

    name: str
    label: str
    media_type: str
    ending: str
    read_endings: tuple[str, ...]
    module: str

    def read(self, path: Path) -> Iterator[Entry]:
        """Read every entry of a file, in order.

        Raises SourceError, with file and line, if the file does not follow the format.
        """
        return self._module().read(path)

    def write(self, documents: Iterable[Document]) -> Iterator[str]:
        """Write documents as a file, in pieces to be encoded in UTF-8."""
        return self._module().write(documents)

    def _module(self) -> _Module:
        return cast(_Module, import_module(f"embedder.formats.{self.module}"))


LISTING = Format("listing", "Listing page", "text/plain", "txt", (".txt",), "listing")
JSONL = Format("jsonl", "JSON lines", "application/jsonl", "jsonl", (".jsonl", ".ndjson"), "jsonl")
RIS = Format("ris", "RIS", "application/x-research-info-systems", "ris", (".ris",), "ris")
BIBTEX = Format("bibtex", "BibTeX", "application/x-bibtex", "bib", (".bib",), "bibtex")
CSL_JSON = Format(
    "csl-json", "CSL-JSON", "application/vnd.citationstyles.csl+json", "json", (), "csl_json"
)
CSV = Format("csv", "CSV", "text/csv", "csv", (".csv",), "csv_table")

# For reference managers and spreadsheets: what the server offers beside its own JSON. What each
# writes, its reader gives back unchanged (CSL-JSON has no reader).
EXPORTS: Mapping[str, Format] = MappingProxyType(
    {each.name: each for each in (RIS, BIBTEX, CSL_JSON, CSV)}
)
_READERS = {
    ending: each for each in (LISTING, JSONL, CSV, RIS, BIBTEX) for ending in each.read_endings
}


def find_files(paths: Iterable[Path]) -> list[Path]:
    """List the source files among files and folders, each once, folders in order of name.

    In a folder, at any depth, files with an ending that no reader knows are skipped; a file that
    is named must have one.

    Raises SourceError for a path that is not there, a file that no reader knows, and a folder
    without any source file.
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
        elif path.suffix.lower() not in _READERS:
            raise SourceError(path, None, f"no reader for this ending; known: {_endings()}")
        else:
            found[_real(path)] = None
    return list(found)


def read(path: Path) -> Iterator[Entry]:
    """Read every entry of one source file, in the format that its ending names.

    Raises SourceError, with file and line, if the file does not follow the format.
    """
    return _READERS[path.suffix.lower()].read(path)


def content_hash(path: Path) -> bytes:
    """Return a SHA-256 (32 bytes) of a file's content and of the rules it is read by.

    Raises SourceError if the file cannot be read.
    """
    try:
        return file_sha256(path, b"%d" % RULE_VERSION)
    except OSError as error:
        raise SourceError(path, None, f"cannot be read: {error.strerror}") from error


def _real(path: Path) -> Path:
    real = path.resolve()
    return real if real.suffix.lower() in _READERS else path.absolute()


def _is_source(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.is_file() and path.suffix.lower() in _READERS and not hidden


def _endings() -> str:
    return ", ".join(_READERS)
