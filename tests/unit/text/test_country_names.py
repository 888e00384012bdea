"""Names of countries by language, and of their people."""

from __future__ import annotations

import csv

import pytest

from embedder.text.countries import country_name
from embedder.text.country_names import (
    CHECKED_LANGUAGES,
    DEMONYMS,
    Names,
    country_names,
    demonyms,
    read_checked_names,
)


def codes(names: Names, *words: str) -> list[str | None]:
    return [code for name, code in names.get(words[0], ()) if name == words]


@pytest.mark.parametrize(
    ("language", "name", "code"),
    [
        ("en", "lebanon", "LBN"),
        ("en", "bosnia and herzegovina", "BIH"),
        ("en", "northern ireland", "GBR"),
        ("fr", "liban", "LBN"),
        ("fr", "cote d ivoire", "CIV"),
        ("es", "libano", "LBN"),
        ("ar", "لبنان", "LBN"),
        ("de", "libanon", "LBN"),
        ("so", "lubnaan", "LBN"),
    ],
)
def test_a_country_has_names_in_the_languages_of_the_world(
    language: str, name: str, code: str
) -> None:
    assert codes(country_names(language), *name.split()) == [code]


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "congo"), ("fr", "grenade"), ("fr", "maurice"), ("ar", "مالي"), ("tr", "mali")],
)
def test_a_word_that_is_more_often_another_is_no_name(language: str, name: str) -> None:
    assert codes(country_names(language), name) == []


def test_a_phrase_with_a_name_in_it_may_be_no_country() -> None:
    assert codes(country_names("en"), "guinea", "pig") == [None]


def test_longer_names_come_first() -> None:
    lengths = [len(name) for name, _ in country_names("en")["guinea"]]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] == 1


def test_a_language_that_nobody_lists_has_no_names() -> None:
    assert dict(country_names("xx")) == {}


def test_people_are_named_in_singular_and_plural() -> None:
    assert codes(demonyms(), "lebanese") == ["LBN"]
    assert codes(demonyms(), "syrians") == ["SYR"]
    assert codes(demonyms(), "south", "sudanese") == ["SSD"]
    assert codes(demonyms(), "arabic") == [None]


@pytest.mark.parametrize("name", ["congolese", "dominican", "korean"])
def test_people_of_two_countries_are_left_out(name: str) -> None:
    assert codes(demonyms(), name) == []


def test_each_line_of_the_table_is_of_another_country_in_order() -> None:
    with DEMONYMS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    listed = [row["code"] for row in rows]
    assert listed == sorted(set(listed))
    assert all(country_name(code) for code in listed)
    names = [name for row in rows for name in row["demonyms"].split(";")]
    assert len(names) == len(set(names))
    assert all(name == name.strip() and name[0].isupper() for name in names)


def test_names_that_were_read_are_not_read_again() -> None:
    read_checked_names()
    before = country_names.cache_info().misses
    assert all(country_names(language) for language in CHECKED_LANGUAGES)
    assert country_names.cache_info().misses == before
