"""Read from one state of the database."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from embedder.errors import DocumentNotFound, LibraryDamaged, LibraryMismatch, LibraryMissing
from embedder.records import Document, Manifest, Span, StoredEntry
from embedder.store.rows import check, damaged, passage_sha256, select_in, sha256_of, to_document
from embedder.vectors import (
    DocumentRow,
    DocumentRows,
    Float16Array,
    Float32Array,
    PassageIds,
)

# Passages read at once.
_BLOCK = 50_000


class Snapshot:
    """Reads from one state of the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read through an open connection, inside its transaction."""
        self._db = connection

    def generation(self) -> int:
        """Return the number of the newest generation, 0 if there is none."""
        return int(
            self._db.execute("SELECT coalesce(max(number), 0) FROM generations").fetchone()[0]
        )

    def manifest(self, generation: int) -> Manifest:
        """Return a generation's manifest.

        Raises LibraryMissing if there is no such generation, LibraryDamaged if it is changed.
        """
        row = self._db.execute(
            "SELECT manifest, sha256 FROM generations WHERE number = ?", (generation,)
        ).fetchone()
        if row is None:
            raise LibraryMissing("the library is empty. Build it: fingerpost index")
        check(row[0].encode(), row[1], f"the manifest of generation {generation}")
        values = json.loads(row[0])
        wanted = {each.name for each in fields(Manifest)}
        if set(values) != wanted:
            raise LibraryMismatch(
                "manifest", sorted(values), sorted(wanted), "Rebuild with: fingerpost index"
            )
        return Manifest(**values)

    def claimed_model(self, generation: int) -> str | None:
        """Return the model named in a generation's manifest, even if the manifest is damaged."""
        row = self._db.execute(
            "SELECT manifest FROM generations WHERE number = ?", (generation,)
        ).fetchone()
        try:
            name = json.loads(row[0])["model"]
        except (TypeError, ValueError, KeyError):
            return None
        return name if isinstance(name, str) else None

    def count(self) -> int:
        """Count the documents."""
        return int(self._db.execute("SELECT count(*) FROM documents").fetchone()[0])

    def count_passages(self) -> int:
        """Count the passages."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def rows(self) -> list[tuple[DocumentRow, Document]]:
        """Return every document with its row number, in the order of the documents' ids."""
        found = self._db.execute("SELECT id, record, sha256 FROM documents ORDER BY key")
        return [(row, to_document(record, sha256)) for row, record, sha256 in found]

    def documents(self, rows: Sequence[int]) -> dict[int, Document]:
        """Return documents by row number; rows that do not exist are left out."""
        found = select_in(
            self._db, "SELECT id, record, sha256 FROM documents WHERE id IN ({})", rows
        )
        return {row: to_document(record, sha256) for row, record, sha256 in found}

    def row_of(self, key: str) -> DocumentRow:
        """Return the row number of the document with this id.

        Raises DocumentNotFound if there is none.
        """
        # An unpaired surrogate is in no document's id, and SQLite would not take it.
        valid = not any("\ud800" <= each <= "\udfff" for each in key)
        row = (
            self._db.execute("SELECT id FROM documents WHERE key = ?", (key,)).fetchone()
            if valid
            else None
        )
        if row is None:
            raise DocumentNotFound(key)
        return DocumentRow(row[0])

    def page(self, limit: int, offset: int) -> list[Document]:
        """Return a page of the library, in the order of the documents' ids."""
        found = self._db.execute(
            "SELECT record, sha256 FROM documents ORDER BY key LIMIT ? OFFSET ?", (limit, offset)
        )
        return [to_document(record, sha256) for record, sha256 in found]

    def rows_by_id(self) -> DocumentRows:
        """Return the row numbers of all documents, in the order of the documents' ids.

        The order is that of code points, as of UTF-8 bytes.
        """
        found = self._db.execute("SELECT id FROM documents ORDER BY key")
        return DocumentRows(np.fromiter((row for (row,) in found), dtype=np.int64))

    def ids(self) -> Iterator[tuple[DocumentRow, str]]:
        """Return the row number and id of each document, in the order of the ids."""
        yield from self._db.execute("SELECT id, key FROM documents ORDER BY key")

    def with_text(self) -> Iterator[tuple[DocumentRow, str]]:
        """Return the row number and id of each document that has a passage."""
        # Both columns are in the index on ids, so no document is read.
        yield from self._db.execute(
            "SELECT id, key FROM documents d"
            " WHERE EXISTS (SELECT 1 FROM passages p WHERE p.document = d.id)"
        )

    def count_readers(self) -> dict[str, int]:
        """Count the passages of each reader."""
        found = self._db.execute("SELECT reader, count(*) FROM passages GROUP BY reader")
        return dict(found.fetchall())

    def passages(self, rows: Sequence[int] | None = None) -> tuple[PassageIds, DocumentRows]:
        """Return the ids of passages, ascending, and their documents' row numbers: int64 (n,).

        Of all documents, or of those with the row numbers `rows`.
        """
        what = "SELECT id, document FROM passages"
        if rows is None:
            # Unordered, SQLite reads only the index on documents, a tenth of the table.
            found: Iterable[tuple[int, int]] = self._db.execute(what)
        else:
            found = select_in(self._db, f"{what} WHERE document IN ({{}})", rows)
        numbers = np.fromiter(itertools.chain.from_iterable(found), dtype=np.int64)
        ids, documents = numbers.reshape(-1, 2).T
        order = np.argsort(ids, kind="stable")
        return PassageIds(ids[order]), DocumentRows(documents[order])

    def passage_vectors(
        self, model: str, dim: int, ids: Sequence[int] | None = None
    ) -> Iterator[Float32Array]:
        """Return the vectors of all passages, or of some, by ascending id, in blocks.

        Blocks are float32 (m, dim), unit rows, made by the model with this fingerprint.

        Raises LibraryDamaged if one is missing or does not match its checksum.
        """
        found = self._of_passages("p.document, v.vector, v.sha256", "vectors", model, ids)
        while rows := list(itertools.islice(found, _BLOCK)):
            block = np.empty((len(rows), dim), dtype=np.float32)
            for at, (document, vector, sha256) in enumerate(rows):
                if vector is None:
                    raise _missing(document)
                check(vector, sha256, f"a passage vector of document row {document}")
                block[at] = np.frombuffer(vector, dtype="<f4")
            yield block

    def sentence_vectors(
        self, model: str, dim: int, ids: Sequence[int] | None = None
    ) -> Iterator[tuple[int, Float32Array]]:
        """Return the sentence vectors of all passages, or of some, by ascending id.

        Each is a passage's id with float32 (sentences, dim), of unit length but for the rounding to
        float16, made by the model with this fingerprint.

        Raises LibraryDamaged if one is missing or does not match its checksum.
        """
        found = self._of_passages("p.id, p.document, v.vectors, v.sha256", "sentences", model, ids)
        for passage, document, blob, sha256 in found:
            if blob is None:
                raise _missing(document)
            check(blob, sha256, f"the sentence vectors of document row {document}")
            yield passage, np.frombuffer(blob, dtype="<f2").reshape(-1, dim).astype(np.float32)

    def _of_passages(
        self, columns: str, table: str, model: str, ids: Sequence[int] | None
    ) -> Iterator[tuple[Any, ...]]:
        """Join a table `v` of vectors to all passages `p`, or to some, by ascending id."""
        what = (
            f"SELECT {columns} FROM passages p"  # noqa: S608 (no value from outside)
            f" LEFT JOIN {table} v ON v.content = p.content AND v.model = ?"
        )
        if ids is None:
            return self._db.execute(f"{what} ORDER BY p.id", (model,))
        return select_in(self._db, f"{what} WHERE p.id IN ({{}}) ORDER BY p.id", sorted(ids), model)

    def spans(self, rows: Sequence[int]) -> dict[int, list[Span]]:
        """Return the spans of documents' sentences by row number, without documents of no text.

        Raises LibraryDamaged if a row does not match its checksum.
        """
        found = select_in(
            self._db,
            "SELECT document, content, spans, reader, sha256 FROM passages"
            " WHERE document IN ({}) ORDER BY id",
            rows,
        )
        places: dict[int, list[Span]] = {}
        for document, content, spans, reader, sha256 in found:
            own = passage_sha256(document, content, spans, reader)
            if own != sha256:
                raise damaged(f"a passage of document row {document}", sha256, own)
            places.setdefault(document, []).extend(Span(*place) for place in json.loads(spans))
        return places

    def texts(self, texts: Sequence[str], model: str) -> dict[str, Float16Array]:
        """Return the vectors of short texts, float16 (dim,) each; those not stored are left out."""
        found = select_in(
            self._db,
            "SELECT text, vector, sha256 FROM texts WHERE model = ? AND text IN ({})",
            texts,
            model,
        )
        return {
            text: np.frombuffer(vector, dtype="<f2")
            for text, vector, sha256 in found
            if sha256_of(vector) == sha256
        }

    def entries(self, *, keys: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of all sources for the documents with these ids."""
        found = select_in(
            self._db,
            "SELECT s.path, e.line, e.key, e.labels FROM entries e"
            " JOIN sources s ON s.id = e.source WHERE e.key IN ({})",
            keys,
        )
        return [StoredEntry(path, line, key, json.loads(text)) for path, line, key, text in found]

    def source_paths(self) -> list[str]:
        """List the paths of all sources."""
        return [row[0] for row in self._db.execute("SELECT path FROM sources ORDER BY path")]

    def source_hashes(self) -> dict[str, bytes]:
        """Return the SHA-256 of each source file as it was read, by path, where it is known."""
        found = self._db.execute("SELECT path, sha256 FROM sources WHERE sha256 IS NOT NULL")
        return dict(found.fetchall())

    def sources_of_damaged(self) -> set[str]:
        """List the paths of sources with an entry whose document is missing or damaged."""
        found = self._db.execute(
            "SELECT DISTINCT s.path, d.record, d.sha256 FROM entries e"
            " JOIN sources s ON s.id = e.source LEFT JOIN documents d ON d.key = e.key"
        )
        return {
            path
            for path, record, sha256 in found
            if record is None or sha256_of(record.encode()) != sha256
        }

    def keys_of(self, path: str) -> list[str]:
        """List the ids of the documents in a source."""
        found = self._db.execute(
            "SELECT e.key FROM entries e JOIN sources s ON s.id = e.source WHERE s.path = ?",
            (path,),
        )
        return [row[0] for row in found]

    def by_key(self, keys: Sequence[str]) -> dict[str, Document]:
        """Return documents by id, without those that are missing or damaged."""
        found = select_in(
            self._db, "SELECT key, record, sha256 FROM documents WHERE key IN ({})", keys
        )
        return {
            key: to_document(record, sha256)
            for key, record, sha256 in found
            if sha256_of(record.encode()) == sha256
        }

    def verify(self, manifest: Manifest) -> list[str]:
        """Check every row against its checksum; return a sentence for each that fails."""
        return [
            *self._broken_pages(),
            *(f"{what} does not match its checksum" for what in self._changed_rows()),
            *self._unsound_vectors(manifest.model_sha256),
            *self._miscounted(manifest),
        ]

    def _broken_pages(self) -> Iterator[str]:
        for row in self._db.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield f"SQLite: {row[0]}"

    def _changed_rows(self) -> Iterator[str]:
        for key, record, sha256 in self._db.execute("SELECT key, record, sha256 FROM documents"):
            if sha256_of(record.encode()) != sha256 or json.loads(record)["id"] != key:
                yield f"document {key!r}"
        for row in self._db.execute(
            "SELECT document, content, spans, reader, sha256 FROM passages"
        ):
            if passage_sha256(*row[:4]) != row[4]:
                yield f"a passage of document row {row[0]}"
        for text, vector, sha256 in self._db.execute("SELECT text, vector, sha256 FROM texts"):
            if sha256_of(vector) != sha256:
                yield f"the vector of {text!r}"

    def _unsound_vectors(self, model: str) -> Iterator[str]:
        found = self._db.execute(
            "SELECT d.key, v.vector, v.sha256, s.vectors, s.sha256"
            " FROM passages p JOIN documents d ON d.id = p.document"
            " LEFT JOIN vectors v ON v.content = p.content AND v.model = ?1"
            " LEFT JOIN sentences s ON s.content = p.content AND s.model = ?1",
            (model,),
        )
        for key, vector, sha256, sentences, sentences_sha256 in found:
            if vector is None or sentences is None:
                yield f"a passage of document {key!r} has no vector"
            elif sha256_of(vector) != sha256 or sha256_of(sentences) != sentences_sha256:
                yield f"a vector of document {key!r} does not match its checksum"

    def _miscounted(self, manifest: Manifest) -> Iterator[str]:
        for what, found, wanted in (
            ("documents", self.count(), manifest.documents),
            ("passages", self.count_passages(), manifest.passages),
        ):
            if found != wanted:
                yield f"the manifest counts {wanted} {what}, the database {found}"


def _missing(document: int) -> LibraryDamaged:
    return LibraryDamaged(
        f"a passage of document row {document} has no vector. "
        "Build the library again: fingerpost index"
    )
