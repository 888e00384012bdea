"""What a question names, and whether a document has it."""

from __future__ import annotations

import pytest

from embedder.records import Document
from embedder.search.named import Named, count_missing, find_named

LEBANON, PARAGUAY = Named(country="LBN"), Named(country="PRY")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Which law applies in Paraguay?", {PARAGUAY}),
        ("lebanese shelters and Lebanon", {LEBANON}),
        ("reports since 2015", {Named(years=(2015, None))}),
        ("Directive 2011/36/EU", {Named(number="2011"), Named(number="36")}),
        ("she is 7 and has 2 brothers", set()),
        ("a debt of 450 dollars", {Named(number="450")}),
        ("He is 16. He owes 450 dollars.", set()),
        (
            "reports since 2015 on resolution 1325",
            {Named(years=(2015, None)), Named(number="1325")},
        ),
        ("what helps", set()),
        ("", set()),
    ],
)
def test_places_years_names_and_numbers_are_found(text: str, named: set[Named]) -> None:
    assert set(find_named(text, ("en",))) == named


def test_what_is_named_twice_counts_once() -> None:
    assert find_named("From Lebanon to Lebanon, 450 or 450", ("en",)) == (
        LEBANON,
        Named(number="450"),
    )


@pytest.mark.parametrize(
    ("document", "named", "expected"),
    [
        (Document(id="a", title="Work", countries=("Lebanon",)), LEBANON, True),
        (Document(id="a", title="Work", abstract="In Lebanon, maids."), LEBANON, True),
        (Document(id="a", title="Work", countries=("Jordan",)), LEBANON, False),
        (Document(id="a", title="Work", year=2016), Named(years=(2015, None)), True),
        (Document(id="a", title="Work", year=2014), Named(years=(2015, None)), False),
        (Document(id="a", title="In 2015", year=2014), Named(years=(2015, 2015)), True),
        (Document(id="a", title="Directive 2011/36"), Named(number="36"), True),
        (Document(id="a", title="x", year=2011), Named(number="36"), False),
    ],
)
def test_a_document_has_it_in_its_text_or_its_metadata(
    document: Document, named: Named, expected: bool
) -> None:
    assert count_missing([named], [document]) == (0 if expected else 1)


def test_what_any_of_the_documents_has_is_not_missing() -> None:
    documents = [
        Document(id="a", title="Work in Lebanon", year=2016),
        Document(id="b", title="Directive 2011/36", countries=("Paraguay",)),
    ]
    jordan, number = Named(country="JOR"), Named(number="37")
    there = [LEBANON, PARAGUAY, Named(years=(2015, None)), Named(number="36")]
    assert count_missing(there, documents) == 0
    assert count_missing([*there, jordan, number, Named(years=(2017, None))], documents) == 3
    assert count_missing([jordan, number], []) == 2
    assert count_missing([], []) == 0
