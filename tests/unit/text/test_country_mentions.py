"""Which countries a text names, and which words only look like one."""

from __future__ import annotations

import pytest

from embedder.text.country_mentions import CountryMention, find_countries


def found(text: str, *languages: str) -> dict[str, str]:
    mentions = find_countries(text, languages or ("en",))
    return {text[each.start : each.end]: each.code for each in mentions}


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("What about Lebanon?", {"Lebanon": "LBN"}),
        ("lebanese workers in lebanon", {"lebanese": "LBN", "lebanon": "LBN"}),
        ("Niger and Nigeria", {"Niger": "NER", "Nigeria": "NGA"}),
        ("Sudan, South Sudan", {"Sudan": "SDN", "South Sudan": "SSD"}),
        ("Papua New Guinea", {"Papua New Guinea": "PNG"}),
        ("the Democratic Republic of the Congo", {"Democratic Republic of the Congo": "COD"}),
        ("Côte d’Ivoire", {"Côte d’Ivoire": "CIV"}),
        ("Bosnia & Herzegovina", {"Bosnia & Herzegovina": "BIH"}),
        ("Northern Ireland", {"Northern Ireland": "GBR"}),
        ("Lebanon's law", {"Lebanon": "LBN"}),
        ("the Libya-Italy route", {"Libya": "LBY", "Italy": "ITA"}),
        ("IOM Nigeria", {"Nigeria": "NGA"}),
        # Names that people and birds have, where a place stands.
        ("refugees in Chad", {"Chad": "TCD"}),
        ("trafficking in Turkey", {"Turkey": "TUR"}),
        ("she fled to Jordan", {"Jordan": "JOR"}),
        ("women from Georgia", {"Georgia": "GEO"}),
        ("Armenia and Georgia", {"Armenia": "ARM", "Georgia": "GEO"}),
        ("Jordan, Syria", {"Jordan": "JOR", "Syria": "SYR"}),
        ("Trafficking In Jordan And Lebanon", {"Jordan": "JOR", "Lebanon": "LBN"}),
        # People, and languages.
        ("Syrians and a Nigerian", {"Syrians": "SYR", "Nigerian": "NGA"}),
        ("French law", {"French": "FRA"}),
        ("Thai and Vietnamese women", {"Thai": "THA", "Vietnamese": "VNM"}),
        ("the Dutch", {"Dutch": "NLD"}),
        ("the Syrian-Lebanese border", {"Syrian": "SYR", "Lebanese": "LBN"}),
        ("South Korean women", {"South Korean": "KOR"}),
        # Letters.
        ("in the US", {"US": "USA"}),
        ("the U.S. government", {"U.S": "USA"}),
        ("UK law", {"UK": "GBR"}),
        ("referral in LBN", {"LBN": "LBN"}),
        ("our partner (LBN)", {"LBN": "LBN"}),
    ],
)
def test_a_country_is_found(text: str, countries: dict[str, str]) -> None:
    assert found(text) == countries


@pytest.mark.parametrize(
    "text",
    [
        "Chad is my friend",
        "Jordan keeps her passport",
        "I spoke to Jordan",
        "a message from Chad",
        "in Chad's house",
        "Michael Jordan",
        "in Jordan Peterson's book",
        "Georgia Smith",
        "Kenya Barris",
        "a novel by Anatole France",
        "Mr Holland",
        "a turkey sandwich",
        "salmonella in turkey",
        "china plates",
        "polish nails",
        "Polish",
        "guinea pigs",
        "New Jersey",
        "Lake Chad",
        "the Jordan Valley",
        "Indian Ocean",
        "the Niger Delta",
        "Benin City",
        "a Turkish-for-beginners course",
        "Latin American migrants",
        "Native Americans",
        "non-Lebanese",
        "the form is in French",
        "in English and French",
        "a French-speaking woman",
        "a Vietnamese interpreter",
        "she speaks Vietnamese",
        "in Thai or Vietnamese",
        "Congo",
        "Korea",
        "Dominican women",
        "family reunion",
        "a grenade",
        "Maurice and Dominique",
        "Chili peppers",
        "she may help us in march",
        "HELP US PLEASE",
        "PLEASE HELP US.",
        "500 US dollars",
        "US$ 500",
        "I CAN DO IT",
        "he went in AND out",
        "it is no problem",
        "Nigeriana Lebanonese",
        "",
        "?!",
    ],
)
def test_what_only_looks_like_a_country_is_not_taken_for_one(text: str) -> None:
    assert found(text) == {}


@pytest.mark.parametrize(
    ("text", "language", "countries"),
    [
        ("la traite au Liban", "fr", {"Liban": "LBN"}),
        ("les travailleuses au liban", "fr", {"liban": "LBN"}),
        ("traite Liban", "en", {"Liban": "LBN"}),
        ("en Suède et au Chili", "fr", {"Suède": "SWE", "Chili": "CHL"}),
        ("Cap-Vert", "fr", {"Cap-Vert": "CPV"}),
        ("trata en el Líbano", "es", {"Líbano": "LBN"}),
        ("víctimas en colombia", "es", {"colombia": "COL"}),
        ("en EE. UU.", "es", {"EE. UU": "USA"}),
        ("الاتجار في لبنان", "ar", {"لبنان": "LBN"}),
        (
            "من سوريا ولبنان وللأردن",
            "ar",
            {"سوريا": "SYR", "ولبنان": "LBN", "وللأردن": "JOR"},
        ),
        ("Menschenhandel in Frankreich", "de", {"Frankreich": "FRA"}),
        ("biashara nchini Ufaransa", "sw", {"Ufaransa": "FRA"}),
    ],
)
def test_names_are_read_in_the_languages_of_the_pages_and_of_the_text(
    text: str, language: str, countries: dict[str, str]
) -> None:
    assert found(text, language) == countries


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("la réunion de travail", "fr"),
        ("un cochon d'Inde", "fr"),
        ("une chinoise de chine", "fr"),
        ("la india", "es"),
        ("الدعم المالي", "ar"),
        ("دعم مالي في عمان", "ar"),
        ("المغرب العربي", "ar"),
        ("Menschenhandel in Frankreich", "en"),
        ("in frankreich", "de"),
        ("mali destek", "tr"),
    ],
)
def test_words_of_other_languages_are_not_taken_for_countries(text: str, language: str) -> None:
    assert found(text, language) == {}


def test_places_are_those_of_the_text() -> None:
    assert find_countries("In Lebanon, and in Lebanon") == [
        CountryMention(3, 10, "LBN"),
        CountryMention(19, 26, "LBN"),
    ]
