"""The library's database: one writer, and any number of readers, each on a snapshot.

A row is checked against its own SHA-256 whenever it is read. A reader sees one state of the
library: a build that switches the generation meanwhile does not show in it.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from embedder.errors import LibraryBusy, LibraryMissing
from embedder.store.connection import (
    DATABASE,
    check_schema,
    connect,
    create_schema,
    damage_named,
    has_tables,
    map_into_memory,
    refuse_network_file_system,
)
from embedder.store.snapshot import Snapshot
from embedder.store.writer import Writer


class Store:
    """The database in one vectors folder, for reading from many threads and writing from one."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is opened or made yet."""
        self.folder = folder
        # Idle connections, each with the device and inode of the file it was opened on.
        self._idle: deque[tuple[tuple[int, int], sqlite3.Connection]] = deque()

    @property
    def path(self) -> Path:
        """Where the database lies."""
        return self.folder / DATABASE

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[1].close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Read one consistent state of the library.

        Raises LibraryMissing if there is none, LibraryMismatch if another version made it.
        """
        identity = self._identity()
        if identity is None:
            raise LibraryMissing(
                f"there is no library in {str(self.folder)!r} yet. Build it: fingerpost index"
            )
        with damage_named(self.path):
            connection = self._connection(identity)
            connection.execute("BEGIN")
            try:
                if not has_tables(connection):
                    raise LibraryMissing("the library is empty. Build it: fingerpost index")
                check_schema(connection)
                yield Snapshot(connection)
            finally:
                connection.rollback()
                self._give_back(identity, connection)

    def _identity(self) -> tuple[int, int] | None:
        """Return the device and inode of the file at the path, None if there is none."""
        try:
            file = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return file.st_dev, file.st_ino

    def _connection(self, identity: tuple[int, int]) -> sqlite3.Connection:
        """Return a connection to the file: the idle one used last (its cache is warm) or a new one.

        Idle connections to a file that has been replaced are closed.
        """
        with suppress(IndexError):
            while True:
                of, connection = self._idle.pop()
                if of == identity:
                    return connection
                connection.close()
        connection = connect(self.path)
        map_into_memory(connection)
        return connection

    def _give_back(self, of: tuple[int, int], connection: sqlite3.Connection) -> None:
        """Keep a connection for the next reader, unless its file was deleted meanwhile."""
        if of == self._identity():
            self._idle.append((of, connection))
        else:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Become the only writer; make the folder and an empty database if there is none.

        Raises LibraryBusy if another process writes, LibraryError on a network file system.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        refuse_network_file_system(self.folder)
        lock = FileLock(self.folder / "build.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LibraryBusy(
                f"another build is writing to {str(self.folder)!r}. Wait for it to end."
            ) from error
        try:
            with damage_named(self.path):
                connection = connect(self.path)
                try:
                    create_schema(connection)
                    check_schema(connection)
                    yield Writer(connection)
                finally:
                    connection.close()
        finally:
            lock.release()
