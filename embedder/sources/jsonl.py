"""Reads JSON lines: one document a line, with our own keys or those of the BEIR collections."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
from embedder.places import country_code, country_codes
from embedder.records import Document, Entry
from embedder.textfile import read_text


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


class _Line(BaseModel):
    """The keys that a line may have; any other key is an error, so that none is lost unseen."""

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


def read(path: Path) -> Iterator[Entry]:
    """Read every document of a file, in order; blank lines are passed over.

    Raises SourceError, with file and line, for a line that is no such object.
    """
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip():
            yield Entry(_document(path, number, text), path, number)


def _is_address(key: str) -> bool:
    """Tell whether an id would be taken for the address of a document's neighbours."""
    return key.endswith("/similar")


def _document(path: Path, number: int, text: str) -> Document:
    try:
        line = _Line.model_validate_json(text)
    except ValidationError as error:
        raise SourceError(path, number, _first_problem(error)) from error
    if _is_address(line.id or ""):
        raise SourceError(path, number, "id: an id cannot end in '/similar'")
    return Document(
        id=line.id or "",
        title=line.title,
        abstract=line.abstract,
        countries=line.countries,
        country_codes=country_codes((*line.countries, *line.country_codes)),
        regions=line.regions,
        authors=line.authors,
        year=line.year,
        topics=line.topics,
        category=line.category,
        sources=line.sources or (path.name,),
    )


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    if first["type"] == "json_invalid":
        return f"not a JSON object: {first['ctx']['error']}"
    if first["type"] == "extra_forbidden":
        known = ", ".join(json.dumps(name) for name in _Line.model_fields)
        return f'unknown key {place!r}; known keys: {known}, and BEIR\'s "_id" and "text"'
    return f"{place or 'the line'}: {first['msg']}"
