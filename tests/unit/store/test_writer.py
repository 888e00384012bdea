"""Writing: whole or not at all, each thing replaced by its newer one, and nothing left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from embedder.errors import DocumentNotFound
from embedder.records import StoredEntry
from embedder.store.database import Store
from embedder.store.writer import Writer
from embedder.text.passages import content_hash
from tests.conftest import run_sql
from tests.support.stored import (
    BARE,
    DAMAGE_A_VECTOR,
    DIM,
    MANIFEST,
    MODEL,
    a_passage,
    vectors_for,
)

# Transactions.


def test_a_failed_transaction_leaves_nothing(filled: Store) -> None:
    def fail(writer: Writer) -> None:
        with writer.transaction():
            writer.put_document(BARE)
            writer.remove_document("lebanon")
            raise KeyboardInterrupt

    with filled.writing() as writer, pytest.raises(KeyboardInterrupt):
        fail(writer)
    with filled.snapshot() as snapshot:
        assert [each.id for each in snapshot.page(-1, 0)] == ["lebanon", "other"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_passes_and_the_next_transaction_is_written(
    filled: Store, error: type[BaseException]
) -> None:
    def fail(writer: Writer) -> None:
        with writer.transaction():
            writer.put_document(BARE)
            writer.add_generation(2, MANIFEST)
            raise error("no such colour")

    with filled.writing() as writer:
        with pytest.raises(error, match=r"^no such colour$"):
            fail(writer)
        assert (writer.count(), writer.generation()) == (2, 1)
        with writer.transaction():
            writer.put_document(replace(BARE, id="later"))
    with filled.snapshot() as snapshot:
        assert [each.id for each in snapshot.page(-1, 0)] == ["later", "lebanon", "other"]


def test_a_row_that_sqlite_refuses_takes_the_whole_transaction_back(filled: Store) -> None:
    def add_generation_1_again(writer: Writer) -> None:
        with writer.transaction():
            writer.put_document(BARE)
            writer.add_generation(1, MANIFEST)

    with filled.writing() as writer:
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE constraint failed"):
            add_generation_1_again(writer)
        assert writer.count() == 2


# Vectors.


def test_kept_vectors_outlive_a_failed_build(filled: Store) -> None:
    def fail() -> None:
        with filled.writing() as writer:
            writer.keep_vectors([b"\x01" * 32], MODEL, [vectors_for(9)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with filled.writing() as writer:
        assert writer.sound_vectors([b"\x01" * 32], MODEL) == {b"\x01" * 32}


def test_newer_vectors_replace_the_older(filled: Store) -> None:
    content = content_hash(a_passage("About Lebanon. It is."))
    with filled.writing() as writer:
        writer.keep_vectors([content], MODEL, [vectors_for(7)])
        (block,) = writer.passage_vectors(MODEL, DIM, [1])
        ((_, sentences),) = writer.sentence_vectors(MODEL, DIM, [1])
    np.testing.assert_array_equal(block[0], vectors_for(7).passage)
    np.testing.assert_allclose(sentences, vectors_for(7).sentences, atol=1e-3)


def test_vectors_for_another_number_of_passages_are_not_kept(store: Store) -> None:
    contents = [b"\x01" * 32, b"\x02" * 32]
    with store.writing() as writer:
        with pytest.raises(ValueError, match="shorter than argument 1"):
            writer.keep_vectors(contents, MODEL, [vectors_for(1)])
        assert writer.sound_vectors(contents, MODEL) == set()


def test_vectors_for_another_number_of_texts_are_not_kept(store: Store) -> None:
    with store.writing() as writer:
        with writer.transaction(), pytest.raises(ValueError, match="shorter than argument 1"):
            writer.keep_texts(["child", "kind"], MODEL, np.eye(1, dtype=np.float16))
        assert writer.texts(["child", "kind"], MODEL) == {}


def test_damaged_vectors_are_not_sound(filled: Store) -> None:
    contents = [
        content_hash(a_passage(text)) for text in ("About Lebanon. It is.", "About another. It is.")
    ]
    run_sql(filled.folder, DAMAGE_A_VECTOR)
    with filled.writing() as writer:
        assert writer.sound_vectors(contents, MODEL) == {contents[0]}
        assert [each.id for each in writer.without_sound_vectors(MODEL)] == ["other"]


@pytest.mark.parametrize(
    ("statement", "ids"),
    [
        ("DELETE FROM vectors", ["lebanon", "other"]),
        (
            "DELETE FROM sentences WHERE content = (SELECT content FROM passages WHERE id = 1)",
            ["lebanon"],
        ),
        ("UPDATE sentences SET vectors = zeroblob(32)", ["lebanon", "other"]),
        ("UPDATE passages SET spans = '[]' WHERE id = 2", ["other"]),
        ("UPDATE vectors SET model = 'another'", ["lebanon", "other"]),
    ],
    ids=["no vectors", "no sentences", "damaged sentences", "changed passage", "another model"],
)
def test_documents_without_sound_vectors_are_found(
    filled: Store, statement: str, ids: list[str]
) -> None:
    with filled.writing() as writer:
        assert writer.without_sound_vectors(MODEL) == []
        run_sql(filled.folder, statement)
        assert [each.id for each in writer.without_sound_vectors(MODEL)] == ids


def test_vectors_that_nothing_uses_are_dropped(filled: Store) -> None:
    unused, used = b"\x00" * 32, content_hash(a_passage("About Lebanon. It is."))
    with filled.writing() as writer:
        writer.keep_vectors([unused], MODEL, [vectors_for(3)])
        writer.keep_vectors([used], "another model", [vectors_for(4)])
        assert writer.sound_vectors([unused, used], MODEL) == {unused, used}
        with writer.transaction():
            writer.drop_unused_vectors(MODEL)
        assert writer.sound_vectors([unused, used], MODEL) == {used}
        assert writer.sound_vectors([used], "another model") == set()


def test_dropping_what_is_unused_leaves_what_is_used(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        writer.keep_texts(["child"], MODEL, np.eye(1, dtype=np.float16))
        writer.keep_texts(["child"], "another model", np.eye(1, dtype=np.float16))
        writer.remove_document("other")
        writer.drop_unused_vectors(MODEL)
        kept, gone = (
            content_hash(a_passage(text))
            for text in ("About Lebanon. It is.", "About another. It is.")
        )
        assert writer.sound_vectors([kept, gone], MODEL) == {kept}
        assert set(writer.texts(["child"], MODEL)) == {"child"}
        assert writer.texts(["child"], "another model") == {}
        (block,) = writer.passage_vectors(MODEL, DIM)
    np.testing.assert_array_equal(block, vectors_for(1).passage[np.newaxis])
    with closing(sqlite3.connect(filled.path)) as database:
        # No query of ours finds the vectors of sentences alone.
        assert database.execute("SELECT content FROM sentences").fetchall() == [(kept,)]


# Sources and their entries.


def test_entries_come_back_by_document_and_by_source(store: Store) -> None:
    entries = [
        StoredEntry("/x/a.txt", 5, "k1", {"topics": ["T"]}),
        StoredEntry("/x/b.txt", 5, "k1", {"topics": ["U"]}),
        StoredEntry("/x/b.txt", 9, "k2", {"topics": []}),
    ]
    with store.writing() as writer, writer.transaction():
        writer.replace_entries([], entries, {"/x/a.txt": b"a" * 32})
        assert writer.source_paths() == ["/x/a.txt", "/x/b.txt"]
        assert writer.keys_of("/x/b.txt") == ["k1", "k2"]
        assert writer.entries(keys=["k1"]) == entries[:2]
        assert writer.source_hashes() == {"/x/a.txt": b"a" * 32}
        writer.replace_entries(["/x/b.txt"], [], {})
        assert writer.source_paths() == ["/x/a.txt"]
        assert writer.entries(keys=["k1", "k2"]) == entries[:1]


def test_documents_from_memory_are_sources_of_their_own(store: Store) -> None:
    a, b = "memory:a", "memory:b%2Fc"
    entries = [
        StoredEntry(a, 1, "a", {"topics": ["T"]}),
        StoredEntry(b, 1, "b/c", {"topics": ["Ü"]}),
        StoredEntry("/x/a.txt", 1, "a", {"topics": ["U"]}),
    ]
    with store.writing() as writer, writer.transaction():
        writer.replace_entries([], entries, {"/x/a.txt": b"a" * 32})
        assert writer.source_paths() == ["/x/a.txt", a, b]
        assert (writer.keys_of(a), writer.keys_of(b)) == (["a"], ["b/c"])
        assert writer.source_hashes() == {"/x/a.txt": b"a" * 32}  # the others are no files
        newer = StoredEntry(a, 1, "a", {"topics": ["newer"]})
        writer.replace_entries([a, "memory:never-given"], [newer], {})
        assert writer.source_paths() == ["/x/a.txt", a, b]
        found = writer.entries(keys=["a", "b/c"])
        assert sorted(found, key=lambda each: each.path) == [entries[2], newer, entries[1]]


def test_a_file_that_is_read_again_has_only_its_newer_entries_and_hash(store: Store) -> None:
    path = "/x/a.txt"
    older = [StoredEntry(path, line, key, {}) for line, key in ((1, "k1"), (4, "k2"))]
    newer = StoredEntry(path, 4, "k3", {})
    with store.writing() as writer, writer.transaction():
        writer.replace_entries([], older, {path: b"a" * 32})
        writer.replace_entries([path], [newer], {path: b"b" * 32})
        assert writer.entries(keys=["k1", "k2", "k3"]) == [newer]
        assert writer.source_hashes() == {path: b"b" * 32}


def test_forgotten_entries_are_gone_from_every_source(filled: Store) -> None:
    kept = StoredEntry("/x/a.txt", 5, "other", {})
    entries = [
        StoredEntry("/x/a.txt", 1, "lebanon", {}),
        kept,
        StoredEntry("/x/b.txt", 1, "lebanon", {}),
    ]
    with filled.writing() as writer, writer.transaction():
        writer.replace_entries([], entries, {})
        writer.forget_entries([])
        writer.forget_entries(["no-such"])
        assert writer.keys_of("/x/a.txt") == ["lebanon", "other"]
        writer.forget_entries(["lebanon", "no-such"])
        assert writer.entries(keys=["lebanon", "other"]) == [kept]
        # The sources stay, and so does the document: that is for others to remove.
        assert writer.source_paths() == ["/x/a.txt", "/x/b.txt"]
        assert writer.keys_of("/x/b.txt") == []
        assert writer.count() == 2


# Documents and passages.


def test_a_changed_document_keeps_its_row_number(store: Store) -> None:
    with store.writing() as writer, writer.transaction():
        row = writer.put_document(BARE)
        assert writer.put_document(replace(BARE, title="now with a title")) == row
        assert writer.documents([row])[row].title == "now with a title"
        assert writer.count() == 1


def test_the_id_of_a_passage_is_never_used_again(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        before, _ = writer.passages()
        for _, document in writer.rows():
            writer.remove_document(document.id)
        row = writer.put_document(BARE)
        passage = a_passage("Other words. And more.")
        writer.put_passages(row, [(passage, content_hash(passage))])
        after, _ = writer.passages()
    assert after.min() > before.max()


def test_a_documents_newer_passages_replace_the_older(filled: Store) -> None:
    passage = a_passage("Other words. And more.")
    with filled.writing() as writer, writer.transaction():
        writer.put_passages(1, [(passage, content_hash(passage))])
        ids, documents = writer.passages()
        assert (ids.tolist(), documents.tolist()) == ([2, 3], [2, 1])
        assert writer.spans([1]) == {1: list(passage.sentences)}
        writer.put_passages(1, [])
        assert writer.passages()[0].tolist() == [2]
        assert writer.count_passages() == 1


def test_a_removed_document_takes_its_passages_along(filled: Store) -> None:
    with filled.writing() as writer:
        with writer.transaction():
            assert writer.remove_document("lebanon") == 1
        assert writer.passages()[1].tolist() == [2]


def test_a_document_that_is_not_there_cannot_be_removed(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        with pytest.raises(DocumentNotFound, match="no document has the id 'no-such'"):
            writer.remove_document("no-such")
        assert writer.count() == 2
