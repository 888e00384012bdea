"""Compare sources with the library: which documents are new, changed or removed.

Several sources may hold the same document; it is kept once, with the lists of all united.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from embedder.errors import SourceError
from embedder.records import DOCUMENT_FIELDS, Document, Entry, StoredEntry
from embedder.text.folding import fold

_UNITED = tuple(name for name, spec in DOCUMENT_FIELDS.items() if spec.merge == "union")
_FIRST = tuple(name for name, spec in DOCUMENT_FIELDS.items() if spec.merge == "first")
_SLUG_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Changes:
    """The documents that a build has to write or remove, and how many are unchanged."""

    new: tuple[Document, ...]
    changed: tuple[Document, ...]
    removed: tuple[str, ...]
    unchanged: int


def document_id(document: Document) -> str:
    """Return the id a source gave, or one made of the title and a hash of title, abstract, year.

    The same document has the same id wherever and whenever it is read.
    """
    if document.id:
        return document.id
    content = "\0".join((document.title, document.abstract, str(document.year or "")))
    digest = hashlib.sha256(content.encode("utf-8")).hexdigest()[:8]
    slug = "-".join(re.findall(r"[a-z0-9]+", fold(document.title)))
    if len(slug) > _SLUG_LENGTH:
        slug = slug[: _SLUG_LENGTH + 1].rpartition("-")[0] or slug[:_SLUG_LENGTH]
    return f"{slug}-{digest}" if slug else digest


def identify(entries: Iterable[Entry]) -> list[Entry]:
    """Return every entry's document its id."""
    return [
        replace(entry, document=replace(entry.document, id=document_id(entry.document)))
        for entry in entries
    ]


def to_stored_entry(entry: Entry) -> StoredEntry:
    """Return what is stored of an entry beside the document itself."""
    document = entry.document
    labels: dict[str, Any] = {name: list(getattr(document, name)) for name in _UNITED}
    labels |= {name: getattr(document, name) for name in _FIRST}
    return StoredEntry(str(entry.path), entry.line, document.id, labels)


def find_changes(
    entries: Sequence[Entry],
    kept: Iterable[StoredEntry],
    stored: Mapping[str, Document],
    forgotten: Iterable[str],
) -> Changes:
    """Compare identified entries with the library.

    `kept` is what sources that were not read again say of the same documents, `stored` the
    documents as they are, by id, `forgotten` the ids that the sources read again, or gone,
    spoke of before.

    Raises SourceError where one id stands for two different documents.
    """
    of_document: dict[str, list[StoredEntry]] = defaultdict(list)
    for each in kept:
        of_document[each.key].append(each)
    texts: dict[str, Entry] = {}
    for entry in entries:
        first = texts.setdefault(entry.document.id, entry)
        _refuse_two_documents(entry, first.document, f"{first.path}:{first.line}")
        if entry.document.id in of_document and entry.document.id in stored:
            other = of_document[entry.document.id][0]
            _refuse_two_documents(entry, stored[other.key], f"{other.path}:{other.line}")
    for entry in entries:
        of_document[entry.document.id].append(to_stored_entry(entry))

    new, changed, removed, unchanged = [], [], [], 0
    for key in dict.fromkeys((*(entry.document.id for entry in entries), *forgotten)):
        if not of_document.get(key):
            removed.append(key)
            continue
        text = texts[key].document if key in texts else stored[key]
        document = _merged(text, of_document[key])
        if key not in stored:
            new.append(document)
        elif document != stored[key]:
            changed.append(document)
        else:
            unchanged += 1
    return Changes(tuple(new), tuple(changed), tuple(removed), unchanged)


def _merged(text: Document, entries: Iterable[StoredEntry]) -> Document:
    """Unite the entries of a document, in the order of their paths and lines."""
    ordered = sorted(entries, key=lambda each: (each.path, each.line))
    united: dict[str, Any] = {
        name: tuple(dict.fromkeys(value for each in ordered for value in each.labels.get(name, ())))
        for name in _UNITED
    }
    first: dict[str, Any] = {
        name: next((each.labels[name] for each in ordered if each.labels.get(name)), None)
        for name in _FIRST
    }
    return replace(text, **united, **first)


def _refuse_two_documents(entry: Entry, other: Document, place: str) -> None:
    def content(document: Document) -> tuple[str, str, int | None]:
        return document.title, document.abstract, document.year

    if content(entry.document) != content(other):
        raise SourceError(
            entry.path,
            entry.line,
            f"the id {entry.document.id!r} stands for another document in {place}. Give one of "
            "them another id, or index them into libraries of their own (--vectors DIR)",
        )
