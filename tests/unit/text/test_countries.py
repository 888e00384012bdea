"""Names and codes of countries, and regions that a page splits."""

from __future__ import annotations

from typing import Any

import pycountry
import pytest

from embedder.text.countries import (
    country_code,
    country_codes,
    country_name,
    english_names,
    join_split_regions,
    region_parts,
)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Lebanon", "LBN"),
        ("lebanon", "LBN"),
        ("LEBANON", "LBN"),
        ("LB", "LBN"),
        ("lb", "LBN"),
        ("lbn", "LBN"),
        (" Lebanon\n", "LBN"),
        ("Vietnam", "VNM"),
        ("Viet Nam", "VNM"),
        ("viet  nam", "VNM"),
        ("VN", "VNM"),
        ("Syrian Arab Republic", "SYR"),
        ("Syria", "SYR"),
        ("Côte d'Ivoire", "CIV"),
        ("Cote d’Ivoire", "CIV"),
        ("Ivory Coast", "CIV"),
        ("Türkiye", "TUR"),
        ("Turkey", "TUR"),
        ("Czech Republic", "CZE"),
        ("Democratic Republic of the Congo", "COD"),
        ("DRC", "COD"),
        ("Congo", "COG"),
        ("Niger", "NER"),
        ("Nigeria", "NGA"),
        ("Guinea", "GIN"),
        ("Guinea-Bissau", "GNB"),
        ("North Macedonia", "MKD"),
        ("Republic of Moldova", "MDA"),
        ("United States of America", "USA"),
        ("UK", "GBR"),
        ("Kosovo", "XKX"),
        ("xkx", "XKX"),
        ("Georgia", "GEO"),
    ],
)
def test_a_country_has_one_code_under_all_its_names(name: str, code: str) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        # BUG: names are compared with their accents, unlike everything else (`fold`).
        ("Turkiye", "TUR"),
        ("Curacao", "CUW"),
        ("Reunion", "REU"),
        # BUG: short names that the United Nations' own documents use.
        ("State of Palestine", "PSE"),
        ("Republic of Korea", "KOR"),
        ("Iran (Islamic Republic of)", "IRN"),
        ("Bolivia (Plurinational State of)", "BOL"),
        ("Venezuela (Bolivarian Republic of)", "VEN"),
        ("The Netherlands", "NLD"),
        ("Lao PDR", "LAO"),
        # BUG: the two-letter code in use for Kosovo, beside the three-letter one that is known.
        ("XK", "XKX"),
    ],
)
def test_an_everyday_name_is_known(name: str, code: str) -> None:
    assert country_code(name) == code


@pytest.mark.parametrize(
    "name",
    ["Worldwide", "worldwide", "Atlantis", "", " ", "Asia", "Middle East", "Viet", "Lebanonn", "X"],
)
def test_other_names_have_no_code(name: str) -> None:
    assert country_code(name) is None


def test_every_country_is_found_by_name_and_by_both_codes() -> None:
    names = [
        (name, each.alpha_3)
        for each in pycountry.countries
        for exact in (each.name, each.alpha_2, each.alpha_3)
        for name in (exact, exact.lower(), exact.upper())
    ]
    assert len(names) > 2000
    assert [(name, code) for name, code in names if country_code(name) != code] == []


def test_codes_keep_the_order_of_the_names_each_once() -> None:
    names = ["Vietnam", "Worldwide", "Lebanon", "Viet Nam", "Atlantis", "LB", "Kosovo"]
    assert country_codes(names) == ("VNM", "LBN", "XKX")
    assert country_codes([]) == ()


@pytest.mark.parametrize(
    ("code", "name"),
    [("LBN", "Lebanon"), ("IRN", "Iran"), ("SYR", "Syria"), ("XKX", "Kosovo")],
)
def test_a_country_has_an_everyday_name(code: str, name: str) -> None:
    assert country_name(code) == name
    assert country_code(name) == code


def test_a_code_that_no_country_has_has_no_name() -> None:
    with pytest.raises(KeyError):
        country_name("XXX")


def test_english_names_are_those_that_are_known_without_the_codes() -> None:
    names = dict(english_names())
    assert (names["Lebanon"], names["holland"]) == ("LBN", "NLD")
    assert not {"LB", "LBN", "uk", "xk"} & set(names)
    assert all(country_code(name) == code for name, code in names.items())


ASIA = "Asia and the Pacific"
MENA = "Middle East and North Africa"
EUROPE = "South-Eastern Europe, Eastern Europe and Central Asia"
AMERICA = "Central and North America and the Caribbean"


@pytest.mark.parametrize(
    ("lines", "regions"),
    [
        (["Asia", "Pacific"], (ASIA,)),
        (["Pacific", "Asia"], (ASIA,)),
        (["Middle East", "North Africa"], (MENA,)),
        (["West Africa", "Central Africa"], ("West and Central Africa",)),
        (["East Africa", "Horn Of Africa"], ("East Africa and the Horn of Africa",)),
        (["South Eastern Europe", "Eastern Europe", "Central Asia"], (EUROPE,)),
        (["Eastern Europe", "South Eastern Europe", "Central Asia"], (EUROPE,)),
        (["Central Asia", "Eastern Europe", "South Eastern Europe"], (EUROPE,)),
        (["Central", "North America", "Caribbean"], (AMERICA,)),
        (["Caribbean", "Central", "North America"], (AMERICA,)),
        (["Worldwide"], ("Worldwide",)),
        ([], ()),
    ],
    ids=", ".join,
)
def test_a_split_region_is_put_together(
    lines: list[str] | list[Any], regions: tuple[Any, ...] | tuple[str, ...]
) -> None:
    assert join_split_regions(lines) == regions


@pytest.mark.parametrize(
    ("lines", "regions"),
    [
        (["Asia"], ("Asia",)),
        (["Eastern Europe", "Central Asia"], ("Eastern Europe", "Central Asia")),
        (["North Africa", "West Africa"], ("North Africa", "West Africa")),
        (["North America", "Caribbean"], ("North America", "Caribbean")),
        (["Southern Africa"], ("Southern Africa",)),
        (["asia", "pacific"], ("asia", "pacific")),
    ],
    ids=", ".join,
)
def test_part_of_a_region_stays_as_it_stands(lines: list[str], regions: tuple[str, ...]) -> None:
    assert join_split_regions(lines) == regions


def test_a_region_takes_the_place_of_its_first_part() -> None:
    lines = ["Worldwide", "North Africa", "Asia", "Southern Africa", "Middle East", "Pacific"]
    assert join_split_regions(lines) == ("Worldwide", MENA, ASIA, "Southern Africa")


def test_a_region_is_named_once() -> None:
    assert join_split_regions(["Asia", "Pacific", "Asia"]) == (ASIA,)
    assert join_split_regions(["Worldwide", "Worldwide"]) == ("Worldwide",)


def test_a_split_region_has_parts() -> None:
    assert region_parts(MENA) == ("Middle East", "North Africa")
    assert region_parts("Southern Africa") == ()
