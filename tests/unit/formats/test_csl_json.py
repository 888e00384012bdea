"""CSL-JSON, checked with citeproc-py."""

from __future__ import annotations

import json
from typing import Any

import citeproc
import pytest
from citeproc.source.json import CiteProcJSON

from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written


def items(*documents: Document) -> list[dict[str, Any]]:
    found = json.loads(written("csl-json", *documents))
    assert isinstance(found, list)
    return found


def cited(*documents: Document) -> list[str]:
    """The bibliography that citeproc-py makes of documents, in Harvard style."""
    # It does not know the schema's `custom`, and says so.
    with pytest.warns(UserWarning, match="unsupported: custom$"):
        source = CiteProcJSON(items(*documents))
    style = citeproc.CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = citeproc.CitationStylesBibliography(style, source, citeproc.formatter.plain)
    for key in source:
        bibliography.register(citeproc.Citation([citeproc.CitationItem(key)]))
    return [str(each) for each in bibliography.bibliography()]


def test_an_item_has_this_form() -> None:
    assert items(PLAIN) == [
        {
            "id": "health-mekong",
            "type": "report",
            "title": "Health & Human Trafficking",
            "abstract": "A study.\nIn 50% of cases: “care”.",
            "author": [
                {"literal": "C. Zimmerman et al."},
                {"literal": "International Organization for Migration (IOM)"},
            ],
            "issued": {"date-parts": [[2014]]},
            "keyword": "Trafficking; Health; care",
            "custom": {
                "countries": ["Thailand", "Congo, Democratic Republic of the"],
                "country_codes": ["THA", "COD"],
                "regions": ["Asia and the Pacific"],
                "topics": ["Trafficking", "Health; care"],
                "category": "Reports",
                "sources": ["000.txt", "004.txt"],
            },
        }
    ]


def test_missing_values_are_left_out() -> None:
    (item,) = items(Document(id="a", title="", abstract=""))
    assert {name for name in item if name != "custom"} == {"id", "type"}


def test_every_field_is_written_exactly() -> None:
    documents = (*seeds(), *generated(200))
    for document, item in zip(documents, items(*documents), strict=True):
        custom: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in item["custom"].items()
        }
        again = Document(
            id=item["id"],
            title=item.get("title", ""),
            abstract=item.get("abstract", ""),
            authors=tuple(each["literal"] for each in item.get("author", ())),
            year=item["issued"]["date-parts"][0][0] if "issued" in item else None,
            **custom,
        )
        assert again == document


def test_citeproc_cites_the_seeds() -> None:
    documents = seeds()
    lines = cited(*documents)
    assert len(lines) == 41
    by_title = {document.title: document for document in documents}
    for title, document in by_title.items():
        (line,) = [each for each in lines if title.rstrip(".")[:40].casefold() in each.casefold()][
            :1
        ]
        assert str(document.year) in line


def test_citeproc_splits_no_name() -> None:
    (line,) = cited(PLAIN)
    assert line.startswith("C. Zimmerman et al. and International Organization for Migration (IOM)")
    assert "2014" in line
