"""Writes CSL-JSON, the form of the Citation Style Language (https://citationstyles.org).

What it has no variable for stands as lists in `custom`, which the schema keeps for this.
Authors are literal names: the library does not say which of them are organisations, and the
name of an organisation must not be taken for a first and a last name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from embedder.records import DOCUMENT_FIELDS, Document

# The fields that have a variable of their own, to the letter.
_VARIABLES = {"id", "title", "abstract", "authors", "year"}
_CUSTOM = tuple(name for name in DOCUMENT_FIELDS if name not in _VARIABLES)


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as one JSON array of items, in pieces."""
    before = "[\n"
    for document in documents:
        yield before + json.dumps(_item(document), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _item(document: Document) -> dict[str, Any]:
    item = {
        "id": document.id,
        "type": "report",
        "title": document.title,
        "abstract": document.abstract,
        "author": [{"literal": name} for name in document.authors],
        "issued": {"date-parts": [[document.year]]} if document.year is not None else None,
        "keyword": "; ".join(document.topics),
        "custom": {name: value for name, value in document.as_dict().items() if name in _CUSTOM},
    }
    return {name: value for name, value in item.items() if value}
