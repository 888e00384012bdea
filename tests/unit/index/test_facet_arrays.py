"""Metadata as arrays: always the same for the same documents, however they came to be there."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embedder.index.facet_arrays import FacetArrays, label, labels
from embedder.records import Document
from embedder.vectors import DocumentRows

ARRAYS = {"rows": np.int64, "years": np.int16, "begins": np.int64, "carriers": np.int32}


def document(
    id_: str = "x",
    *,
    countries: tuple[str, ...] = (),
    regions: tuple[str, ...] = (),
    topics: tuple[str, ...] = (),
    authors: tuple[str, ...] = (),
    year: int | None = None,
) -> Document:
    return Document(
        id_, "A title", "", countries, (), regions, authors=authors, year=year, topics=topics
    )


def rows_by_id(documents: Mapping[int, Document]) -> DocumentRows:
    rows = sorted(documents, key=lambda row: documents[row].id)
    return DocumentRows(np.asarray(rows, dtype=np.int64))


def assert_equal(one: FacetArrays, other: FacetArrays) -> None:
    assert (one.labels, one.names) == (other.labels, other.names)
    for name, dtype in ARRAYS.items():
        left, right = getattr(one, name), getattr(other, name)
        assert left.tolist() == right.tolist(), name
        assert left.dtype == right.dtype == dtype, name


# Labels.


def test_a_documents_labels_are_codes_and_folded_names() -> None:
    one = document(
        countries=("Viet Nam", "Worldwide"),
        regions=("Asia and the Pacific",),
        topics=("Referral  Mechanisms",),
        authors=("Markéta Von Hagen",),
        year=2019,
    )
    assert labels(one) == [
        "countries:VNM",
        "countries:worldwide",
        "regions:asia and the pacific",
        "topics:referral mechanisms",
        "authors:marketa von hagen",
    ]


def test_two_spellings_are_one_label() -> None:
    assert labels(document(countries=("Vietnam", "Viet Nam"))) == ["countries:VNM"]


def test_only_countries_are_looked_up() -> None:
    assert label("countries", "Georgia") == "countries:GEO"
    assert label("authors", "Georgia") == "authors:georgia"
    assert label("regions", "LB") == "regions:lb"


def test_a_document_without_metadata_has_no_labels() -> None:
    assert labels(document()) == []


# Collecting.


def test_documents_are_in_the_order_of_their_ids() -> None:
    arrays = FacetArrays.of(
        [
            (1, document("b", topics=("Health",), year=2001)),
            (2, document("B", topics=("Care",))),
            (3, document("é", topics=("Health",), year=2003)),
            (4, document("a", topics=("Health", "Care"), year=2004)),
        ]
    )
    assert arrays.rows.tolist() == [2, 4, 1, 3]
    assert arrays.years.tolist() == [0, 2004, 2001, 2003]
    assert arrays.labels == ["topics:care", "topics:health"]
    assert arrays.names == ["Care", "Health"]
    assert arrays.begins.tolist() == [0, 2, 5]
    assert arrays.carriers.tolist() == [0, 1, 1, 2, 3]


def test_the_order_of_reading_changes_nothing() -> None:
    documents = list(enumerate(some_documents(40), start=1))
    whole = FacetArrays.of(documents)
    assert_equal(FacetArrays.of(documents[::-1]), whole)


def test_each_spelling_of_a_label_has_its_carriers() -> None:
    arrays = FacetArrays.of(
        [
            (1, document("a", countries=("Vietnam",))),
            (2, document("b", countries=("Viet Nam", "Vietnam", "Vietnam"))),
        ]
    )
    assert arrays.labels == ["countries:VNM", "countries:VNM"]
    assert arrays.names == ["Viet Nam", "Vietnam"]
    assert arrays.begins.tolist() == [0, 1, 3]
    assert arrays.carriers.tolist() == [1, 0, 1]


def test_no_documents_have_empty_arrays() -> None:
    arrays = FacetArrays.of([])
    assert (arrays.labels, arrays.names) == ([], [])
    assert arrays.begins.tolist() == [0]
    assert {name: getattr(arrays, name).dtype for name in ARRAYS} == ARRAYS


# Changing.


def some_documents(count: int, seed: int = 0) -> Iterable[Document]:
    """Documents with ids in random order, spelling a few labels in several ways."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    countries = ("Vietnam", "Viet Nam", "VIETNAM", "Lebanon", "Worldwide")
    authors = ("Claire Healy", "claire healy", "Ann Ash", "Markéta Hagen", "Marketa Hagen")
    for _ in range(count):
        yield document(
            f"{chance.choice('aBé😀')}{chance.getrandbits(40)}",
            countries=tuple(chance.sample(countries, chance.randint(0, 2))),
            topics=tuple(chance.sample(("Health", "health", "Care", "Law"), chance.randint(0, 2))),
            authors=tuple(chance.sample(authors, chance.randint(0, 3))),
            year=chance.choice((None, 2010, 2019)),
        )


@pytest.mark.parametrize("seed", range(20))
def test_changing_gives_what_collecting_all_would(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (no secret)
    stored = dict(enumerate(some_documents(chance.randint(0, 12), seed), start=1))
    arrays = FacetArrays.of(stored.items())
    for step in range(6):
        rows = sorted(stored)
        removed = set(chance.sample(rows, chance.randint(0, len(rows))))
        changed = set(chance.sample(sorted(removed), len(removed) // 2))
        fresh = iter(list(some_documents(20, 1000 * seed + step + 1)))
        added = {row: replace(next(fresh), id=stored[row].id) for row in changed}
        # SQLite uses a row number again after the last row is removed.
        first = max(set(rows) - removed | changed, default=0) + 1
        added |= {first + at: next(fresh) for at in range(chance.randint(0, 4))}
        stored = {row: each for row, each in stored.items() if row not in removed} | added
        arrays = arrays.changed(removed, list(added.items()), rows_by_id(stored))
        assert_equal(arrays, FacetArrays.of(stored.items()))


def test_a_spelling_goes_with_its_last_document() -> None:
    stored = {
        1: document("a", countries=("Vietnam",)),
        2: document("b", countries=("Viet Nam",)),
    }
    arrays = FacetArrays.of(stored.items())
    del stored[2]
    assert arrays.changed([2], [], rows_by_id(stored)).names == ["Vietnam"]


@pytest.mark.parametrize("rows", [[1], [1, 2, 3], [1, 3], [1, 1]])
def test_rows_that_do_not_fit_the_change_are_refused(rows: list[int]) -> None:
    arrays = FacetArrays.of([(1, document("a"))])
    wanted = DocumentRows(np.asarray(rows, dtype=np.int64))
    with pytest.raises(ValueError, match="the 1 documents kept and 1 added are not the"):
        arrays.changed([], [(2, document("b"))], wanted)


# Files.


@pytest.mark.parametrize("count", [0, 1, 30])
def test_arrays_are_read_as_they_were_written(tmp_path: Path, count: int) -> None:
    arrays = FacetArrays.of(enumerate(some_documents(count), start=1))
    arrays.write(tmp_path / "facets")
    assert_equal(FacetArrays.read(tmp_path / "facets"), arrays)
