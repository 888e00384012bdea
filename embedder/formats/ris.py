"""RIS, the tagged lines that reference managers exchange: ours and those of other programs.

Read from any program's files:

| of a document | tags |
|---|---|
| title | `TI`, `T1`; without them `CT`, `BT` |
| abstract | `AB`, `N2`; where they differ, one below the other |
| authors | `AU`, `A1`; without them the editors `A2`, `ED`; `Last, First` is put in order |
| year | `PY`, `Y1`, `DA`: the first that has one |
| topics | `KW`, one a line |

The `ID` of other programs is not taken as an id: many number the records of a file, and the same
document would have another id in each file. Other tags (journal, pages, publisher …) have no
field in a document and are skipped, as is text before the first record. In a value a line break
is a space and a blank line ends a paragraph; under `KW` each line is a keyword.

Written by us, and read back unchanged:

    TY  - RPRT
    DB  - Fingerpost                      marks a record of ours
    AN  - health-mekong                   its id; reference managers keep both
    TI  - Health and Human Trafficking
    AU  - C. Zimmerman et al.             unchanged: a name without a comma is kept whole
    C1  - Thailand; Viet Nam              a list, see `delimited`
    ER  -

A line of RIS cannot hold line breaks, tabs, or spaces at its ends, and a name with a comma is
read as last and first name. Values with any of these are written as plainly as RIS can, and once
more, exactly, as JSON in C8. The reader uses C8 only where the plain value is still what was
written, so that an edit made in a reference manager is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.formats.delimited import join, split
from embedder.formats.fields import check, name_in_order, year_in
from embedder.records import LIST_FIELDS, Document, Entry

DATABASE = "Fingerpost"
EXACT = "C8"

# The tag of each field, in the order of the lines.
TAGS = {
    "id": "AN",
    "title": "TI",
    "authors": "AU",
    "year": "PY",
    "abstract": "AB",
    "topics": "KW",
    "countries": "C1",
    "country_codes": "C2",
    "regions": "C3",
    "category": "C4",
    "sources": "C5",
}
# Read from the records of any program; the other fields only from our own.
_COMMON = frozenset({"title", "authors", "year", "abstract", "topics"})
_LINE_PER_VALUE = frozenset({"authors", "topics"})

_TAGGED = re.compile(r"([A-Z][A-Z0-9])  -(?: |$)(.*)")
_UNPRINTABLE = re.compile("[\x00-\x20\x7f\x85\u2028\u2029]+")
_RECORD_BEGINS = "begins with TY, two spaces, a hyphen and its type"

_Values = dict[str, list[str]]


def read(path: Path) -> Iterator[Entry]:
    """Read every record of a file, in order.

    Raises SourceError, with file and line, for a record without a beginning or an end, and for
    values that contradict each other.
    """
    empty = True
    for line, lines in _records(path):
        empty = False
        yield Entry(_document(path, line, _values(lines)), path, line)
    if empty:
        raise SourceError(path, 1, f"there is no record in this file; a record {_RECORD_BEGINS}")


def _records(path: Path) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the number of each record's first line, and its lines as (tag, text).

    The tag is "" for a line that continues the value before it.
    """
    begin, lines = 0, list[tuple[str, str]]()
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        tagged = _TAGGED.match(text)
        tag, rest = tagged.groups() if tagged else ("", text)
        if tag == "TY":
            _refuse_open(path, begin)
            begin, lines = number, []
        elif tag == "ER" and begin:
            yield begin, lines
            begin = 0
        elif tag and not begin:
            raise SourceError(
                path, number, f"{tag!r} is outside a record; a record {_RECORD_BEGINS}"
            )
        elif begin:
            lines.append((tag, rest.strip()))
    _refuse_open(path, begin)


def _refuse_open(path: Path, begin: int) -> None:
    if begin:
        raise SourceError(
            path, begin, "the record that begins here has no end: ER, two spaces and a hyphen"
        )


def _values(lines: Iterable[tuple[str, str]]) -> _Values:
    """Return the values of each tag, in order."""
    parts: list[tuple[str, list[str]]] = []
    for tag, text in lines:
        if tag:
            parts.append((tag, [text]))
        elif parts:
            parts[-1][1].append(text)
    values: _Values = {}
    for tag, texts in parts:
        tag_values = texts if tag == "KW" else [_in_paragraphs(texts)]
        values.setdefault(tag, []).extend(value for value in tag_values if value)
    return values


def _in_paragraphs(texts: Iterable[str]) -> str:
    paragraphs = re.split(r"\n{2,}", "\n".join(texts).strip("\n"))
    return "\n\n".join(paragraph.replace("\n", " ") for paragraph in paragraphs)


def _document(path: Path, line: int, values: _Values) -> Document:
    authors = _all(values, "AU", "A1") or _all(values, "A2", "ED")
    fields: dict[str, Any] = {
        "title": _title(path, line, values),
        "abstract": "\n\n".join(_all(values, "AB", "N2")),
        "authors": tuple(filter(None, map(name_in_order, authors))),
        "year": _year(path, line, values),
        "topics": _all(values, "KW"),
    }
    if DATABASE in values.get("DB", []):
        fields |= _own(values)
        fields |= _exact(path, line, values)
    return check(path, line, fields)


def _all(values: Mapping[str, list[str]], *tags: str) -> tuple[str, ...]:
    """Return the values of all these tags, each once."""
    return tuple(dict.fromkeys(value for tag in tags for value in values.get(tag, ())))


def _title(path: Path, line: int, values: _Values) -> str:
    titles = _all(values, "TI", "T1") or _all(values, "CT") or _all(values, "BT")
    if len(titles) > 1:
        problem = f"the record that begins here has two titles; keep one of them: {titles}"
        raise SourceError(path, line, problem)
    return " ".join(titles[0].split("\n\n")) if titles else ""


def _year(path: Path, line: int, values: _Values) -> int | None:
    for tag in ("PY", "Y1", "DA"):
        for date in values.get(tag, ()):
            try:
                year = year_in(date)
            except ValueError as error:
                raise SourceError(path, line, f"{tag}: {error}") from error
            if year:
                return year
    return None


def _own(values: _Values) -> dict[str, Any]:
    """Return the values that only our own records have."""
    fields: dict[str, Any] = {}
    for name, tag in TAGS.items():
        if name not in _COMMON:
            lines = values.get(tag, [])
            fields[name] = split("; ".join(lines)) if name in LIST_FIELDS else next(iter(lines), "")
    return fields


def _exact(path: Path, line: int, values: _Values) -> dict[str, Any]:
    """Return the values that lines could not hold, where their lines are as we wrote them."""
    fields: dict[str, Any] = {}
    for text in values.get(EXACT, ()):
        try:
            exact = json.loads(text)
        except ValueError as error:
            problem = f"{EXACT} is not JSON: {error}. Correct the line or remove it"
            raise SourceError(path, line, problem) from error
        for name, tag in TAGS.items():
            value = exact.get(name) if isinstance(exact, dict) else None
            if isinstance(value, list) and all(isinstance(part, str) for part in value):
                value = tuple(value)
            if isinstance(value, tuple | str) and _plain_lines(name, value) == values.get(tag, []):
                fields[name] = value
    return fields


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as records, one piece each."""
    for document in documents:
        yield "".join(f"{tag}  - {value}\n" for tag, value in _lines(document)) + "\n"


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    yield "TY", "RPRT"
    yield "DB", DATABASE
    yield from (("ID", value) for value in _plain_lines("id", document.id))
    exact = {}
    for name, tag in TAGS.items():
        value = getattr(document, name)
        yield from ((tag, line) for line in _plain_lines(name, value))
        if not _is_plain(name, value):
            exact[name] = value
    if exact:
        # In ASCII: some readers take Unicode's own line ends for ends of a line.
        yield EXACT, json.dumps(exact)
    yield "ER", ""


def _plain_lines(name: str, value: Any) -> list[str]:
    """Return the lines of a record that hold the value of the field `name`, without the tag."""
    if isinstance(value, tuple):
        values = value if name in _LINE_PER_VALUE else (join(value),)
    else:
        values = () if value is None else (str(value),)
    return [plain for plain in map(_plain, values) if plain]


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


def _is_plain(name: str, value: Any) -> bool:
    """Return whether a reader makes the same value of its plain lines."""
    values = value if isinstance(value, tuple) else (value,)
    texts = [text for text in values if isinstance(text, str)]
    commas = name == "authors" and any("," in text for text in texts)
    return not commas and all(_plain(text) == text for text in texts)
