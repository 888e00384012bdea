"""The database: what is written comes back, whole or not at all, and damage is noticed."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedder.errors import (
    DocumentNotFound,
    LibraryBusy,
    LibraryDamaged,
    LibraryError,
    LibraryMismatch,
    LibraryMissing,
)
from embedder.records import Document, Manifest, Passage, Span, StoredEntry
from embedder.store import database as store_room
from embedder.store.connection import connect
from embedder.store.database import Store
from embedder.store.writer import Writer
from embedder.text.passages import content_hash
from embedder.vectors import PassageVectors, normalise
from tests.conftest import ROOT, in_threads, run_sql

MODEL = "f" * 64
DIM = 8

LEBANON = Document(
    id="lebanon",
    title="A title – “quoted”",
    abstract="One sentence. Zwei Sätze.",
    countries=("Lebanon",),
    country_codes=("LBN",),
    regions=("Middle East and North Africa",),
    authors=("Markéta Von Hagen", "C. Zimmerman et al."),
    year=2013,
    topics=("Trafficking",),
    category=None,
    sources=("a.txt", "b.txt"),
)
BARE = Document(id="bare", title="", abstract="")

MANIFEST = Manifest(
    model="a-model",
    model_sha256=MODEL,
    precision="f32",
    dim=DIM,
    passage_rule=1,
    lexical_rule=1,
    version="0.1.0",
    created="2026-01-02T03:04:05+00:00",
    documents=2,
    passages=2,
    glossary_sha256="b" * 64,
    files={"meta.json": "0" * 64},
    calibration={"unrelated_median": 0.25},
    dense={"kind": "exact", "recall": 1.0},
)


def a_passage(text: str) -> Passage:
    half = len(text) // 2
    return Passage(
        text,
        (Span("abstract", 0, half), Span("abstract", half, len(text))),
        ((0, half), (half, len(text))),
    )


def vectors_for(seed: int) -> PassageVectors:
    rows = np.random.default_rng(seed).standard_normal((3, DIM)).astype(np.float32)
    unit = normalise(rows)
    return PassageVectors(unit[0], unit[1:])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "vectors")


@pytest.fixture
def filled(store: Store) -> Store:
    """A store that serves generation 1: two documents, a passage of two sentences each."""
    with store.writing() as writer:
        for seed, text in ((1, "About Lebanon. It is."), (2, "About another. It is.")):
            writer.keep_vectors([content_hash(a_passage(text))], MODEL, [vectors_for(seed)])
        with writer.transaction():
            fill(writer)
    return store


def fill(writer: Writer) -> None:
    other = replace(LEBANON, id="other", title="Another")
    for document, text in ((LEBANON, "About Lebanon. It is."), (other, "About another. It is.")):
        passage = a_passage(text)
        row = writer.put_document(document)
        writer.put_passages(row, [(passage, content_hash(passage))])
    writer.add_generation(1, MANIFEST)


# What is written comes back.


def test_a_document_comes_back_as_it_was_written(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.documents([snapshot.row_of("lebanon")]) == {1: LEBANON}


def test_a_document_without_anything_comes_back_as_it_was_written(store: Store) -> None:
    with store.writing() as writer, writer.transaction():
        row = writer.put_document(BARE)
        assert writer.documents([row]) == {row: BARE}


def test_documents_are_listed_in_the_order_of_their_ids(store: Store) -> None:
    documents = [replace(BARE, id=name) for name in ("z", "a", "m")]
    with store.writing() as writer, writer.transaction():
        for each in documents:
            writer.put_document(each)
        writer.put_document(replace(documents[1], title="changed"))
        assert [each.id for each in writer.page(-1, 0)] == ["a", "m", "z"]
        assert [each.id for each in writer.page(1, 1)] == ["m"]
        assert writer.page(5, 3) == []
        assert [row for row, _ in writer.rows()] == writer.rows_by_id().tolist() == [2, 3, 1]


def test_a_changed_document_keeps_its_row_number(store: Store) -> None:
    with store.writing() as writer, writer.transaction():
        row = writer.put_document(BARE)
        assert writer.put_document(replace(BARE, title="now with a title")) == row
        assert writer.documents([row])[row].title == "now with a title"
        assert writer.count() == 1


def test_many_ids_are_looked_up_at_once(store: Store) -> None:
    keys = [f"document-{number}" for number in range(1201)]
    with store.writing() as writer:
        with writer.transaction():
            for key in keys:
                writer.put_document(replace(BARE, id=key))
        found = writer.by_key([*keys, "unknown"])
        assert sorted(found) == sorted(keys)
        assert all(found[key].id == key for key in keys)


def test_passage_vectors_come_back_to_the_last_bit(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        ids, documents = snapshot.passages()
        (block,) = snapshot.passage_vectors(MODEL, DIM)
        (second,) = snapshot.passage_vectors(MODEL, DIM, [int(ids[1])])
    assert documents.tolist() == [1, 2]
    assert block.dtype == np.float32
    np.testing.assert_array_equal(block, np.stack([vectors_for(1).passage, vectors_for(2).passage]))
    np.testing.assert_array_equal(second, block[1:])


def test_row_numbers_are_listed_in_the_order_of_the_ids(store: Store) -> None:
    ids = ["b", "é", "B", "a", "😀", "\uffee", "ab"]
    with store.writing() as writer, writer.transaction():
        rows = {id_: writer.put_document(replace(LEBANON, id=id_)) for id_ in ids}
        assert writer.rows_by_id().tolist() == [rows[id_] for id_ in sorted(ids)]


def test_documents_with_text_and_their_passages_are_told(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        writer.put_document(BARE)
        passages = [a_passage(text) for text in ("One more. It is.", "Two more. They are.")]
        row = writer.row_of("lebanon")
        writer.put_passages(row, [(each, content_hash(each)) for each in passages])
    with filled.snapshot() as snapshot:
        told = {key: row for row, key in snapshot.with_text()}
        ids, documents = snapshot.passages()
        rows = [row for row, _ in snapshot.rows()][::-1]
        some, of = snapshot.passages([told["lebanon"]])
        all_of_them = snapshot.passages(rows)
        none, _ = snapshot.passages([])
    assert told == {"lebanon": 1, "other": 2}
    assert some.tolist() == ids[documents == 1].tolist()
    assert (len(some), of.tolist(), none.tolist()) == (2, [1, 1], [])
    assert [each.tolist() for each in all_of_them] == [ids.tolist(), documents.tolist()]


def test_passage_vectors_come_in_blocks(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedder.store.snapshot._BLOCK", 1)
    with filled.snapshot() as snapshot:
        blocks = list(snapshot.passage_vectors(MODEL, DIM))
    assert [len(each) for each in blocks] == [1, 1]
    np.testing.assert_array_equal(blocks[1][0], vectors_for(2).passage)


def test_a_passages_id_is_never_used_again(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        before, _ = writer.passages()
        for _, document in writer.rows():
            writer.remove_document(document.id)
        row = writer.put_document(BARE)
        passage = a_passage("Other words. And more.")
        writer.put_passages(row, [(passage, content_hash(passage))])
        after, _ = writer.passages()
    assert after.min() > before.max()


def test_sentences_come_back_in_order_with_their_vectors(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        spans = snapshot.spans([2, 1])
        vectors = dict(snapshot.sentence_vectors(MODEL, DIM))
        ids, documents = snapshot.passages()
        some = dict(snapshot.sentence_vectors(MODEL, DIM, [int(ids[1])]))
    assert spans[2] == [Span("abstract", 0, 10), Span("abstract", 10, 21)]
    assert set(spans) == {1, 2}
    assert list(vectors) == ids.tolist()
    own = vectors[int(ids[documents.tolist().index(2)])]
    assert own.shape == (2, DIM)
    np.testing.assert_allclose(own, vectors_for(2).sentences, atol=1e-3)
    assert list(some) == [ids[1]]


def test_the_manifest_comes_back_as_it_was_written(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.generation() == 1
        assert snapshot.manifest(1) == MANIFEST


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


def test_a_removed_document_takes_its_passages_along(filled: Store) -> None:
    with filled.writing() as writer:
        with writer.transaction():
            assert writer.remove_document("lebanon") == 1
        assert writer.passages()[1].tolist() == [2]


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


def test_an_unknown_id_is_named(filled: Store) -> None:
    with pytest.raises(DocumentNotFound) as caught, filled.snapshot() as snapshot:
        snapshot.row_of("no-such")
    assert caught.value.message == (
        "no document has the id 'no-such'. "
        "'fingerpost documents' and GET /api/documents list them all."
    )


# BUG: an id with half a surrogate (`fingerpost similar $'\xff'`) ends in UnicodeEncodeError.
def test_an_id_that_is_no_valid_text_is_not_found(filled: Store) -> None:
    with pytest.raises(DocumentNotFound), filled.snapshot() as snapshot:
        snapshot.row_of("\udcff")


# Whole or not at all.


def test_there_is_no_library_before_the_first_build(store: Store) -> None:
    with pytest.raises(LibraryMissing) as caught, store.snapshot():
        pass
    assert caught.value.message == (
        f"there is no library in {str(store.folder)!r} yet. Build it: fingerpost index"
    )
    assert not store.folder.exists()


def test_a_library_without_a_generation_is_empty(store: Store) -> None:
    with store.writing():
        pass
    with store.snapshot() as snapshot:
        assert snapshot.generation() == 0
        with pytest.raises(LibraryMissing, match="the library is empty"):
            snapshot.manifest(0)


# BUG: a build that is cut off between making the file and making its tables (or one that is
# just there) shows as "schema version is 0 … delete the vectors folder", and `serve`, which
# builds where LibraryMissing is raised, gives up.
def test_a_database_without_tables_is_no_library_yet(store: Store) -> None:
    store.folder.mkdir()
    connect(store.path).close()
    with pytest.raises(LibraryMissing), store.snapshot() as snapshot:
        snapshot.manifest(snapshot.generation())


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


def test_kept_vectors_outlive_a_failed_build(filled: Store) -> None:
    def fail() -> None:
        with filled.writing() as writer:
            writer.keep_vectors([b"\x01" * 32], MODEL, [vectors_for(9)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with filled.writing() as writer:
        assert writer.sound_vectors([b"\x01" * 32], MODEL) == {b"\x01" * 32}


def test_a_reader_sees_the_state_that_it_began_with(filled: Store) -> None:
    reader = Store(filled.folder)
    with reader.snapshot() as snapshot:
        assert snapshot.count() == 2
        with filled.writing() as writer, writer.transaction():
            writer.remove_document("other")
        assert snapshot.count() == 2
        assert snapshot.by_key(["other"])["other"].title == "Another"
    with reader.snapshot() as snapshot:
        assert snapshot.count() == 1


def test_a_reader_sees_nothing_of_an_open_transaction(filled: Store) -> None:
    with filled.writing() as writer, writer.transaction():
        writer.put_document(BARE)
        with Store(filled.folder).snapshot() as snapshot:
            assert snapshot.count() == 2
        assert writer.count() == 3


def test_many_threads_read_at_once(filled: Store) -> None:
    def read(_: int) -> list[int]:
        counts = []
        for _ in range(20):
            with filled.snapshot() as snapshot:
                counts.append(len(snapshot.rows()))
        return counts

    assert in_threads(8, read) == [[2] * 20] * 8


def test_connections_are_as_many_as_read_at_once(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def open_one(path: Path) -> sqlite3.Connection:
        opened.append(path)
        return connect(path)

    def read(_: int) -> int:
        with filled.snapshot() as snapshot:
            return snapshot.count()

    monkeypatch.setattr(store_room, "connect", open_one)
    for _ in range(5):  # each in a thread of its own
        assert in_threads(1, read) == [2]
    assert len(opened) == 1
    with filled.snapshot() as outer, filled.snapshot() as inner:
        assert outer.count() == inner.count() == 2
    assert len(opened) == 2
    assert in_threads(2, read) == [2, 2]
    assert len(opened) == 2


def test_a_connection_whose_reader_met_an_error_is_lent_again(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ZeroDivisionError), filled.snapshot():
        raise ZeroDivisionError
    monkeypatch.delattr(store_room, "connect")
    with filled.snapshot() as snapshot:
        assert snapshot.count() == 2


def test_no_connection_to_a_deleted_library_stays_open(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []

    def open_one(path: Path) -> sqlite3.Connection:
        opened.append(connect(path))
        return opened[-1]

    monkeypatch.setattr(store_room, "connect", open_one)
    with filled.snapshot(), filled.snapshot():
        pass
    with filled.snapshot() as old:  # the other is idle
        shutil.rmtree(filled.folder)
        with Store(filled.folder).writing() as writer, writer.transaction():
            writer.add_generation(1, replace(MANIFEST, documents=0, passages=0))
        opened.pop()  # the writer's
        with filled.snapshot() as new:
            assert (old.count(), new.count()) == (2, 0)
    *gone, kept = opened
    assert len(gone) == 2
    for each in gone:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            each.execute("SELECT 1")
    assert kept.execute("SELECT 1").fetchone() == (1,)


# BUG: a connection is kept for the next reader, so a server goes on with a deleted file.
# Our own message tells people to delete the vectors folder and build again.
def test_a_library_that_is_deleted_and_built_again_is_read_anew(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.count() == 2
    shutil.rmtree(filled.folder)
    with Store(filled.folder).writing() as writer, writer.transaction():
        writer.put_document(BARE)
        writer.add_generation(1, replace(MANIFEST, documents=1, passages=0))
    with filled.snapshot() as snapshot:
        assert [each.id for each in snapshot.page(-1, 0)] == ["bare"]


def test_a_commit_survives_a_loss_of_power(filled: Store) -> None:
    connection = connect(filled.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


# One writer.


def test_a_second_writer_is_told_to_wait(store: Store) -> None:
    with store.writing(), pytest.raises(LibraryBusy) as caught, Store(store.folder).writing():
        pass
    assert caught.value.message == (
        f"another build is writing to {str(store.folder)!r}. Wait for it to end."
    )
    with store.writing():  # and it may, once the first has ended
        pass


def test_a_writer_in_another_process_is_noticed(store: Store) -> None:
    with store.writing():
        script = (
            "import sys; from pathlib import Path\n"
            "from embedder.errors import LibraryBusy\n"
            "from embedder.store.database import Store\n"
            "try:\n"
            "    Store(Path(sys.argv[1])).writing().__enter__()\n"
            "except LibraryBusy:\n"
            "    sys.exit(77)\n"
        )
        command = [sys.executable, "-c", script, str(store.folder)]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 77


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_network_file_system_is_refused(
    store: Store, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mount = namedtuple("mount", "mountpoint fstype")
    parent = str(store.folder.parent)
    mounts = [mount("/", "ext4"), mount(parent, kind)]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)  # noqa: ARG005
    with pytest.raises(LibraryError) as caught, store.writing():
        pass
    assert caught.value.message == (
        f"{store.folder} lies on a network file system ({kind}), where SQLite's "
        "write-ahead log is unsafe. Give a folder on a local disk: --vectors DIR"
    )
    assert not store.path.exists()


def test_a_local_disk_below_a_network_mount_is_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = namedtuple("mount", "mountpoint fstype")
    mounts = [mount("/", "nfs"), mount(str(store.folder.parent), "ext4")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)  # noqa: ARG005
    with store.writing() as writer:
        assert writer.count() == 0


# Damage.


def read_all(store: Store) -> None:
    with store.snapshot() as snapshot:
        snapshot.manifest(1)
        snapshot.rows()
        list(snapshot.passage_vectors(MODEL, DIM))
        snapshot.spans([1, 2])
        list(snapshot.sentence_vectors(MODEL, DIM))


def problems(store: Store) -> list[str]:
    with store.snapshot() as snapshot:
        return snapshot.verify(MANIFEST)


def test_a_sound_library_has_no_problems(filled: Store) -> None:
    read_all(filled)
    assert problems(filled) == []


DAMAGE = {
    "record": (
        "UPDATE documents SET record = replace(record, '2013', '2014') WHERE key = 'lebanon'",
        "a document does not match its checksum",
        "document 'lebanon' does not match its checksum",
    ),
    "passage vector": (
        "UPDATE vectors SET vector = zeroblob(32)"
        " WHERE content = (SELECT content FROM passages WHERE id = 2)",
        "a passage vector of document row 2 does not match its checksum",
        "a vector of document 'other' does not match its checksum",
    ),
    "sentence vectors": (
        "UPDATE sentences SET vectors = zeroblob(32)"
        " WHERE content = (SELECT content FROM passages WHERE id = 2)",
        "the sentence vectors of document row 2 does not match its checksum",
        "a vector of document 'other' does not match its checksum",
    ),
    "a vector gone": (
        "DELETE FROM vectors WHERE content = (SELECT content FROM passages WHERE id = 1)",
        "a passage of document row 1 has no vector. Build the library again: fingerpost index",
        "a passage of document 'lebanon' has no vector",
    ),
    "a passage of other content": (
        "UPDATE passages SET content = zeroblob(32) WHERE id = 1",
        "a passage of document row 1 has no vector. Build the library again: fingerpost index",
        "a passage of document 'lebanon' has no vector",
    ),
}


@pytest.mark.parametrize(("statement", "message", "_"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed_when_it_is_read(
    filled: Store, statement: str, message: str, _: str
) -> None:
    run_sql(filled.folder, statement)
    with pytest.raises(LibraryDamaged) as caught:
        read_all(filled)
    assert caught.value.message.startswith(message)
    assert "fingerpost index" in caught.value.message


@pytest.mark.parametrize(("statement", "_", "problem"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named_by_verify(filled: Store, statement: str, _: str, problem: str) -> None:
    run_sql(filled.folder, statement)
    assert problem in problems(filled)


def test_a_checksum_error_shows_both_checksums(filled: Store) -> None:
    run_sql(filled.folder, "UPDATE documents SET record = '{}', sha256 = x'00ff' WHERE id = 1")
    with pytest.raises(LibraryDamaged) as caught:
        read_all(filled)
    # SHA-256 of "{}".
    found = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert caught.value.message == (
        f"a document does not match its checksum (stored 00ff, found {found}). "
        "'fingerpost status --verify' names all; mend them with: fingerpost index"
    )


def test_a_changed_manifest_is_noticed(filled: Store) -> None:
    run_sql(filled.folder, "UPDATE generations SET manifest = replace(manifest, 'a-', 'b-')")
    with pytest.raises(LibraryDamaged, match=r"^the manifest of generation 1 does not match"):
        read_all(filled)


def test_a_missing_row_is_counted_by_verify(filled: Store) -> None:
    run_sql(filled.folder, "DELETE FROM passages WHERE id = 1")
    assert problems(filled) == ["the manifest counts 2 passages, the database 1"]


# BUG: a passage's row has no checksum, so these go unnoticed: evidence would quote other words
# than the ones that fit, or the wrong document would be found. (DESIGN.md, decision 3: "documents,
# passages and one vector …, each row with its own SHA-256".)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE passages SET spans = replace(spans, ',0,10', ',3,10') WHERE id = 1",
        "UPDATE passages SET spans = '[[' WHERE id = 1",
        "UPDATE passages SET document = 2 WHERE id = 1",
    ],
    ids=["other places", "no JSON", "other document"],
)
def test_a_changed_passage_row_is_named_by_verify(filled: Store, statement: str) -> None:
    run_sql(filled.folder, statement)
    assert problems(filled)


# BUG: the same for the id under which a document is found: it is not compared with the record.
def test_a_changed_id_is_named_by_verify(filled: Store) -> None:
    run_sql(filled.folder, "UPDATE documents SET key = 'another-id' WHERE id = 1")
    assert problems(filled)


def test_sound_vectors_leaves_out_the_damaged(filled: Store) -> None:
    contents = [
        content_hash(a_passage(text)) for text in ("About Lebanon. It is.", "About another. It is.")
    ]
    run_sql(filled.folder, DAMAGE["passage vector"][0])
    with filled.writing() as writer:
        assert writer.sound_vectors(contents, MODEL) == {contents[0]}
        assert [each.id for each in writer.without_sound_vectors(MODEL)] == ["other"]


def close_and_cut(store: Store, kept: int) -> None:
    """Leave only the beginning of the database file, and no write-ahead log."""
    connection = sqlite3.connect(store.path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    store.path.write_bytes(store.path.read_bytes()[:kept])


# BUG: what SQLite says while the file is opened for reading comes through as
# sqlite3.DatabaseError ("file is not a database"): `fingerpost status` ends in a traceback.
@pytest.mark.parametrize("content", [b"no database at all " * 500, None], ids=["garbage", "cut"])
def test_a_broken_file_is_damage_to_a_reader(filled: Store, content: bytes | None) -> None:
    if content is None:
        close_and_cut(filled, 5000)
    else:
        filled.path.write_bytes(content)
    with pytest.raises(LibraryDamaged, match="Move it away and build the library again"):
        read_all(Store(filled.folder))


def test_a_broken_file_is_damage_to_a_writer(filled: Store) -> None:
    filled.path.write_bytes(b"no database at all " * 500)
    with pytest.raises(LibraryDamaged) as caught, filled.writing():
        pass
    assert caught.value.message == (
        f"{filled.path} is damaged (file is not a database). Move it away and build the library "
        "again: fingerpost index"
    )


def test_another_schema_shows_both_versions(filled: Store) -> None:
    run_sql(filled.folder, "PRAGMA user_version = 99")
    with pytest.raises(LibraryMismatch) as caught, filled.snapshot():
        pass
    assert (caught.value.stored, caught.value.wanted) == (99, 2)
    assert caught.value.message == (
        "the library's schema version is 99, but 2 is needed. "
        "Delete the vectors folder and build the library again: fingerpost index"
    )


def test_nothing_but_the_database_and_its_lock_is_written(filled: Store) -> None:
    names = {each.name for each in filled.folder.rglob("*")}
    assert "library.sqlite" in names
    assert names <= {"library.sqlite", "library.sqlite-wal", "library.sqlite-shm", "build.lock"}
