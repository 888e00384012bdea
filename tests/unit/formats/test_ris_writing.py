"""RIS, checked with rispy."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import rispy

from embedder.records import Document
from tests.support.documents import PLAIN, generated, seeds, written


def read(*documents: Document) -> list[dict[str, Any]]:
    return rispy.loads(written("ris", *documents))


def test_a_record_stands_so() -> None:
    assert written("ris", replace(PLAIN, abstract="A study.")) == (
        "TY  - RPRT\n"
        "DB  - Fingerpost\n"
        "ID  - health-mekong\n"
        "AN  - health-mekong\n"
        "TI  - Health & Human Trafficking\n"
        "AU  - C. Zimmerman et al.\n"
        "AU  - International Organization for Migration (IOM)\n"
        "PY  - 2014\n"
        "AB  - A study.\n"
        "KW  - Trafficking\n"
        "KW  - Health; care\n"
        "C1  - Thailand; Congo, Democratic Republic of the\n"
        "C2  - THA; COD\n"
        "C3  - Asia and the Pacific\n"
        "C4  - Reports\n"
        "C5  - 000.txt; 004.txt\n"
        "ER  - \n\n"
    )


def test_rispy_reads_the_seeds() -> None:
    documents = seeds()
    for document, record in zip(documents, read(*documents), strict=True):
        assert record["type_of_reference"] == "RPRT"
        assert (record["id"], record["accession_number"]) == (document.id, document.id)
        assert record["title"] == document.title.strip()
        assert record["abstract"] == " ".join(document.abstract.split())
        assert tuple(record.get("authors", ())) == document.authors
        assert record["year"] == str(document.year)
        assert tuple(record["keywords"]) == document.topics
        assert record["custom1"] == "; ".join(document.countries)
        assert "unknown_tag" not in record


def test_rispy_finds_one_record_a_document_whatever_is_in_it() -> None:
    documents = generated(200)
    for document, record in zip(documents, read(*documents), strict=True):
        assert record["accession_number"].split() == document.id.split()
        assert record["name_of_database"] == "Fingerpost"
        assert "unknown_tag" not in record


def test_what_a_line_cannot_hold_is_in_c8_too() -> None:
    (record,) = read(PLAIN)
    assert record["abstract"] == "A study. In 50% of cases: “care”."
    assert json.loads(record["custom8"]) == {"abstract": PLAIN.abstract}
    assert record["custom8"].isascii()
    assert "custom8" not in read(replace(PLAIN, abstract="A study."))[0]


@pytest.mark.parametrize(
    "name", ["International Organization for Migration (IOM)", "Walk Free Foundation", "Ärzte"]
)
def test_a_name_without_a_comma_is_kept_whole(name: str) -> None:
    (record,) = read(replace(PLAIN, authors=(name,), abstract=""))
    assert record["authors"] == [name]
    assert "custom8" not in record


def test_a_name_with_a_comma_is_in_c8_too() -> None:
    name = "Ministry of Labour, Invalids and Social Affairs"
    (record,) = read(replace(PLAIN, authors=(name,), abstract=""))
    assert record["authors"] == [name]
    assert json.loads(record["custom8"]) == {"authors": [name]}
