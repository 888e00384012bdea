"""Which years a text asks for, and which numbers are none."""

from __future__ import annotations

import pytest

from embedder.text.year_mentions import YearMention, find_years


def found(text: str) -> list[tuple[int | None, int | None]]:
    return [(each.first, each.last) for each in find_years(text)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("documents since 2015", 2015, None),
        ("since the year 2015", 2015, None),
        ("from 2015 onwards", 2015, None),
        ("after 2015", 2016, None),
        ("before 2010", None, 2009),
        ("until 2012", None, 2012),
        ("up to 2012", None, 2012),
        ("What was written between 2010 and 2014?", 2010, 2014),
        ("reports from 2010 to 2014", 2010, 2014),
        ("2010–2014", 2010, 2014),
        ("2010-14", 2010, 2014),
        ("in the 1990s", 1990, 1999),
        ("the late 1990s", 1990, 1999),
        ("trafficking in 2015", 2015, 2015),
        ("in 2015, in Lebanon", 2015, 2015),
        ("the 2015 report", 2015, 2015),
        ("Trafficking in Persons Report of 2015", 2015, 2015),
        ("UNODC (2014)", 2014, 2014),
        ("trafficking lebanon 2015", 2015, 2015),
        ("2015", 2015, 2015),
        ("She came to us. What was known in 2015?", 2015, 2015),
        ("depuis 2015", 2015, None),
        ("entre 2010 et 2014", 2010, 2014),
        ("de 2010 à 2014", 2010, 2014),
        ("les années 1990", 1990, 1999),
        ("en 2015", 2015, 2015),
        ("desde 2015", 2015, None),
        ("entre 2010 y 2014", 2010, 2014),
        ("los años 1990", 1990, 1999),
        ("antes de 2010", None, 2009),
        ("منذ 2015", 2015, None),
        ("بين عامي 2010 و2014", 2010, 2014),
        ("في عام ٢٠١٥", 2015, 2015),
        ("Is there law since 2015?", 2015, None),
        ("What changed in the law in 2015?", 2015, 2015),
        ("Was there a new law after 2015?", 2016, None),
        ("girls under 18 since 2015", 2015, None),
        ("girls under 18 in 2015", 2015, 2015),
        ("in case since 2015", 2015, None),
        ("Is there a law since 2015 against trafficking?", 2015, None),
    ],
)
def test_years_and_spans_are_found(text: str, first: int | None, last: int | None) -> None:
    assert found(text) == [(first, last)]


@pytest.mark.parametrize(
    "text",
    [
        "2000 euros",
        "She was paid in 2000 euros",
        "up to 2000 euros",
        "from 2000 to 2010 euros",
        "in 2000 villages",
        "one in 2000",
        "1 in 2000",
        "she owes 2000",
        "$2000",
        "2,000 people",
        "in 1,950 cases",
        "in 2015.5",
        "ages 10 to 14",
        "Article 1951",
        "What does Article 1951 say?",
        "Article (1951)",
        "one woman in 3, one in 2000",
        "resolution 1950",
        "Directive 2011/36/EU",
        "the 2000 Protocol",
        "COVID-2019",
        "room 2015",
        "call 2015550123",
        "+961 1 2015",
        "in March 2015",
        "trafficking March 2015",
        "She was born in 1998",
        "née en 1998",
        "nacida en 1998",
        "from 2014 to 2010",
        "She came in 2015. What can I do?",
        "in 1815",
        "the 90s",
        "",
    ],
)
def test_other_numbers_are_not_years(text: str) -> None:
    assert found(text) == []


def test_places_are_those_of_the_text() -> None:
    text = "A story. Reports since ٢٠١٥, or of the 1990s?"
    assert find_years(text) == [YearMention(17, 27, 2015, None), YearMention(35, 44, 1990, 1999)]
    assert text[17:27] == "since ٢٠١٥"


def test_one_year_after_another_is_found() -> None:
    assert found("written in 2014, in 2015?") == [(2014, 2014), (2015, 2015)]


def test_all_years_of_a_long_question_are_found() -> None:
    assert found("in 2015, " * 1000) == [(2015, 2015)] * 1000
