"""The search form: from the fields that a browser sends to a question, and back into the form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from embedder.errors import RequestError
from embedder.records import Filters, Question

PAGE_LENGTH = 10
# Selected documents that are carried from page to page.
MAX_PICKED = 500

# Fields that take several values, and the filter that each of them sets.
FACETS: Mapping[str, str] = {
    "topic": "topics",
    "country": "countries",
    "region": "regions",
    "author": "authors",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were sent, to be shown again unchanged.

    `picked` holds the ids of the selected documents, on this page of results or another.
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

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> Form:
        """Read the fields that a browser sent; all line ends become line feeds.

        `lift` removes a filter, whole (`country`) or one value of it (`country=Lebanon`), and `add`
        adds one (`country=Lebanon`, `years=2010-2014`). `mark` is the fingerprint of the form that
        was answered before: if question or filters have changed since, the results begin at the
        first hit again.
        """

        def text(name: str) -> str:
            return fields.get(name, "").replace("\r\n", "\n").strip()

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
        )
        form = form.without_filter(text("lift")).with_filter(text("add"))
        if text("mark") not in ("", form.fingerprint):
            return replace(form, offset="0")
        return form

    def without_filter(self, name: str) -> Form:
        """Return the form without a filter: a facet, one value of it (`country=Lebanon`), `years`.

        `worldwide` removes the restriction to the country's or region's own documents: worldwide
        guidance is let in too. An unknown name changes nothing.
        """
        name, _, value = name.partition("=")
        if name == "years":
            return replace(self, year_from="", year_to="")
        if name == "worldwide":
            return replace(self, worldwide=True)
        if name not in FACETS:
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
        """A short hash of the question and its filters, which does not hold the question's text."""
        asked = replace(self, offset="0", picked=())
        content = repr((asked.question, asked))  # the form's own repr leaves the question out
        return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=8).hexdigest()

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
