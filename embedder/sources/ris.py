"""Reads RIS, the tagged lines that reference managers exchange, ours and those of others.

| of a document | tags |
|---|---|
| title | `TI`, `T1`; without them `CT`, `BT` |
| abstract | `AB`, `N2`; where they differ, one under the other |
| authors | `AU`, `A1`; without them the editors `A2`, `ED`; `Last, First` is turned round |
| year | `PY`, `Y1`, `DA`: the first that has one |
| topics | `KW`, one a line |

Records that Fingerpost wrote (`DB  - Fingerpost`) have an id, countries and more besides, see
`embedder.exports.ris`. The `ID` of others is no id here: it is a running number with many
programs, and the same document would have another one in each file. Other tags (journal, pages,
publisher …) have no place in a document and are passed over, as is text before the first record.

In a value a line break is a space, and a blank line is a paragraph's end; under `KW` each line
is a keyword.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.exports.joined import split
from embedder.exports.ris import DATABASE, EXACT, TAGS, plain_lines
from embedder.records import Document, Entry
from embedder.sources.fields import check, name_in_order, year_in
from embedder.textfile import read_text

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
