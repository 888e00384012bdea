"""Read listing pages of the document library, saved as text.

    Skip to main content

    Trafficking                     the page's topic

    A title                         one line
                                    a blank line
    The abstract of the document.   one line, and directly under it the labels
    Country
    Lebanon                         one value per line
    Region
    ...

A label is one only below an abstract: the same words occur in prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.records import Document, Entry
from embedder.text.countries import country_codes, join_split_regions

FIRST_LINE = "Skip to main content"
LABELS = ("Country", "Region", "Authors", "Year", "Category")

_YEAR = re.compile(r"[12][0-9]{3}")
_EDITED_BY = re.compile(r"edited by\s+", re.IGNORECASE)
_INITIALS_ET_AL = re.compile(r"(?P<initials>(?:[A-Z]\.[ -]?)+)\s*Et Al\.?", re.IGNORECASE)
_PERSON = re.compile(r"(?:[^\W\d_a-z][\w.'’-]*)(?: [^\W\d_a-z][\w.'’-]*){1,3}")
_ORGANISATION = re.compile(
    r"\b(of|for|the|on|foundation|organi[sz]ation|institute|university|ministry|office|"
    r"centre|center|agency|council|commission|committee|network|group|programme|fund|department|"
    r"association|societies|society)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


def read(path: Path) -> Iterator[Entry]:
    """Read every entry of a listing page, in order.

    Raises SourceError, with file and line, for a page that does not follow the form above.
    """
    lines = [
        _Line(number, text) for number, text in enumerate(read_text(path).split("\n"), start=1)
    ]
    if lines[0].text.strip() != FIRST_LINE:
        raise SourceError(path, 1, f"a listing page begins with the line {FIRST_LINE!r}")
    blocks = _blocks(lines[1:])
    topic = _topic(path, blocks)
    if len(blocks) == 1:
        raise SourceError(path, blocks[0][0].number, "the page has a topic but no entries")
    for title, body in _pairs(path, blocks[1:]):
        yield Entry(_document(path, topic, title, body), path, title.number)


def _blocks(lines: Sequence[_Line]) -> list[list[_Line]]:
    """Split lines into blocks at the blank lines."""
    blocks: list[list[_Line]] = [[]]
    for line in lines:
        if line.text.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def _topic(path: Path, blocks: Sequence[Sequence[_Line]]) -> str:
    """Return the page's topic: a line of its own that is not the title of the first entry."""
    if not blocks:
        raise SourceError(path, 2, "the page's topic is missing: the first line is the only one")
    first, second = blocks[0], blocks[1] if len(blocks) > 1 else ()
    if len(first) > 1 or any(line.text.strip() in LABELS for line in (*first, *second)):
        raise SourceError(
            path, first[0].number, "the page's topic is missing: an entry is in its place"
        )
    return first[0].text.strip()


def _pairs(
    path: Path, blocks: Sequence[Sequence[_Line]]
) -> Iterator[tuple[_Line, Sequence[_Line]]]:
    """Yield each entry's title with the block of its abstract and labels."""
    for index in range(0, len(blocks), 2):
        title = blocks[index]
        if len(title) > 1:
            raise SourceError(
                path, title[0].number, "expected a title here, one line between blank lines"
            )
        if index + 1 == len(blocks):
            raise SourceError(path, title[0].number, "the entry has a title but no abstract")
        yield title[0], blocks[index + 1]


def _document(path: Path, topic: str, title: _Line, body: Sequence[_Line]) -> Document:
    abstract, labels = body[0], _labels(path, body)
    countries = _values(path, title, labels, "Country")
    category = labels.get("Category", [])
    if len(category) > 1:
        raise SourceError(
            path, category[1].number, "the entry has a second category; keep one of them"
        )
    return Document(
        id="",
        title=title.text,
        abstract=abstract.text,
        countries=countries,
        country_codes=country_codes(countries),
        regions=join_split_regions(_values(path, title, labels, "Region")),
        authors=_authors([line.text.strip() for line in labels.get("Authors", [])]),
        year=_year(path, title, labels),
        topics=(topic,),
        category=category[0].text.strip() if category else None,
        sources=(path.name,),
    )


def _labels(path: Path, body: Sequence[_Line]) -> dict[str, list[_Line]]:
    """Return the values under each label of an entry."""
    if body[0].text.strip() in LABELS:
        raise SourceError(
            path, body[0].number, f"the label {body[0].text.strip()!r} is not below an abstract"
        )
    labels: dict[str, list[_Line]] = {}
    values: list[_Line] | None = None
    for line in body[1:]:
        word = line.text.strip()
        if word in LABELS:
            if word in labels:
                raise SourceError(path, line.number, f"the entry has the label {word!r} twice")
            values = labels[word] = []
        elif values is None:
            raise SourceError(
                path, line.number, f"expected a label below the abstract: {', '.join(LABELS)}"
            )
        else:
            values.append(line)
    return labels


def _values(
    path: Path, title: _Line, labels: dict[str, list[_Line]], label: str
) -> tuple[str, ...]:
    values = tuple(line.text.strip() for line in labels.get(label, ()))
    if not values:
        raise SourceError(path, title.number, f"the entry that begins here has no {label}")
    return values


def _year(path: Path, title: _Line, labels: dict[str, list[_Line]]) -> int:
    _values(path, title, labels, "Year")
    line, *others = labels["Year"]
    year = line.text.strip()
    if not _YEAR.fullmatch(year):
        raise SourceError(path, line.number, f"{year!r} is not a year from 1000 to 2999")
    if others:
        raise SourceError(path, others[0].number, "the entry has a second year; keep one of them")
    return int(year)


def _authors(values: Sequence[str]) -> tuple[str, ...]:
    """Correct the three ways in which the pages garble authors; leave other names unchanged."""
    authors: list[str] = []
    for value in values:
        name = _EDITED_BY.sub("", value, count=1) if _EDITED_BY.match(value) else value
        initials = _INITIALS_ET_AL.fullmatch(name)
        if initials and authors and " " not in authors[-1]:
            authors[-1] = f"{initials['initials'].strip()} {authors[-1]} et al."
        else:
            authors.extend(_two_people(name))
    return tuple(dict.fromkeys(authors))


def _two_people(name: str) -> tuple[str, ...]:
    """Split `A B And C D`; keep an organisation with an `and` in its name whole."""
    people = re.split(r" and ", name, flags=re.IGNORECASE)
    if all(_PERSON.fullmatch(person) for person in people) and not _ORGANISATION.search(name):
        return tuple(people)
    return (name,)
