"""Open the database file, check its schema, and turn SQLite's errors into ours."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from embedder.errors import LibraryDamaged, LibraryError, LibraryMismatch

DATABASE = "library.sqlite"
SCHEMA_VERSION = 3

_MOST_MAPPED = 0x7FFF0000  # bytes; SQLite maps no more

# SQLite's write-ahead log needs shared memory between processes, which these do not give.
_NETWORK_FILE_SYSTEMS = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs"}
    | {"lustre", "nfs", "nfs4", "smb3", "smbfs"}
)


def connect(path: Path) -> sqlite3.Connection:
    """Open the database so that a commit survives a loss of power."""
    # A connection is used by one thread after another.
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    # Pages large enough for the sentence vectors of one abstract.
    connection.execute("PRAGMA page_size = 16384")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def map_into_memory(connection: sqlite3.Connection) -> None:
    """Map the file into memory, so that the hundreds of pages a question reads are not copied."""
    connection.execute(f"PRAGMA mmap_size = {_MOST_MAPPED}")


def create_schema(connection: sqlite3.Connection) -> None:
    """Create the tables in a new database; leave a database with tables as it is."""
    if has_tables(connection):
        return
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
    )


def has_tables(connection: sqlite3.Connection) -> bool:
    """Return whether the database has tables: whether a build has begun to fill it."""
    return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise LibraryMismatch if another version of the schema made the database."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != SCHEMA_VERSION:
        raise LibraryMismatch(
            "schema version",
            found,
            SCHEMA_VERSION,
            "Delete the vectors folder and build the library again: fingerpost index",
        )


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into LibraryError, those of a damaged file into LibraryDamaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LibraryError(f"{path}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise LibraryDamaged(
            f"{path} is damaged ({error}). Move it away and build the library again: "
            "fingerpost index"
        ) from error


def refuse_network_file_system(folder: Path) -> None:
    """Raise LibraryError if a folder lies where the write-ahead log is unsafe."""
    where = folder.resolve()
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    for place in (where, *where.parents):
        if place in mounts:
            if mounts[place] in _NETWORK_FILE_SYSTEMS:
                raise LibraryError(
                    f"{folder} lies on a network file system ({mounts[place]}), where SQLite's "
                    "write-ahead log is unsafe. Give a folder on a local disk: --vectors DIR"
                )
            return
