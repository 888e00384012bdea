"""RIS, the tagged lines that reference managers exchange: ours and those of other programs.

Read from any program's files:

| of a document | tags |
|---|---|
| title | `TI`, `T1`; without them `CT`, `BT` |
| abstract | `AB`, `N2`; where they differ, one below the other |
| authors | `AU`, `A1`; without them the editors `A2`, `ED`; `Last, First` is turned round |
| year | `PY`, `Y1`, `DA`: the first that has one |
| topics | `KW`, one a line |

The `ID` of other programs is not taken as an id: many number the records of a file, and the same
document would have another id in each file. Other tags (journal, pages, publisher …) have no
place in a document and are skipped, as is text before the first record. In a value a line break
is a space and a blank line ends a paragraph; under `KW` each line is a keyword.

Written by us, and read back unchanged:

    TY  - RPRT
    DB  - Fingerpost                      marks a record of ours
    AN  - health-mekong                   its id; reference managers keep both
    TI  - Health and Human Trafficking
    AU  - C. Zimmerman et al.             as it stands: a name without a comma is kept whole
    C1  - Thailand; Viet Nam              a list, see `delimited`
    ER  -

A line of RIS cannot hold line breaks, tabs, or spaces at its ends, and a name with a comma is
read as last and first name. Values with any of these are written as plainly as RIS can, and once
more, exactly, as JSON in C8. The reader uses C8 only where the plain value is still what was
written, so an edit made in a reference manager counts.
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
from embedder.records import Document, Entry

DATABASE = "Fingerpost"

EXACT = "C8"

# Where each value stands, in the order of the lines.
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

_LINE_A_VALUE = frozenset({"authors", "topics"})

_UNPRINTABLE = re.compile("[\x00-\x20\x7f\x85\u2028\u2029]+")

_TAGGED = re.compile(r"([A-Z][A-Z0-9])  -(?: |$)(.*)")
_LISTS = ("countries", "country_codes", "regions", "sources")

_Values = dict[str, list[str]]


def read(path: Path) -> Iterator[Entry]:
    """Read every record of a file, in order.

    Raises SourceError, with file and line, for a record that does not begin or end, and for
    values that contradict each other.
    """
    none = True
    for line, lines in _records(path):
        none = False
        yield Entry(_document(path, line, _values(lines)), path, line)
    if none:
        raise SourceError(
            path, 1, "no record here: each begins with TY, two spaces, a hyphen, its type"
        )


def _records(path: Path) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Give each record's first line with its lines, as (tag, text); "" where a value goes on."""
    begun, lines = 0, list[tuple[str, str]]()
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        found = _TAGGED.match(text)
        tag, rest = found.groups() if found else ("", text)
        if tag == "TY":
            _refuse_open(path, begun)
            begun, lines = number, []
        elif tag == "ER" and begun:
            yield begun, lines
            begun = 0
        elif tag and not begun:
            problem = "stands outside a record: one begins with TY, two spaces, a hyphen, its type"
            raise SourceError(path, number, f"{tag!r} {problem}")
        elif begun:
            lines.append((tag, rest.strip()))
    _refuse_open(path, begun)


def _refuse_open(path: Path, begun: int) -> None:
    if begun:
        raise SourceError(
            path, begun, "the record that begins here has no end: ER, two spaces, a hyphen"
        )


def _values(lines: Iterable[tuple[str, str]]) -> _Values:
    """Give the values of each tag, in order."""
    parts: list[tuple[str, list[str]]] = []
    for tag, text in lines:
        if tag:
            parts.append((tag, [text]))
        elif parts:
            parts[-1][1].append(text)
    values: _Values = {}
    for tag, texts in parts:
        found = texts if tag == "KW" else [_in_paragraphs(texts)]
        values.setdefault(tag, []).extend(each for each in found if each)
    return values


def _in_paragraphs(texts: Iterable[str]) -> str:
    paragraphs = re.split(r"\n{2,}", "\n".join(texts).strip("\n"))
    return "\n\n".join(each.replace("\n", " ") for each in paragraphs)


def _document(path: Path, line: int, values: _Values) -> Document:
    authors = _all(values, "AU", "A1") or _all(values, "A2", "ED")
    found: dict[str, Any] = {
        "title": _title(path, line, values),
        "abstract": "\n\n".join(_all(values, "AB", "N2")),
        "authors": tuple(filter(None, map(name_in_order, authors))),
        "year": _year(path, line, values),
        "topics": _all(values, "KW"),
    }
    if DATABASE in values.get("DB", []):
        found |= _own(values)
        found |= _exact(path, line, values)
    return check(path, line, found)


def _all(values: Mapping[str, list[str]], *tags: str) -> tuple[str, ...]:
    """Give what stands under any of the tags, each once."""
    return tuple(dict.fromkeys(value for tag in tags for value in values.get(tag, ())))


def _title(path: Path, line: int, values: _Values) -> str:
    found = _all(values, "TI", "T1") or _all(values, "CT") or _all(values, "BT")
    if len(found) > 1:
        problem = f"two titles in the record that begins here, and only one can be kept: {found}"
        raise SourceError(path, line, problem)
    return " ".join(found[0].split("\n\n")) if found else ""


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
    """Give what only records of ours have."""
    found: dict[str, Any] = {name: split("; ".join(values.get(TAGS[name], ()))) for name in _LISTS}
    found["id"] = next(iter(values.get(TAGS["id"], ())), None)
    found["category"] = next(iter(values.get(TAGS["category"], ())), None)
    return found


def _exact(path: Path, line: int, values: _Values) -> dict[str, Any]:
    """Give the values that lines could not hold, where their lines are still as written."""
    found: dict[str, Any] = {}
    for text in values.get(EXACT, ()):
        try:
            exact = json.loads(text)
        except ValueError as error:
            problem = f"{EXACT} is no JSON: {error}. Mend the line or take it out"
            raise SourceError(path, line, problem) from error
        for name, tag in TAGS.items():
            value = exact.get(name) if isinstance(exact, dict) else None
            if isinstance(value, list) and all(isinstance(each, str) for each in value):
                value = tuple(value)
            if isinstance(value, tuple | str) and plain_lines(name, value) == values.get(tag, []):
                found[name] = value
    return found


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as records, a piece each."""
    for document in documents:
        yield "".join(f"{tag}  - {value}\n" for tag, value in _lines(document)) + "\n"


def plain_lines(name: str, value: Any) -> list[str]:
    """Give what stands in a record's lines for the value of a document's field `name`."""
    if isinstance(value, tuple):
        values = value if name in _LINE_A_VALUE else (join(value),)
    else:
        values = () if value is None else (str(value),)
    return [plain for plain in map(_plain, values) if plain]


def _lines(document: Document) -> Iterator[tuple[str, str]]:
    yield "TY", "RPRT"
    yield "DB", DATABASE
    yield from (("ID", value) for value in plain_lines("id", document.id))
    exact = {}
    for name, tag in TAGS.items():
        value = getattr(document, name)
        yield from ((tag, line) for line in plain_lines(name, value))
        if not _is_plain(name, value):
            exact[name] = value
    if exact:
        # With escapes for all but ASCII: some line ends of Unicode end a line for some readers.
        yield EXACT, json.dumps(exact)
    yield "ER", ""


def _plain(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()


def _is_plain(name: str, value: Any) -> bool:
    """Tell whether a reader makes the same value of its plain lines."""
    values = value if isinstance(value, tuple) else (value,)
    texts = [each for each in values if isinstance(each, str)]
    commas = name == "authors" and any("," in each for each in texts)
    return not commas and all(_plain(each) == each for each in texts)
