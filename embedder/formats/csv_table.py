"""CSV tables (RFC 4180): ours, and those that Excel, Zotero and other programs write.

Read with the separator, a comma, a semicolon or a tab, for which most cells of the first line are
known column names. Columns are known by name, in any order and case:

| of a document | columns |
|---|---|
| every field | as our JSON names it: `id`, `title`, `abstract`, `authors`, `year`, … |
| id | `_id` |
| abstract | `text` |
| authors | `author`: as reference managers write them; `Last, First` is put in order |
| year | `publication year`, `date` |
| topics | `topic`, `keywords`, `keyword`, `tags` |
| countries, country_codes, regions, sources | `country`, `country code`, `region`, `source files` |

Several values in a cell are separated by semicolons, see `delimited`. Any other column is an
error, so that none is lost silently. Of Zotero's export, recognised by its columns `Key` and
`Item Type`, only the title, abstract, authors or else editors, year and tags are read, for it has
some 90 columns; its key is not taken as an id, for the same document has another in each library.

Written with one row per document and columns named as the keys of our JSON. The file begins with a
byte order mark: without it Excel takes UTF-8 for another encoding, and Arabic or accented text is
garbled.

A spreadsheet takes a cell that begins with one of `FORMULA_STARTS` for a formula and runs it, so an
apostrophe is put before it (https://owasp.org/www-community/attacks/CSV_Injection). To tell these
cells from those that had an apostrophe already, one is also put before cells that begin with
apostrophes and then such a character: the reader removes one there, and nowhere else.
"""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.formats.delimited import join, split
from embedder.formats.fields import check, name_in_order, year_in
from embedder.records import DOCUMENT_FIELDS, LIST_FIELDS, Document, Entry

# What a person looks for first is on the left.
_LEFT = ("id", "title", "abstract", "authors", "year", "topics")
COLUMNS = (*_LEFT, *(name for name in DOCUMENT_FIELDS if name not in _LEFT))

_ALIASES = {
    **{name.replace("_", " "): name for name in COLUMNS},
    **dict.fromkeys(("publication year", "date"), "year"),
    **dict.fromkeys(("topic", "keywords", "keyword", "tags"), "topics"),
    "text": "abstract",
    "author": "authors",
    "country": "countries",
    "country code": "country_codes",
    "region": "regions",
    "source files": "sources",
}
_ZOTERO = {
    "title": "title",
    "abstract note": "abstract",
    "author": "authors",
    "editor": "editors",
    "publication year": "year",
    "date": "year",
    "manual tags": "topics",
    "automatic tags": "topics",
}
_LISTS = frozenset({*LIST_FIELDS, "editors"})
# Columns of reference managers, which write the last name first.
_LAST_NAME_FIRST = frozenset({"author", "editor"})

_SEPARATORS = ",;\t"
# The line in which Excel may name the separator, before the table.
_SEPARATOR_LINE = re.compile(r"\"?sep=([,;|\t])\"?\r?\n?", re.IGNORECASE)

FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # the last four are the full-width forms
_FORMULA = re.compile(f"'*[{re.escape(FORMULA_STARTS)}]")
_DEFUSED = re.compile(f"'+[{re.escape(FORMULA_STARTS)}]")

_FIELD_SIZE_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    header: str
    name: str


def read(path: Path) -> Iterator[Entry]:
    """Read every row of a table, in order; rows of empty cells are skipped.

    Raises SourceError, with file and line, for an unknown column, a row with more or fewer cells
    than the first, quotation marks that do not match, and values that are not valid.
    """
    text = _text(path)
    header, *rows = _rows(path, text, _separator(text)) or [_Row(1, ())]
    if not rows:
        raise SourceError(path, header.line, "the table has no row below its column names")
    columns = _columns(path, header)
    for row in rows:
        if len(row.cells) != len(header.cells):
            problem = (
                f"the row that begins here has {len(row.cells)} cells, but the first line names "
                f"{len(header.cells)} columns. Put a cell with a separator in quotation marks"
            )
            raise SourceError(path, row.line, problem)
        yield Entry(_document(path, row, columns), path, row.line)


def _text(path: Path) -> str:
    """Return the file's text with its line ends as they are: inside a cell they are content."""
    read_text(path)  # for its errors: a file that is empty or not UTF-8
    with path.open(encoding="utf-8-sig", newline="") as file:
        return file.read()


def _separator(text: str) -> str:
    """Return the separator for which most cells of the first line are known column names."""
    line = _SEPARATOR_LINE.match(text)
    if line:
        return line[1]

    def known(separator: str) -> tuple[int, int]:
        try:
            names: list[str] = next(_parsed(text, separator), [])
        except csv.Error:
            return 0, 0
        return sum(_plain(name) in {**_ALIASES, **_ZOTERO} for name in names), len(names)

    with _field_size_limit(len(text)):
        return max(_SEPARATORS, key=known)


def _parsed(text: str, separator: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


@contextmanager
def _field_size_limit(characters: int) -> Iterator[None]:
    """Let the csv module read cells of so many characters; its own limit is 131,072.

    The limit holds for the whole process, so one file is parsed at a time: another thread could
    otherwise restore the lower limit in the middle of a file.
    """
    with _FIELD_SIZE_LOCK:
        limit = csv.field_size_limit()
        csv.field_size_limit(max(characters, limit))
        try:
            yield
        finally:
            csv.field_size_limit(limit)


def _rows(path: Path, text: str, separator: str) -> list[_Row]:
    """Return all rows that have a cell with text."""
    rows: list[_Row] = []
    parsed = _parsed(text, separator)
    names_separator = bool(_SEPARATOR_LINE.match(text))
    line = 1
    with _field_size_limit(len(text)):
        try:
            for cells in parsed:
                if any(cell.strip() for cell in cells) and not (line == 1 and names_separator):
                    rows.append(_Row(line, cells))
                line = parsed.line_num + 1
        except csv.Error as error:
            problem = (
                f"the row that begins here cannot be read: {error}. Inside a cell in quotation "
                "marks, double them; after it, put a separator"
            )
            raise SourceError(path, line, problem) from error
    return rows


def _columns(path: Path, header: _Row) -> list[_Column]:
    """Return the columns that are read, with the field of a document that each holds."""
    plain = [_plain(cell) for cell in header.cells]
    zotero = {"key", "item type"} <= set(plain)
    names = _ZOTERO if zotero else _ALIASES
    columns: list[_Column] = []
    for index, name in enumerate(plain):
        if name in names:
            columns.append(_Column(index, name, names[name]))
        elif not zotero:
            raise SourceError(path, header.line, _unknown(header.cells[index], index))
    for column in columns:
        same = [header.cells[other.index] for other in columns if other.name == column.name]
        if len(same) > 1 and not zotero:
            problem = f"the columns {same} are both {column.name!r}; keep one of them"
            raise SourceError(path, header.line, problem)
    return columns


def _unknown(cell: str, index: int) -> str:
    known = ", ".join(COLUMNS)
    name = f"column {cell.strip()!r}" if cell.strip() else f"column {index + 1} without a name"
    return f"unknown {name}; rename or remove it. Known columns: {known}"


def _plain(header: str) -> str:
    return " ".join(re.split(r"[\s_-]+", header.casefold())).strip()


def _document(path: Path, row: _Row, columns: Sequence[_Column]) -> Document:
    values: dict[str, Any] = {}
    for column in columns:
        cell = restore(row.cells[column.index])
        if column.name in _LISTS:
            values[column.name] = tuple(
                dict.fromkeys((*values.get(column.name, ()), *_list(cell, column)))
            )
        elif column.name == "year":
            values["year"] = values.get("year") or _year(path, row, cell)
        else:
            values[column.name] = cell
    editors = values.pop("editors", ())
    values["authors"] = values.get("authors") or editors
    return check(path, row.line, values)


def _list(cell: str, column: _Column) -> tuple[str, ...]:
    values = split(cell)
    if column.header in _LAST_NAME_FIRST:
        return tuple(filter(None, map(name_in_order, values)))
    return values


def _year(path: Path, row: _Row, cell: str) -> int | None:
    try:
        return year_in(cell)
    except ValueError as error:
        raise SourceError(path, row.line, f"year: {error}") from error


def restore(cell: str) -> str:
    """Return the text that `defuse` was given."""
    return cell[1:] if _DEFUSED.match(cell) else cell


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as a table, one piece per row, the column names before the first."""
    before = "\ufeff" + _row(COLUMNS)
    for document in documents:
        yield before + _row(_cell(getattr(document, name)) for name in COLUMNS)
        before = ""
    if before:
        yield before


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return defuse(join(value))
    return "" if value is None else defuse(str(value))


def defuse(cell: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
