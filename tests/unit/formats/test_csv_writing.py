"""CSV, checked with Python's csv module."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from embedder.formats.csv_table import COLUMNS, STARTERS, defuse, restore
from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written


def rows(*documents: Document) -> list[dict[str, str]]:
    """Read as a spreadsheet would: with the mark that says UTF-8."""
    text = written("csv", *documents).encode().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_table_stands_so() -> None:
    assert written("csv", PLAIN).encode() == (
        b"\xef\xbb\xbfid,title,abstract,authors,year,topics,"
        b"countries,country_codes,regions,category,sources\r\n"
        b"health-mekong,Health & Human Trafficking,"
        b'"A study.\nIn 50% of cases: \xe2\x80\x9ccare\xe2\x80\x9d.",'
        b"C. Zimmerman et al.; International Organization for Migration (IOM),2014,"
        b"Trafficking; Health\\; care,"
        b'"Thailand; Congo, Democratic Republic of the",THA; COD,Asia and the Pacific,'
        b"Reports,000.txt; 004.txt\r\n"
    )


def test_the_csv_module_reads_the_seeds() -> None:
    documents = seeds()
    for document, row in zip(documents, rows(*documents), strict=True):
        assert tuple(row) == COLUMNS
        assert (row["id"], row["title"]) == (document.id, document.title)
        assert row["abstract"] == document.abstract
        assert row["year"] == str(document.year)
        assert row["countries"].split("; ") == list(document.countries)


def test_the_csv_module_finds_one_row_a_document_whatever_is_in_it() -> None:
    documents = generated(200)
    found = rows(*documents)
    assert [restore(row["id"]) for row in found] == [each.id for each in documents]
    assert [restore(row["abstract"]) for row in found] == [each.abstract for each in documents]
    assert all(None not in row and None not in row.values() for row in found)


def test_no_cell_is_a_formula() -> None:
    odd = [replace(PLAIN, title=f"{start}cmd", topics=(f"{start}x",)) for start in "=+-@\t\r\n＝"]
    for row in rows(*odd, *generated(200)):
        assert not any(cell.startswith(tuple(STARTERS)) for cell in row.values())


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49", "'+49"),
        ("-x", "'-x"),
        ("@SUM", "'@SUM"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("''-", "'''-"),
        ("'tis", "'tis"),
        ("'", "'"),
        ("''x", "''x"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_an_apostrophe_goes_on_and_comes_off(text: str, cell: str) -> None:
    assert defuse(text) == cell
    assert restore(cell) == text
