"""Writes RIS, the tagged lines that reference managers exchange.

    TY  - RPRT
    DB  - Fingerpost                      marks a record of ours
    AN  - health-mekong                   its id; reference managers keep both
    TI  - Health and Human Trafficking
    AU  - C. Zimmerman et al.             as it stands: a name without a comma is kept whole
    C1  - Thailand; Viet Nam              a list, see `joined`
    ER  -

A line of RIS cannot hold line breaks, tabs, or spaces at its ends, and a name with a comma is
read as last and first name. Values that have any of these are written as plainly as RIS can,
and once more, exactly, as JSON in C8. A reader believes C8 only where the plain value is still
what was written, so what somebody changes in a reference manager counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from embedder.exports.joined import join
from embedder.records import Document

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
