"""Rows of the database: their checksums, their JSON, and queries over many values."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from embedder.errors import LibraryDamaged
from embedder.records import Document
from embedder.vectors import PassageVectors

_CHUNK = 500  # values in one SQL `IN (...)`, well under SQLite's limit


def select_in(
    connection: sqlite3.Connection, sql: str, values: Sequence[Any], *before: Any
) -> Iterator[tuple[Any, ...]]:
    """Run a query with an `IN ({})` over any number of values, in chunks."""
    for at in range(0, len(values), _CHUNK):
        chunk = values[at : at + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        yield from connection.execute(sql.format(marks), (*before, *chunk))


def to_document(record: str, sha256: bytes) -> Document:
    """Return a document from its row.

    Raises LibraryDamaged if it does not match its checksum.
    """
    check(record.encode(), sha256, "a document")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in json.loads(record).items()
    }
    return Document(**values)


def vector_columns(vectors: PassageVectors) -> tuple[bytes, bytes]:
    """Return a passage's vector and its sentences', as they are stored."""
    return vectors.passage.astype("<f4").tobytes(), vectors.sentences.astype("<f2").tobytes()


def passage_sha256(document: int, content: bytes, spans: str, reader: str) -> bytes:
    """Return the SHA-256 of a passage's row, 32 bytes."""
    return sha256_of(b"%d %s %s %s" % (document, content, spans.encode(), reader.encode()))


def damaged(what: str, stored: bytes, found: bytes) -> LibraryDamaged:
    """Return the error for something that does not match its checksum."""
    return LibraryDamaged(
        f"{what} does not match its checksum (stored {stored.hex()}, found {found.hex()}). "
        "'fingerpost status --verify' names all; mend them with: fingerpost index"
    )


def check(content: bytes, sha256: bytes, what: str) -> None:
    """Raise LibraryDamaged if a row does not match its checksum."""
    found = sha256_of(content)
    if found != sha256:
        raise damaged(what, sha256, found)


def sha256_of(content: bytes) -> bytes:
    """Return a SHA-256, 32 bytes."""
    return hashlib.sha256(content).digest()


def to_json(value: object) -> str:
    """Return JSON as it is stored: short, with all characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
