"""What a person filled in: form fields to a question, and back into the form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from embedder.errors import RequestError
from embedder.records import Filters, Question

PAGE_LENGTH = 10
# Ids that are carried from page to page.
_MOST_PICKED = 500

# The form's fields of which several values can be chosen, and the filter that each is.
FACETS: Mapping[str, str] = {
    "topic": "topics",
    "country": "countries",
    "region": "regions",
    "author": "authors",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were sent, to be shown again as they are.

    `picked` are the ids of the documents that were ticked, on this page of the answer or another.
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
    def read(cls, sent: MultiDict[str, str]) -> Form:
        """Read the fields that were sent; all line ends become line feeds.

        `lift` takes a filter away, whole (`country`) or a value of it (`country=Lebanon`). What
        was asked before is recognised by its `mark`: another question begins at its first hit.
        """

        def text(name: str) -> str:
            return sent.get(name, "").replace("\r\n", "\n").strip()

        form = cls(
            question=text("question"),
            topic=_values(sent.getlist("topic")),
            country=_values(sent.getlist("country")),
            region=_values(sent.getlist("region")),
            author=_values(sent.getlist("author")),
            year_from=text("year_from"),
            year_to=text("year_to"),
            worldwide=bool(sent.get("worldwide")),
            plain=bool(sent.get("plain")),
            offset=text("offset") or "0",
            picked=_values(sent.getlist("pick"))[:_MOST_PICKED],
        ).without(text("lift"))
        if text("mark") not in ("", form.mark):
            return replace(form, offset="0")
        return form

    def without(self, lift: str) -> Form:
        """Give the form without a filter (`years`, `worldwide`, a facet), or a value of a facet."""
        name, _, value = lift.partition("=")
        if name == "years":
            return replace(self, year_from="", year_to="")
        if name == "worldwide":
            return replace(self, worldwide=True)
        if name not in FACETS:
            return self
        kept = tuple(each for each in getattr(self, name) if value and each != value)
        changed: dict[str, Any] = {name: kept}
        return replace(self, **changed)

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The names of the filters that are set: those of facets, and `years`."""
        years = bool(self.year_from or self.year_to)
        return (*(name for name in FACETS if getattr(self, name)), *(["years"] if years else []))

    @property
    def mark(self) -> str:
        """What tells this question, with its filters, from others; its text is not in it."""
        asked = replace(self, offset="0", picked=())
        told = repr((asked.question, asked))  # the question is left out of its own repr
        return hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def to_question(self) -> Question:
        """Give the question that the fields ask.

        Raises RequestError, naming the field, for a number that is none.
        """
        return Question(
            text=self.question,
            limit=PAGE_LENGTH,
            offset=_number("offset", self.offset) or 0,
            expand=not self.plain,
            filters=self.to_filters(),
        )

    def to_filters(self) -> Filters:
        """Give the filters that the fields set.

        Raises RequestError, naming the field, for a number that is none.
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


def _values(sent: Iterable[str]) -> tuple[str, ...]:
    """Give what was sent of one name, without what is empty or said twice."""
    return tuple(dict.fromkeys(value for each in sent if (value := each.strip())))


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    # Decimal in any script: ٢٠١٥ is a year too.
    if not (text.isdecimal() and len(text) <= 6):
        raise RequestError(
            name,
            "{what}: write a whole number, such as 2015.",
            what=name.replace("_", " "),
        )
    return int(text)
