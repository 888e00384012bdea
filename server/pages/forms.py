"""What a person filled in: form fields to a question, and back into the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from embedder.errors import RequestError
from embedder.records import Filters, Question

PAGE_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were sent, to be shown again as they are."""

    question: str = field(default="", repr=False)
    country: str = ""
    region: str = ""
    topic: str = ""
    author: str = ""
    year_from: str = ""
    year_to: str = ""
    worldwide: bool = False
    plain: bool = False
    offset: str = "0"

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Form:
        """Read the fields that were sent; all line ends become line feeds."""

        def text(name: str) -> str:
            return sent.get(name, "").replace("\r\n", "\n").strip()

        return cls(
            question=text("question"),
            country=text("country"),
            region=text("region"),
            topic=text("topic"),
            author=text("author"),
            year_from=text("year_from"),
            year_to=text("year_to"),
            worldwide=bool(sent.get("worldwide")),
            plain=bool(sent.get("plain")),
            offset=text("offset") or "0",
        )

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return any(
            (self.country, self.region, self.topic, self.author, self.year_from, self.year_to)
        )

    def to_question(self) -> Question:
        """Give the question that the fields ask.

        Raises RequestError, naming the field, for a number that is none.
        """
        return Question(
            text=self.question,
            limit=PAGE_LENGTH,
            offset=_number("offset", self.offset) or 0,
            expand=not self.plain,
            filters=Filters(
                countries=(self.country,) if self.country else (),
                regions=(self.region,) if self.region else (),
                topics=(self.topic,) if self.topic else (),
                authors=(self.author,) if self.author else (),
                year_from=_number("year_from", self.year_from),
                year_to=_number("year_to", self.year_to),
                include_worldwide=self.worldwide,
            ),
        )


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise RequestError(name, f"{name.replace('_', ' ')}: write a whole number, such as 2015.")
    return int(text)
