"""JSON lines: one document per line, with our own keys or those of the BEIR collections."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.formats.fields import Fields, first_problem, to_document
from embedder.records import Document, Entry


def read(path: Path) -> Iterator[Entry]:
    """Read every document of a file, in order; blank lines are skipped.

    Raises SourceError, with file and line, for a line that is not such an object.
    """
    for number, text in enumerate(read_text(path).split("\n"), start=1):
        if text.strip():
            yield Entry(_document(path, number, text), path, number)


def _document(path: Path, number: int, text: str) -> Document:
    try:
        fields = Fields.model_validate_json(text)
    except ValidationError as error:
        raise SourceError(path, number, _problem(error)) from error
    return to_document(path, number, fields)


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    if first["type"] == "json_invalid":
        return f"not a JSON object: {first['ctx']['error']}"
    if first["type"] == "extra_forbidden":
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(json.dumps(name) for name in Fields.model_fields)
        return f'unknown key {key!r}; known keys: {known}, and BEIR\'s "_id" and "text"'
    return first_problem(error)


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents, one line each."""
    for document in documents:
        yield json.dumps(document.as_dict(), ensure_ascii=False) + "\n"
