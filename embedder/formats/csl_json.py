"""Write CSL-JSON, the format of the Citation Style Language (https://citationstyles.org).

Fields without a CSL variable, and lists that a variable would flatten, are in `custom`, which the
schema reserves for this. Authors are literal names: the library does not know which of them are
organisations, and an organisation must not be split into a first and a last name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from embedder.records import DOCUMENT_FIELDS, Document

# The fields that a CSL variable holds unchanged.
_VARIABLES = {"id", "title", "abstract", "authors", "year"}
_CUSTOM = tuple(name for name in DOCUMENT_FIELDS if name not in _VARIABLES)


def write(documents: Iterable[Document]) -> Iterator[str]:
    """Write documents as one JSON array, one piece per document."""
    before = "[\n"
    for document in documents:
        yield before + json.dumps(_item(document), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _item(document: Document) -> dict[str, Any]:
    values = document.as_dict()
    item = {
        "id": document.id,
        "type": "report",
        "title": document.title,
        "abstract": document.abstract,
        "author": [{"literal": name} for name in document.authors],
        "issued": {"date-parts": [[document.year]]} if document.year is not None else None,
        "keyword": "; ".join(document.topics),
        "custom": {name: values[name] for name in _CUSTOM},
    }
    return {name: value for name, value in item.items() if value}
