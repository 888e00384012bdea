"""CSV tables (RFC 4180): ours, and those that Excel, Zotero and other programs write.

Read with the separator, a comma, a semicolon or a tab, that makes most of the first line. Columns
are known by name, in any order and case:

| of a document | columns |
|---|---|
| each of its own | as our JSON names it: `id`, `title`, `abstract`, `authors`, `year`, … |
| id | `_id` |
| abstract | `text` |
| authors | `author`: as reference managers write them, `Last, First` is turned round |
| year | `publication year`, `date` |
| topics | `topic`, `keywords`, `keyword`, `tags` |
| countries, country_codes, regions, sources | `country`, `country code`, `region`, `source files` |

Several values in a cell stand between semicolons, see `delimited`. Any other column is an error,
so that none is lost unseen. But of Zotero's export (it has `Key` and `Item Type`), which has some
90, only the title, abstract, authors or else editors, year and tags are read; its key is not
taken as an id, for the same document has another one in each library.

Written with a row a document and columns named as the keys of our JSON. The file begins with a
byte order mark: without it Excel takes UTF-8 for another encoding, and Arabic or accented text is
garbled.

A spreadsheet takes a cell that begins with one of `STARTERS` for a formula and runs it, so an
apostrophe is put before it (https://owasp.org/www-community/attacks/CSV_Injection). To tell these
from cells that had one already, an apostrophe is put before those that begin with apostrophes and
then such a character too: the reader takes one off there, and nowhere else.
"""

from __future__ import annotations

import csv
import io
import re
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

# What a person looks for first stands to the left.
_LEFT = ("id", "title", "abstract", "authors", "year", "topics")
COLUMNS = (*_LEFT, *(name for name in DOCUMENT_FIELDS if name not in _LEFT))

STARTERS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # the last four are the wide forms

_FORMULA = re.compile(f"'*[{re.escape(STARTERS)}]")

_DEFUSED = re.compile(f"'+[{re.escape(STARTERS)}]")

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
# Columns whose names a reference manager wrote, last name first.
_TURNED = frozenset({"author", "editor"})
_SEPARATORS = ",;\t"
# Excel's own way to say what separates the cells, in a line before the table.
_SAID = re.compile(r"\"?sep=([,;|\t])\"?\r?\n?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Column:
    at: int
    header: str
    name: str


def read(path: Path) -> Iterator[Entry]:
    """Read every row of a table, in order; rows of empty cells are passed over.

    Raises SourceError, with file and line, for a column that is not known, a row with more or
    fewer cells than the first, quotation marks that do not match, and values that cannot be.
    """
    text = _text(path)
    header, *rows = _rows(path, text, _separator(text)) or [_Row(1, ())]
    if not rows:
        raise SourceError(path, header.line, "the table has no row under the names of its columns")
    columns = _columns(path, header)
    for row in rows:
        if len(row.cells) != len(header.cells):
            problem = (
                f"the row that begins here has {len(row.cells)} cells, and the first line names "
                f"{len(header.cells)} columns. Put a cell with a separator in quotation marks"
            )
            raise SourceError(path, row.line, problem)
        yield Entry(_document(path, row, columns), path, row.line)


def _text(path: Path) -> str:
    """Give the file's text with its line ends as they are: in a cell they are content."""
    read_text(path)  # Its checks, and what it says of a file that is empty or not UTF-8.
    with path.open(encoding="utf-8-sig", newline="") as file:
        return file.read()


def _separator(text: str) -> str:
    """Give the separator by which most of the first line's cells are names of columns."""
    said = _SAID.match(text)
    if said:
        return said[1]

    def known(separator: str) -> tuple[int, int]:
        try:
            names: list[str] = next(_parsed(text, separator), [])
        except csv.Error:
            return 0, 0
        return sum(_plain(name) in {**_ALIASES, **_ZOTERO} for name in names), len(names)

    with _cells_of(len(text)):
        return max(_SEPARATORS, key=known)


def _parsed(text: str, separator: str) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


@contextmanager
def _cells_of(characters: int) -> Iterator[None]:
    """Let the csv module read cells of so many characters; its own limit is 131,072."""
    before = csv.field_size_limit(max(characters, 131_072))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _rows(path: Path, text: str, separator: str) -> list[_Row]:
    """Give all rows that have a cell with something in it."""
    rows: list[_Row] = []
    parsed = _parsed(text, separator)
    line = 1
    with _cells_of(len(text)):
        try:
            for cells in parsed:
                if any(cell.strip() for cell in cells) and not (line == 1 and _SAID.match(text)):
                    rows.append(_Row(line, cells))
                line = parsed.line_num + 1
        except csv.Error as error:
            problem = (
                f"the row that begins here cannot be read: {error}. A cell in quotation marks has "
                "them doubled inside, and a separator after it"
            )
            raise SourceError(path, line, problem) from error
    return rows


def _columns(path: Path, header: _Row) -> list[_Column]:
    """Give the columns that are read, with the document's name for each."""
    plain = [_plain(cell) for cell in header.cells]
    zotero = {"key", "item type"} <= set(plain)
    names = _ZOTERO if zotero else _ALIASES
    columns: list[_Column] = []
    for at, name in enumerate(plain):
        if name in names:
            columns.append(_Column(at, name, names[name]))
        elif not zotero:
            raise SourceError(path, header.line, _unknown(header.cells[at], at))
    for column in columns:
        same = [header.cells[each.at] for each in columns if each.name == column.name]
        if len(same) > 1 and not zotero:
            problem = f"the columns {same} are both {column.name!r}; keep one of them"
            raise SourceError(path, header.line, problem)
    return columns


def _unknown(cell: str, at: int) -> str:
    known = ", ".join(COLUMNS)
    name = f"column {cell.strip()!r}" if cell.strip() else f"column {at + 1} without a name"
    return f"unknown {name}; rename it or take it out. Known columns: {known}"


def _plain(header: str) -> str:
    return " ".join(re.split(r"[\s_-]+", header.casefold())).strip()


def _document(path: Path, row: _Row, columns: Sequence[_Column]) -> Document:
    found: dict[str, Any] = {}
    for column in columns:
        cell = restore(row.cells[column.at])
        if column.name in _LISTS:
            found[column.name] = tuple(
                dict.fromkeys((*found.get(column.name, ()), *_list(cell, column)))
            )
        elif column.name == "year":
            found["year"] = found.get("year") or _year(path, row, cell)
        elif cell or column.name not in {"id", "category"}:
            found[column.name] = cell
    editors = found.pop("editors", ())
    found["authors"] = found.get("authors") or editors
    return check(path, row.line, found)


def _list(cell: str, column: _Column) -> tuple[str, ...]:
    values = split(cell)
    if column.header in _TURNED:
        return tuple(filter(None, map(name_in_order, values)))
    return values


def _year(path: Path, row: _Row, cell: str) -> int | None:
    try:
        return year_in(cell)
    except ValueError as error:
        raise SourceError(path, row.line, f"year: {error}") from error


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
