"""Which authors of a library a text names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from embedder.index.facets import Facets
from embedder.records import Document
from embedder.search.author_names import AuthorMention, AuthorNames

AUTHORS = (
    "Claire Healy",
    "C. Zimmerman et al.",
    "Joudo Larsen, Jacqueline",
    "Hana Abul Husn (Walk Free Foundation)",
    "Markéta Von Hagen",
    "Save the Children",
    "Walk Free Foundation",
    "United Nations Office on Drugs and Crime",
    "International Organization For Migration (IOM)",
    "UNICEF",
    "Smith",
    "Ann Lee (Leeds)",
    "Ann Lee (London)",
    "Centre for Advanced Policy",
    "Commission on Allied Protection",
    "Anna Berta Carla",
)


def named_by(*authors: str) -> Callable[[str], list[str]]:
    facets = Facets.of([(1, Document(id="a", title="A", authors=authors))])
    names = AuthorNames(facets)
    return lambda text: [each.name for each in names.find(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What did Claire Healy find?", "Claire Healy"),
        ("CLAIRE HEALY", "Claire Healy"),
        ("Claire Healy's work", "Claire Healy"),
        ("by C. Zimmerman", "C. Zimmerman et al."),
        ("Jacqueline Joudo Larsen on slavery", "Joudo Larsen, Jacqueline"),
        ("Hana Abul Husn", "Hana Abul Husn (Walk Free Foundation)"),
        ("Marketa von Hagen", "Markéta Von Hagen"),
        ("the Walk Free Foundation", "Walk Free Foundation"),
        ("Save the Children", "Save the Children"),
        ("UNODC reports", "United Nations Office on Drugs and Crime"),
        ("guidance by IOM", "International Organization For Migration (IOM)"),
        ("What does UNICEF say?", "UNICEF"),
    ],
)
def test_an_author_is_found_by_the_full_name_or_an_acronym(text: str, name: str) -> None:
    assert named_by(*AUTHORS)(text) == [name]


@pytest.mark.parametrize(
    "text",
    [
        "Healy",
        "Claire",
        "Claire, Healy",
        "claire healy",
        "can she walk free",
        "Walk Free",
        "how to save the children",
        "Smith",
        "the smith",
        "unicef",
        "iom",
        "Ann Lee",
        "CAP",
        "ABC",
        "WHO",
        "ALL OF IOM IS HERE",
        "",
    ],
)
def test_part_of_a_name_and_what_several_have_name_nobody(text: str) -> None:
    assert named_by(*AUTHORS)(text) == []


def test_an_acronym_that_is_an_author_itself_goes_before_initials() -> None:
    assert named_by("IOM", "Institute of Ocean Mining")("by IOM") == ["IOM"]
    assert named_by("Institute of Ocean Mining")("by IOM") == ["Institute of Ocean Mining"]


def test_authors_are_found_in_order_with_their_places() -> None:
    names = AuthorNames(Facets.of([(1, Document(id="a", title="A", authors=AUTHORS))]))
    assert names.find("UNICEF and Claire Healy") == [
        AuthorMention(0, 6, "UNICEF"),
        AuthorMention(11, 23, "Claire Healy"),
    ]


def test_a_library_without_authors_names_nobody() -> None:
    assert named_by()("Claire Healy of IOM") == []
