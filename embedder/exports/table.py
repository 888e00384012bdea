"""Writes CSV (RFC 4180): a row a document, columns named as the keys of our JSON.

The file begins with a byte order mark: without it Excel takes UTF-8 for another encoding, and
Arabic or accented text is spoilt. Lists are joined in one cell, see `joined`.

A spreadsheet takes a cell that begins with one of `STARTERS` for a formula and runs it, so an
apostrophe is put before it (https://owasp.org/www-community/attacks/CSV_Injection). To tell
these from cells that had one already, an apostrophe is put before those that begin with
apostrophes and then such a character too: the reader takes one off there, and nowhere else.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from embedder.exports.joined import join
from embedder.records import Document

COLUMNS = (
    *("id", "title", "abstract", "authors", "year", "topics"),
    *("countries", "country_codes", "regions", "category", "sources"),
)
STARTERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # the last four are the wide forms

_FORMULA = re.compile(f"'*[{re.escape(STARTERS)}]")
_DEFUSED = re.compile(f"'+[{re.escape(STARTERS)}]")


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as a table, a piece a row, the first with the columns' names before it."""
    before = "\ufeff" + _row(COLUMNS)
    for document in documents:
        yield before + _row(_cell(getattr(document, name)) for name in COLUMNS)
        before = ""
    if before:
        yield before


def defuse(cell: str) -> str:
    """Make of a cell's text one that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    """Give back the text that `defuse` was given."""
    return cell[1:] if _DEFUSED.match(cell) else cell


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return defuse(join(value))
    return "" if value is None else defuse(str(value))


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
