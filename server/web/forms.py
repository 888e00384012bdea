"""The search form: from the fields that a browser sends to a question, and back into the form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from embedder.errors import RequestError
from embedder.records import Filters, Question
from embedder.search.validation import MAX_IGNORED, MAX_MARKED

PAGE_LENGTH = 10
# Selected documents that are carried from page to page.
MAX_PICKED = 500
# Hexadecimal digits of each hash in a fingerprint.
_DIGITS = 8

# Fields that take several values, and the filter that each of them sets.
FACETS: Mapping[str, str] = {
    "topic": "topics",
    "country": "countries",
    "region": "regions",
    "author": "authors",
}
# Fields that belong to one question: the ids of documents that were marked, more like these, less
# like those, and the meanings that are not to be used.
REFINEMENTS = ("like", "unlike", "ignore")


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were sent, to be shown again unchanged.

    `picked` holds the ids of the selected documents, on this page of results or another, `like` and
    `unlike` those of the documents that were marked as fitting and as not fitting; `ignore` holds
    the meanings that were switched off.
    """

    question: str = field(default="", repr=False)
    topic: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    year_from: str = ""
    year_to: str = ""
    worldwide: bool = False
    plain: bool = False
    offset: str = "0"
    picked: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    ignore: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> Form:
        """Read the fields that a browser sent; all line ends become line feeds.

        `lift` removes a filter, whole (`country`) or one value of it (`country=Lebanon`), takes
        back a mark of a document (`like=ID`), or uses a meaning again (`ignore=MEANING`); `add`
        adds a filter (`country=Lebanon`, `years=2010-2014`). `more` and `less` mark one more
        document, the last of those that are kept; `without` switches a meaning off. `mark` is the
        fingerprint of the form that was answered before: if question, filters, marks or meanings
        have changed since, the results begin at the first hit again, and another question begins
        without marked documents and with all meanings.
        """

        def text(name: str) -> str:
            return fields.get(name, "").replace("\r\n", "\n").strip()

        more, less = text("more"), text("less")
        same_question = text("mark")[:_DIGITS] in ("", _hash(text("question")))
        like, unlike, ignore = (
            fields.getlist(name) if same_question else [] for name in REFINEMENTS
        )
        form = cls(
            question=text("question"),
            topic=_distinct(fields.getlist("topic")),
            country=_distinct(fields.getlist("country")),
            region=_distinct(fields.getlist("region")),
            author=_distinct(fields.getlist("author")),
            year_from=text("year_from"),
            year_to=text("year_to"),
            worldwide=bool(fields.get("worldwide")),
            plain=bool(fields.get("plain")),
            offset=text("offset") or "0",
            picked=_distinct(fields.getlist("pick"))[:MAX_PICKED],
            like=_changed(like, added=more, removed=less)[-MAX_MARKED:],
            unlike=_changed(unlike, added=less, removed=more)[-MAX_MARKED:],
            ignore=_changed(ignore, added=text("without"))[-MAX_IGNORED:],
        )
        form = form.without_filter(text("lift")).with_filter(text("add"))
        if text("mark") not in ("", form.fingerprint):
            return replace(form, offset="0")
        return form

    def without_filter(self, name: str) -> Form:
        """Return the form without a filter: a facet, one value of it (`country=Lebanon`), `years`.

        Marks and meanings are taken back in the same way (`like`, `unlike=ID`, `ignore=MEANING`).
        `worldwide` removes the restriction to the country's or region's own documents: worldwide
        guidance is let in too. An unknown name changes nothing.
        """
        name, _, value = name.partition("=")
        if name == "years":
            return replace(self, year_from="", year_to="")
        if name == "worldwide":
            return replace(self, worldwide=True)
        if name not in (*FACETS, *REFINEMENTS):
            return self
        kept = tuple(each for each in getattr(self, name) if value and each != value)
        changed: dict[str, Any] = {name: kept}
        return replace(self, **changed)

    def with_filter(self, added: str) -> Form:
        """Return the form with a filter beside its own: `country=Lebanon`, `years=2010-2014`.

        Either year may be missing (`years=2015-`). An unknown name changes nothing.
        """
        name, _, value = added.partition("=")
        if name == "years":
            year_from, _, year_to = value.partition("-")
            return replace(self, year_from=year_from, year_to=year_to)
        if name not in FACETS:
            return self
        changed: dict[str, Any] = {name: _distinct((*getattr(self, name), value))}
        return replace(self, **changed)

    @property
    def active_filters(self) -> tuple[str, ...]:
        """The names of the filters that are set: facets, and `years`."""
        years = bool(self.year_from or self.year_to)
        return (*(name for name in FACETS if getattr(self, name)), *(["years"] if years else []))

    @property
    def fingerprint(self) -> str:
        """A short hash of the question and one of all else that is asked, without their text."""
        asked = replace(self, offset="0", picked=())
        # Its repr leaves the question and its meanings out.
        return _hash(self.question) + _hash(repr((asked, self.ignore)))

    def to_question(self) -> Question:
        """Return the question that the fields ask.

        Raises RequestError, naming the field, if a year or the offset is not a number.
        """
        return Question(
            text=self.question,
            limit=PAGE_LENGTH,
            offset=_number("offset", self.offset) or 0,
            expand=not self.plain,
            filters=self.to_filters(),
            like=self.like,
            unlike=self.unlike,
            ignore=self.ignore,
        )

    def to_filters(self) -> Filters:
        """Return the filters that the fields set.

        Raises RequestError, naming the field, if a year is not a number.
        """
        return Filters(
            countries=self.country,
            regions=self.region,
            topics=self.topic,
            authors=self.author,
            year_from=_number("year_from", self.year_from),
            year_to=_number("year_to", self.year_to),
            include_worldwide=self.worldwide,
        )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return the values of a field without surrounding blanks, empty ones and repetitions."""
    return tuple(dict.fromkeys(stripped for value in values if (stripped := value.strip())))


def _changed(values: Iterable[str], added: str, removed: str = "") -> tuple[str, ...]:
    """Return the values of a field with one more, the last, and without one."""
    kept = (each for each in _distinct(values) if each not in (added, removed))
    return _distinct((*kept, added))


def _hash(text: str) -> str:
    """Return a hash of any text, as hexadecimal digits."""
    content = text.encode("utf-8", "replace")
    return hashlib.blake2b(content, digest_size=_DIGITS // 2).hexdigest()


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    # Decimal digits of any script: ٢٠١٥ is a year too.
    if not (text.isdecimal() and len(text) <= 6):
        raise RequestError(
            name,
            "{what}: write a whole number, such as 2015.",
            what=name.replace("_", " "),
        )
    return int(text)
