"""Which filters are suggested for a question, and how many hits each would leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedder.library import Library
from embedder.records import Answer, Document, Filters, SuggestedFilter
from embedder.search.suggestions import MAX_SUGGESTIONS
from tests.support.words import build_words, read_words

ASIA = "Asia and the Pacific"
MENA = "Middle East and North Africa"
PAPERS = (
    Document(
        id="a",
        title="Work in Lebanon",
        countries=("Lebanon",),
        regions=(MENA,),
        authors=("Claire Healy",),
        year=2010,
    ),
    Document(
        id="b",
        title="Homes of workers",
        countries=("Lebanon", "Jordan"),
        regions=(MENA,),
        authors=("Claire Healy", "IOM"),
        year=2014,
    ),
    Document(id="c", title="Nets of fishers", countries=("Viet Nam",), regions=(ASIA,), year=2015),
    Document(id="d", title="A guide", countries=("Worldwide",), regions=("Worldwide",), year=2016),
    Document(id="e", title="", countries=("Lebanon",), year=2014),  # without text: no hit
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("papers")
    build_words(folder, *PAPERS)
    with read_words(folder) as opened:
        yield opened


def offered(answer: Answer) -> list[tuple[dict[str, Any], int]]:
    return [(each.as_dict()["filters"], each.count) for each in answer.suggested_filters]


@pytest.mark.parametrize(
    ("question", "filters", "count"),
    [
        ("workers in Lebanon", {"countries": ["Lebanon"]}, 2),
        ("lebanese workers", {"countries": ["Lebanon"]}, 2),
        ("au Liban", {"countries": ["Lebanon"]}, 2),
        ("Vietnamese fishers", {"countries": ["Viet Nam"]}, 1),
        ("homes in Jordan", {"countries": ["Jordan"]}, 1),
        ("homes in Paraguay", {"countries": ["Paraguay"]}, 0),
        ("homes in Iran", {"countries": ["Iran"]}, 0),
        ("homes in the Middle East", {"regions": [MENA]}, 2),
        ("fishers in Asia and the Pacific", {"regions": [ASIA]}, 1),
        ("fishers in Asia", {"regions": [ASIA]}, 1),
        ("homes since 2014", {"year_from": 2014}, 3),
        ("homes before 2014", {"year_to": 2013}, 1),
        ("homes between 2010 and 2014", {"year_from": 2010, "year_to": 2014}, 2),
        ("homes in 2015", {"year_from": 2015, "year_to": 2015}, 1),
        ("What does Claire Healy say?", {"authors": ["Claire Healy"]}, 2),
        ("homes, by IOM", {"authors": ["IOM"]}, 1),
    ],
)
def test_what_a_question_names_is_suggested(
    question: str, filters: dict[str, Any], count: int, library: Library
) -> None:
    answer = library.search(question)
    assert offered(answer) == [(filters, count)]
    # The count is that of the answer to the question with the filter.
    narrowed = library.search(question, **filters)
    assert (answer.total, narrowed.total) == (4, count)


@pytest.mark.parametrize(
    "question",
    [
        "homes",
        "Chad keeps her passport",
        "homes in 1990",  # no document of that year
        "homes since 2010",  # all documents
        "homes since 1990",
        "Claire said so",
        "homes worldwide",
        "West Asia",
        "a pacific protest",
    ],
)
def test_nothing_is_suggested_that_does_not_narrow(question: str, library: Library) -> None:
    assert library.search(question).suggested_filters == ()


def test_suggestions_are_in_the_order_of_the_words_each_once(library: Library) -> None:
    question = "Since 2014, what of Lebanon? Of Jordan and Lebanon? By Claire Healy?"
    answer = library.search(question)
    assert answer.suggested_filters == (
        SuggestedFilter("year", 0, 10, Filters(year_from=2014), 3),
        SuggestedFilter("country", 20, 27, Filters(countries=("Lebanon",)), 2),
        SuggestedFilter("country", 32, 38, Filters(countries=("Jordan",)), 1),
        SuggestedFilter("author", 55, 67, Filters(authors=("Claire Healy",)), 2),
    )


def test_of_a_field_that_is_filtered_by_nothing_is_suggested(library: Library) -> None:
    question = "Jordan and Lebanon since 2014, by Claire Healy, in the Middle East"
    whole = offered(library.search(question))
    assert len(whole) == 5
    kinds = {
        "countries": library.search(question, countries=["Viet Nam"], year_from=2001),
        "regions": library.search(question, regions=[MENA]),
        "authors": library.search(question, authors=["IOM"]),
        "year_to": library.search(question, year_to=2015),
    }
    for field, answer in kinds.items():
        named = {name for filters, _ in offered(answer) for name in filters}
        assert field not in named
        assert answer.total < 4
    assert "year_from" not in {each for filters, _ in offered(kinds["year_to"]) for each in filters}


def test_counts_are_those_within_the_filters(library: Library) -> None:
    answer = library.search("homes in Lebanon and Viet Nam", year_from=2012)
    assert offered(answer) == [({"countries": ["Lebanon"]}, 1), ({"countries": ["Viet Nam"]}, 1)]
    answer = library.search("homes in Paraguay", include_worldwide=True)
    assert offered(answer) == [({"countries": ["Paraguay"]}, 1)]
    narrowed = library.search("homes", countries=["Paraguay"], include_worldwide=True)
    assert narrowed.total == 1


def test_an_answer_without_hits_suggests_nothing(library: Library) -> None:
    answer = library.search("homes in Lebanon", year_to=1990)
    assert (answer.total, answer.suggested_filters) == (0, ())


def test_counts_are_those_of_the_hits(library: Library) -> None:
    question = "nets, homes since 2015"
    assert offered(library.search(question)) == [({"year_from": 2015}, 2)]
    answer = library.search(question, mode="keyword")
    assert (answer.total, offered(answer)) == (2, [({"year_from": 2015}, 1)])


def test_a_country_that_only_the_hits_lack_is_not_said_to_be_missing(library: Library) -> None:
    answer = library.search("homes in Viet Nam", year_to=2014)
    assert (answer.total, answer.suggested_filters) == (2, ())


def test_words_as_they_stand_are_read_too(library: Library) -> None:
    assert len(library.search("homes in Lebanon", expand=False).suggested_filters) == 1


def test_a_library_that_names_no_countries_says_of_none_that_it_is_missing(tmp_path: Path) -> None:
    build_words(tmp_path, Document(id="a", title="Lebanon"), Document(id="b", title="Homes"))
    with read_words(tmp_path) as library:
        assert library.search("homes in Lebanon").suggested_filters == ()


def test_a_country_is_no_author(tmp_path: Path) -> None:
    authors = ("South Africa", "Government of Lebanon")
    build_words(
        tmp_path,
        Document(id="a", title="A", authors=authors, countries=("Lebanon",)),
        Document(id="b", title="B"),
    )
    with read_words(tmp_path) as library:
        assert offered(library.search("homes in South Africa")) == [
            ({"countries": ["South Africa"]}, 0)
        ]
        assert offered(library.search("by the Government of Lebanon")) == [
            ({"authors": ["Government of Lebanon"]}, 1),
            ({"countries": ["Lebanon"]}, 1),
        ]


def test_a_story_of_many_countries_gets_no_list_of_them(library: Library) -> None:
    places = "Peru, Cuba, Italy, Malta, Spain, Greece, Norway, Sweden, Kenya, Ghana, Angola, Brazil"
    assert len(library.search(f"from {places}").suggested_filters) == MAX_SUGGESTIONS
