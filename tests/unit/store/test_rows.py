"""Rows: what is stored, to the byte, that changes are noticed, and queries over many values."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from embedder.errors import LibraryDamaged
from embedder.records import Document
from embedder.store.database import Store
from embedder.store.rows import (
    check,
    damaged,
    passage_sha256,
    select_in,
    sha256_of,
    to_document,
    to_json,
    vector_columns,
)
from embedder.vectors import PassageVectors
from tests.conftest import run_sql
from tests.support.stored import LEBANON, read_all

# Checksums are those of sha256sum: `printf TEXT | sha256sum`.
NOTHING = "1785cfc3bc6ac7738e8b38cdccd1af12563c2b9070e07af336a1bf8c0f772b6a"  # of "nothing"
ID_A = "8489a5deb454a360345c7868bca8672de92b446caf3d3b014af6a56e3d549d30"  # of {"id":"a"}
ID_E = "76be78880f84a68f495ae2953e3c560e99b5b456064e0b75cd939c3c2f05fb95"  # of {"id":"é"}


# Checksums.


def test_a_checksum_is_that_of_sha256sum() -> None:
    assert sha256_of(b"nothing").hex() == NOTHING


def test_the_checksum_of_a_passage_is_of_its_document_content_spans_and_reader() -> None:
    # printf '7 abc [["title",0,4]] a/b' | sha256sum
    known = "495f06634607fbe39538a7028b6b149afead7c851d3d3a34d700779696049ded"
    assert passage_sha256(7, b"abc", '[["title",0,4]]', "a/b").hex() == known


def test_what_matches_its_checksum_passes() -> None:
    check(b"nothing", bytes.fromhex(NOTHING), "a row")


def test_what_does_not_match_is_shown_with_both_checksums() -> None:
    with pytest.raises(LibraryDamaged) as caught:
        check(b"nothing", bytes.fromhex(ID_A), "a row")
    assert caught.value.message == (
        f"a row does not match its checksum (stored {ID_A}, found {NOTHING}). "
        "'fingerpost status --verify' names all; mend them with: fingerpost index"
    )


def test_the_error_of_a_damaged_row_says_which_checksum_is_stored_and_which_found() -> None:
    error = damaged("a row", b"\x01\x02", b"\xfe\xff")
    assert error.message.startswith("a row does not match its checksum (stored 0102, found feff). ")


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


# What is stored.


def test_json_is_short_and_keeps_all_characters() -> None:
    assert to_json({"id": "é😀", "all": [1, None, "a b"]}) == '{"id":"é😀","all":[1,null,"a b"]}'


def test_a_document_is_made_from_its_record() -> None:
    record = to_json(LEBANON.as_dict())
    assert to_document(record, sha256_of(record.encode())) == LEBANON


def test_the_lists_of_a_record_are_tuples_in_a_document() -> None:
    record = '{"id":"a","title":"","abstract":"","topics":["T","U"]}'
    found = to_document(record, sha256_of(record.encode()))
    assert found == Document(id="a", title="", abstract="", topics=("T", "U"))


def test_a_changed_record_shows_both_checksums() -> None:
    with pytest.raises(LibraryDamaged) as caught:
        to_document('{"id":"a"}', bytes.fromhex(ID_E))
    assert caught.value.message == (
        f"a document does not match its checksum (stored {ID_E}, found {ID_A}). "
        "'fingerpost status --verify' names all; mend them with: fingerpost index"
    )


def test_vectors_are_stored_little_endian_of_4_and_of_2_bytes() -> None:
    passage = np.array([0.6, -0.8], dtype=np.float32)
    sentences = np.array([[1, 0], [0.28125, -0.96]], dtype=np.float32)
    assert vector_columns(PassageVectors(passage, sentences)) == (
        struct.pack("<2f", 0.6, -0.8),
        struct.pack("<4e", 1, 0, 0.28125, -0.96),
    )


# Queries over many values.


@pytest.fixture
def numbers() -> Iterator[sqlite3.Connection]:
    """A table of the numbers from 0 to 1999, each of the kind 'even' or 'odd'."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE numbers (n INTEGER PRIMARY KEY, kind TEXT)")
        rows = [(n, "odd" if n % 2 else "even") for n in range(2000)]
        connection.executemany("INSERT INTO numbers VALUES (?, ?)", rows)
        yield connection


@pytest.mark.parametrize(
    ("count", "queries"), [(0, 0), (1, 1), (499, 1), (500, 1), (501, 2), (1000, 2), (1201, 3)]
)
def test_each_query_asks_for_at_most_500_values(
    numbers: sqlite3.Connection, count: int, queries: int
) -> None:
    made: list[str] = []
    numbers.set_trace_callback(made.append)
    found = select_in(numbers, "SELECT n FROM numbers WHERE n IN ({})", range(count))
    assert [n for (n,) in found] == list(range(count))
    assert len(made) == queries


def test_the_values_before_are_given_to_every_query(numbers: sqlite3.Connection) -> None:
    sql = "SELECT n FROM numbers WHERE kind = ? AND n > ? AND n IN ({})"
    found = select_in(numbers, sql, range(1201), "odd", 100)
    assert [n for (n,) in found] == list(range(101, 1201, 2))


def test_values_that_are_not_there_are_left_out(numbers: sqlite3.Connection) -> None:
    sql = "SELECT n, kind FROM numbers WHERE n IN ({})"
    assert list(select_in(numbers, sql, [5000, 3, -1, *range(3000, 3600), 4])) == [
        (3, "odd"),
        (4, "even"),
    ]
    assert list(select_in(numbers, sql, [5000])) == []
