"""The values that a source may give a document, whatever the format, and how they are checked."""

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
from embedder.records import DOCUMENT_FIELDS, Document
from embedder.text.countries import country_code, country_codes

_YEAR = re.compile(r"(?<!\d)[12]\d{3}(?!\d)", re.ASCII)


def _number_as_text(value: object) -> object:
    """Return a whole number as text: some collections number their documents."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _known_code(value: str) -> str:
    if not country_code(value):
        raise ValueError(f"{value!r} is not a country code")
    return value


Id = Annotated[
    str,
    BeforeValidator(_number_as_text),
    StringConstraints(
        min_length=1,
        max_length=200,
        # No control characters, and no space at either end.
        pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",
    ),
]
# With a constraint, if only this one, pydantic refuses unpaired surrogates.
Text = Annotated[str, StringConstraints(min_length=0)]
Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Values = tuple[Value, ...]


class Fields(BaseModel):
    """The fields that a source may give; any other is an error, so that none is lost silently."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Id | None = Field(None, validation_alias=AliasChoices("id", "_id"))
    title: Text = ""
    abstract: Text = Field("", validation_alias=AliasChoices("abstract", "text"))
    countries: Values = ()
    country_codes: tuple[Annotated[Value, AfterValidator(_known_code)], ...] = ()
    regions: Values = ()
    authors: Values = ()
    year: Annotated[int, Field(ge=1000, le=2999)] | None = None
    topics: Values = ()
    category: Text | None = None
    sources: Values = ()
    metadata: dict[str, Any] = Field(default_factory=dict, description="BEIR's; not kept")


def to_document(
    path: Path | str, line: int | None, fields: Fields, codes: tuple[str, ...] | None = None
) -> Document:
    """Return the document with these checked fields.

    Without `codes`, its country codes are those of its countries, then those given beside them.

    Raises SourceError for an id that would read as the URL of a document's neighbours.
    """
    if (fields.id or "").endswith("/similar"):
        raise SourceError(path, line, "id: an id cannot end in '/similar'")
    values: dict[str, Any] = {name: getattr(fields, name) for name in DOCUMENT_FIELDS}
    values["id"] = fields.id or ""
    values["country_codes"] = codes or country_codes((*fields.countries, *fields.country_codes))
    values["sources"] = fields.sources or (Path(path).name,)
    return Document(**values)


def check(path: Path | str, line: int | None, values: Mapping[str, Any]) -> Document:
    """Check values by the names of a document's fields, and return the document with them.

    None and "" mean that a value is missing. Codes that include those of all its countries keep
    their order.

    Raises SourceError, with file and line, for the first value that is not valid.
    """
    present = {name: value for name, value in values.items() if value is not None and value != ""}
    try:
        fields = Fields.model_validate(present)
    except ValidationError as error:
        raise SourceError(path, line, first_problem(error)) from error
    codes = country_codes(fields.country_codes)
    complete = set(country_codes(fields.countries)) <= set(codes)
    return to_document(path, line, fields, codes if complete else None)


def first_problem(error: ValidationError) -> str:
    """Return the first problem of a validation, after the name of the field, in one line."""
    first = error.errors(include_url=False)[0]
    location = ".".join(str(part) for part in first["loc"])
    return f"{location or 'the line'}: {first['msg']}"


def year_in(date: str) -> int | None:
    """Return the year of a date in any order of its parts; None for words only (`in press`).

    Raises ValueError for a date with digits but without a year from 1000 to 2999.
    """
    year = _YEAR.search(date)
    if not year and re.search(r"\d", date):
        raise ValueError(
            f"{date!r} has no year of four digits, from 1000 to 2999; correct it or remove it"
        )
    return int(year[0]) if year else None


def name_in_order(name: str) -> str:
    """Return a name that may be written `Last, First` with the first name first.

    A comma at the end, and a doubled one, mark an organisation's name in EndNote, which is kept
    whole. So is a name with more commas than `Last, First, Jr.` has.
    """
    whole = name.strip()
    if ",," in whole:
        return whole.replace(",,", ",")
    parts = [part.strip() for part in whole.rstrip(", ").split(",")]
    if len(parts) > 3:
        return whole
    last, first, suffix = (*parts, "", "")[:3]
    return " ".join(part for part in (first, last, suffix) if part)
