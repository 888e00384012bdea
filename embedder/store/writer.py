"""Write to the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from embedder.records import Document, Manifest, Passage, StoredEntry
from embedder.store.rows import passage_sha256, select_in, sha256_of, to_json, vector_columns
from embedder.store.snapshot import Snapshot
from embedder.vectors import DocumentRow, Float16Array, PassageVectors


class Writer(Snapshot):
    """Read and write. Vectors are stored as they come; everything else in one transaction."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything written inside the block together, or, on an error, nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def sound_vectors(self, contents: Sequence[bytes], model: str) -> set[bytes]:
        """Return those content hashes whose vectors are stored and match their checksums."""
        found = select_in(
            self._db,
            "SELECT content, v.vector, v.sha256, s.vectors, s.sha256"
            " FROM vectors v JOIN sentences s USING (content, model)"
            " WHERE model = ? AND content IN ({})",
            contents,
            model,
        )
        return {
            content
            for content, vector, sha256, sentences, sentences_sha256 in found
            if sha256_of(vector) == sha256 and sha256_of(sentences) == sentences_sha256
        }

    def without_sound_vectors(self, model: str) -> list[Document]:
        """Return the documents with a passage whose vectors are missing or damaged."""
        found = self._db.execute(
            "SELECT p.document, p.content, p.spans, p.reader, p.sha256,"
            " v.vector, v.sha256, s.vectors, s.sha256 FROM passages p"
            " LEFT JOIN vectors v ON v.content = p.content AND v.model = ?1"
            " LEFT JOIN sentences s ON s.content = p.content AND s.model = ?1",
            (model,),
        )
        rows = {
            row[0]
            for row in found
            if passage_sha256(*row[:4]) != row[4]
            or row[5] is None
            or row[7] is None
            or sha256_of(row[5]) != row[6]
            or sha256_of(row[7]) != row[8]
        }
        return list(self.documents(sorted(rows)).values())

    def keep_vectors(
        self, contents: Sequence[bytes], model: str, vectors: Sequence[PassageVectors]
    ) -> None:
        """Store and commit vectors: an interrupted build does not compute them again."""
        with self.transaction():
            for content, each in zip(contents, vectors, strict=True):
                passage, sentences = vector_columns(each)
                self._db.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)",
                    (content, model, passage, sha256_of(passage)),
                )
                self._db.execute(
                    "INSERT OR REPLACE INTO sentences VALUES (?, ?, ?, ?)",
                    (content, model, sentences, sha256_of(sentences)),
                )

    def keep_texts(self, texts: Sequence[str], model: str, vectors: Float16Array) -> None:
        """Write the vectors of short texts, float16 (n, dim), inside a transaction."""
        blobs = [row.astype("<f2").tobytes() for row in vectors]
        self._db.executemany(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)",
            [(text, model, blob, sha256_of(blob)) for text, blob in zip(texts, blobs, strict=True)],
        )

    def replace_entries(
        self,
        forgotten: Iterable[str],
        entries: Iterable[StoredEntry],
        hashes: Mapping[str, bytes],
    ) -> None:
        """Replace the entries of some sources.

        The sources in `forgotten` are removed with their entries, then `entries` are written with
        their sources. `hashes` are the SHA-256 of the files that were read, by path.
        """
        for path in forgotten:
            row = self._db.execute("SELECT id FROM sources WHERE path = ?", (path,)).fetchone()
            if row is not None:
                self._db.execute("DELETE FROM entries WHERE source = ?", row)
                self._db.execute("DELETE FROM sources WHERE id = ?", row)
        ids: dict[str, int] = {}
        for entry in entries:
            if entry.path not in ids:
                cursor = self._db.execute(
                    "INSERT INTO sources (path, name, sha256) VALUES (?, ?, ?)",
                    (entry.path, Path(entry.path).name, hashes.get(entry.path)),
                )
                ids[entry.path] = int(cursor.lastrowid or 0)
            self._db.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?)",
                (ids[entry.path], entry.line, entry.key, to_json(dict(entry.labels))),
            )

    def forget_entries(self, ids: Sequence[str]) -> None:
        """Remove the entries of some documents from every source."""
        self._db.executemany("DELETE FROM entries WHERE key = ?", [(key,) for key in ids])

    def put_document(self, document: Document) -> DocumentRow:
        """Insert or update a document, and return its row number."""
        record = to_json(document.as_dict())
        cursor = self._db.execute(
            "INSERT INTO documents (key, record, sha256) VALUES (?, ?, ?) ON CONFLICT (key)"
            " DO UPDATE SET record = excluded.record, sha256 = excluded.sha256 RETURNING id",
            (document.id, record, sha256_of(record.encode())),
        )
        return DocumentRow(cursor.fetchone()[0])

    def put_passages(self, row: int, passages: Sequence[tuple[Passage, bytes]]) -> None:
        """Replace a document's passages by others, each with its content hash."""
        self._db.execute("DELETE FROM passages WHERE document = ?", (row,))
        self._db.executemany(
            "INSERT INTO passages (document, content, spans, reader, sha256)"
            " VALUES (?, ?, ?, ?, ?)",
            [
                (*values, passage_sha256(*values))
                for values in (
                    (row, content, _spans(passage), passage.reader) for passage, content in passages
                )
            ],
        )

    def remove_document(self, key: str) -> DocumentRow:
        """Remove a document with its passages, and return the row number that it had."""
        row = self.row_of(key)
        self._db.execute("DELETE FROM documents WHERE id = ?", (row,))
        return row

    def add_generation(self, number: int, manifest: Manifest) -> None:
        """Insert the manifest that makes this generation the one that is served."""
        text = to_json(asdict(manifest))
        self._db.execute(
            "INSERT INTO generations VALUES (?, ?, ?)", (number, text, sha256_of(text.encode()))
        )

    def drop_unused_vectors(self, model: str) -> None:
        """Remove vectors that no passage uses, and those of other models."""
        for name in ("vectors", "sentences"):
            self._db.execute(
                f"DELETE FROM {name} WHERE model <> ?"  # noqa: S608
                " OR content NOT IN (SELECT content FROM passages)",
                (model,),
            )
        self._db.execute("DELETE FROM texts WHERE model <> ?", (model,))


def _spans(passage: Passage) -> str:
    """Return the places of a passage's sentences as they are stored."""
    return to_json([[span.field, span.start, span.end] for span in passage.sentences])
