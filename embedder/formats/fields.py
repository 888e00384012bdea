"""What a document of a source may say of itself, whatever the format, and how it is checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from embedder.errors import SourceError
from embedder.records import Document
from embedder.text.countries import country_code, country_codes

_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)", re.ASCII)


def _number_as_text(value: object) -> object:
    """Let an id be a whole number, as some collections write it."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _known(value: str) -> str:
    if not country_code(value):
        raise ValueError(f"{value!r} is no country's code")
    return value


Id = Annotated[
    str,
    BeforeValidator(_number_as_text),
    StringConstraints(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",
    ),
]
Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Values = tuple[Value, ...]


class Fields(BaseModel):
    """The keys that a document may have; any other key is an error, so that none is lost unseen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Id | None = Field(None, validation_alias=AliasChoices("id", "_id"))
    title: str = ""
    abstract: str = Field("", validation_alias=AliasChoices("abstract", "text"))
    countries: Values = ()
    country_codes: tuple[Annotated[Value, AfterValidator(_known)], ...] = ()
    regions: Values = ()
    authors: Values = ()
    year: Annotated[int, Field(ge=1000, le=2999)] | None = None
    topics: Values = ()
    category: str | None = None
    sources: Values = ()
    metadata: dict[str, Any] = Field(default_factory=dict, description="BEIR's; not kept")


def to_document(
    path: Path, line: int | None, fields: Fields, codes: tuple[str, ...] | None = None
) -> Document:
    """Make a document of checked fields; without `codes` the countries' come before the others.

    Raises SourceError for an id that would be taken for the address of a document's neighbours.
    """
    if (fields.id or "").endswith("/similar"):
        raise SourceError(path, line, "id: an id cannot end in '/similar'")
    return Document(
        id=fields.id or "",
        title=fields.title,
        abstract=fields.abstract,
        countries=fields.countries,
        country_codes=codes or country_codes((*fields.countries, *fields.country_codes)),
        regions=fields.regions,
        authors=fields.authors,
        year=fields.year,
        topics=fields.topics,
        category=fields.category,
        sources=fields.sources or (path.name,),
    )


def check(path: Path, line: int | None, values: Mapping[str, Any]) -> Document:
    """Check a document's values, by the names of its fields, and make the document of them.

    Codes that hold those of all its countries keep their order.

    Raises SourceError, with file and line, for the first value that cannot be right.
    """
    try:
        fields = Fields.model_validate(values)
    except ValidationError as error:
        raise SourceError(path, line, first_problem(error)) from error
    codes = country_codes(fields.country_codes)
    complete = set(country_codes(fields.countries)) <= set(codes)
    return to_document(path, line, fields, codes if complete else None)


def first_problem(error: ValidationError) -> str:
    """Say in a line what is wrong first, and where."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{place or 'the line'}: {first['msg']}"


def year_in(date: str) -> int | None:
    """Give the year of a date in any order of its parts; None for words only (`in press`).

    Raises ValueError for a date with digits but no year from 1000 to 2999.
    """
    found = _YEAR.search(date)
    if not found and re.search(r"\d", date):
        raise ValueError(
            f"{date!r} has no year of four digits, from 1000 to 2999; mend it or take it out"
        )
    return int(found[0]) if found else None


def name_in_order(name: str) -> str:
    """Give a name that may be written `Last, First` as it is spoken.

    A comma at the end, and a doubled one, mark an organisation's name in EndNote: it is kept
    whole. So is a name with more commas than `Last, First, Jr.` has.
    """
    whole = name.strip()
    if ",," in whole:
        return whole.replace(",,", ",")
    parts = [part.strip() for part in whole.rstrip(", ").split(",")]
    if len(parts) > 3:
        return whole
    last, first, more = (*parts, "", "")[:3]
    return " ".join(part for part in (first, last, more) if part)
