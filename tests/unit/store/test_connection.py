"""Opening the file: durable, of our schema, on a local disk, and its damage named as damage."""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from embedder.errors import LibraryDamaged, LibraryError, LibraryMismatch
from embedder.store.connection import (
    SCHEMA_VERSION,
    check_schema,
    connect,
    create_schema,
    damage_named,
    has_tables,
    map_into_memory,
    refuse_network_file_system,
)
from embedder.store.database import Store
from tests.conftest import run_sql
from tests.support.stored import read_all


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a new file without tables."""
    with closing(connect(tmp_path / "new.sqlite")) as opened:
        yield opened


# Opening.


def test_a_commit_survives_a_loss_of_power(filled: Store) -> None:
    connection = connect(filled.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    connection.close()


def test_a_passage_cannot_name_a_document_that_is_not_there(
    connection: sqlite3.Connection,
) -> None:
    create_schema(connection)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute("INSERT INTO passages VALUES (1, 99, x'00', '[]', '', x'00')")


def test_a_reader_maps_the_file_into_memory(connection: sqlite3.Connection) -> None:
    assert connection.execute("PRAGMA mmap_size").fetchone() == (0,)
    map_into_memory(connection)
    assert connection.execute("PRAGMA mmap_size").fetchone() == (0x7FFF0000,)


# The schema.


def test_a_new_database_gets_every_table_and_the_version(connection: sqlite3.Connection) -> None:
    assert not has_tables(connection)
    create_schema(connection)
    assert has_tables(connection)
    found = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    assert {name for (name,) in found} == {
        *("sources", "documents", "entries", "passages"),
        *("vectors", "sentences", "texts", "generations"),
    }
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    check_schema(connection)


def test_a_database_with_tables_is_left_as_it_is(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE another (value)")
    create_schema(connection)
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("another",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_another_schema_version_is_refused_with_both_numbers(filled: Store) -> None:
    run_sql(filled.folder, "PRAGMA user_version = 99")
    with pytest.raises(LibraryMismatch) as caught, filled.snapshot():
        pass
    assert (caught.value.stored, caught.value.wanted) == (99, 3)
    assert caught.value.message == (
        "the library's schema version is 99, but 3 is needed. "
        "Delete the vectors folder and build the library again: fingerpost index"
    )


@pytest.mark.parametrize("version", [0, 1, 2, 4])
def test_an_older_and_a_newer_schema_are_refused(
    connection: sqlite3.Connection, version: int
) -> None:
    create_schema(connection)
    connection.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(LibraryMismatch) as caught:
        check_schema(connection)
    assert (caught.value.stored, caught.value.wanted) == (version, SCHEMA_VERSION)


def test_a_writer_leaves_a_library_of_another_schema_alone(filled: Store) -> None:
    run_sql(filled.folder, "PRAGMA user_version = 1")
    with pytest.raises(LibraryMismatch, match="the library's schema version is 1, but 3 is needed"):
        filled.writing().__enter__()
    with closing(sqlite3.connect(filled.path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM documents").fetchone() == (2,)


# The disk.


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


def test_a_link_into_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "near").symlink_to(tmp_path / "far")
    mount = namedtuple("mount", "mountpoint fstype")
    mounts = [mount("/", "ext4"), mount(str((tmp_path / "far").resolve()), "nfs")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)  # noqa: ARG005
    with pytest.raises(LibraryError, match=r"lies on a network file system \(nfs\)"):
        refuse_network_file_system(tmp_path / "near" / "vectors")
    refuse_network_file_system(tmp_path / "vectors")


def test_a_folder_below_no_known_mount_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [])  # noqa: ARG005
    refuse_network_file_system(tmp_path)


# Damage.


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


def test_an_error_that_is_no_damage_is_not_called_damage(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with pytest.raises(LibraryError) as caught, damage_named(path):
        raise sqlite3.OperationalError("disk I/O error")
    assert type(caught.value) is LibraryError
    assert caught.value.message == f"{path}: disk I/O error"
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.mkdir()
    with pytest.raises(LibraryError) as caught, damage_named(path):
        connect(path)
    assert caught.value.message == f"{path}: unable to open database file"


def test_the_errors_of_others_pass(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), damage_named(tmp_path):
        raise ZeroDivisionError
