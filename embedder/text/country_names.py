"""The names of countries as they stand in sentences, by language, and the names of their people.

The names are those of ISO 3166-1 (pycountry) and of Unicode CLDR (Babel), which has them in the
languages of the world. What a sentence means by them is for `country_mentions` to say.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pycountry
from babel import Locale, UnknownLocaleError

from embedder.text.countries import country_code, english_names
from embedder.text.words import folded_words

# A name as its words, folded.
NameWords = tuple[str, ...]
# The code of a name; None where the words name no country, though one of them could.
Names = Mapping[str, tuple[tuple[NameWords, str | None], ...]]

DEMONYMS = Path(__file__).with_name("demonyms.csv")
# The languages whose names were compared with the other words of these languages.
CHECKED_LANGUAGES = ("en", "fr", "es", "ar")
# Shorter names in other languages are too often other words: Hindi `माली` is Mali and a gardener.
_MIN_LETTERS = 5

# Names in use beside those of CLDR. Most are translations of the same few countries.
_MORE_NAMES: Mapping[str, Mapping[str, str | None]] = {
    "en": {
        "england": "GBR",
        "scotland": "GBR",
        "northern ireland": "GBR",
        "trinidad": "TTO",
        "gaza": "PSE",
        "west bank": "PSE",
        "congo kinshasa": "COD",
        "congo brazzaville": "COG",
    },
    "fr": {
        "hong kong": "HKG",
        "birmanie": "MMR",
        "vietnam": "VNM",
        "palestine": "PSE",
        "irlande du nord": "GBR",
        "grande bretagne": "GBR",
        "angleterre": "GBR",
        "cote d ivoire": "CIV",
        "centrafrique": "CAF",
        "republique democratique du congo": "COD",
        "republique du congo": "COG",
        "republique tcheque": "CZE",
        "bielorussie": "BLR",
        "ile maurice": "MUS",
        "el salvador": "SLV",
    },
    "es": {
        "hong kong": "HKG",
        "birmania": "MMR",
        "palestina": "PSE",
        "irlanda del norte": "GBR",
        "gran bretana": "GBR",
        "inglaterra": "GBR",
        "costa de marfil": "CIV",
        "republica checa": "CZE",
        "arabia saudita": "SAU",
        "rumania": "ROU",
        "bahrein": "BHR",
        "qatar": "QAT",
        "ee uu": "USA",
        "republica del congo": "COG",
    },
    "ar": {
        "الامارات": "ARE",
        "السعودية": "SAU",
        "فلسطين": "PSE",
        "غزة": "PSE",
        "سورية": "SYR",
        "بريطانيا": "GBR",
        "سلطنة عمان": "OMN",
        "جمهورية الكونغو الديمقراطية": "COD",
        "ايرلندا الشمالية": "GBR",
        "المغرب العربي": None,
    },
}

# Words that are more often something else: a first name, a town, a weapon, an adjective, and the
# names that two countries share.
_NO_NAMES = (
    "congo;reunion;la reunion;grenade;granada;maurice;mauricio;dominique;salvador;guadalupe;"
    "anguila;montserrat;santa lucia;santa elena;sainte helene;saint helena;st helena;san martin;"
    "saint martin;st martin;san bartolome;saint pierre;palaos;مالي;عمان;بنين;سان مارتن"
)

# Phrases with the name of a country in them that mean something else.
_NO_COUNTRIES = {
    "en": (
        "new jersey;jersey city;new mexico;new england;new guinea;new south wales;west virginia;"
        "guinea pig;guinea pigs;guinea fowl;guinea worm;gulf of guinea;gulf of mexico;gulf of oman;"
        "sea of japan;south china sea;east china sea;niger delta;niger river;niger state;"
        "river niger;niger basin;jordan river;river jordan;jordan valley;lake chad;chad basin;"
        "benin city;lake malawi;indian ocean;american indian;american indians;native american;"
        "native americans;german measles;german shepherd;spanish flu;brazil nut;brazil nuts;"
        "panama papers;panama canal;bermuda triangle;congo basin;congo river;british columbia"
    ),
    "fr": (
        "colombie britannique;nouvelle guinee;golfe de guinee;nouveau mexique;cochon d inde;"
        "cochons d inde;lac tchad"
    ),
    "es": "nueva guinea;golfo de guinea;nuevo mexico;golfo de mexico;lago chad",
}

# Languages that are called by none of the demonyms. They stand beside those that are.
_OTHER_LANGUAGES = "english;arabic;swahili;hindi;urdu;farsi;dari;pashto;amharic;tigrinya;kurdish"


@cache
def country_names(language: str) -> Names:
    """Return the names of countries in a language, by their first word, the longest first.

    `language` is an ISO 639 code; one that CLDR does not know has no names.
    """
    names: dict[NameWords, str | None] = {}
    no_names = _NO_NAMES.split(";")
    shortest = 1 if language in CHECKED_LANGUAGES else _MIN_LETTERS
    for name, code in _all_names(language):
        words = folded_words(name)
        if len("".join(words)) >= shortest and " ".join(words) not in no_names:
            names.setdefault(words, code)
    for phrase in _NO_COUNTRIES.get(language, "").split(";"):
        names[folded_words(phrase)] = None
    return _by_first_word(names)


def read_checked_names() -> None:
    """Read the names that every text is searched for, so that no question waits for them."""
    for language in CHECKED_LANGUAGES:
        country_names(language)
    demonyms()


@cache
def demonyms() -> Names:
    """Return what the people of countries are called in English, in singular and plural.

    Those that two countries share, such as `Congolese`, are left out. Languages have no code.
    """
    names: dict[NameWords, str | None] = {(name,): None for name in _OTHER_LANGUAGES.split(";")}
    with DEMONYMS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for name in row["demonyms"].split(";"):
                words = folded_words(name)
                names[words] = names[(*words[:-1], f"{words[-1]}s")] = row["code"]
    return _by_first_word(names)


def _all_names(language: str) -> Iterator[tuple[str, str | None]]:
    """Yield the names in a language with their codes; the same name may come twice."""
    yield from _MORE_NAMES.get(language, {}).items()
    if language == "en":
        yield from english_names()
    for alpha_2, name in _territories(language):
        code = country_code(alpha_2)
        if code is not None:
            plain = re.sub(r"\s*\(.*\)", "", name)
            yield plain, code
            yield plain.replace("&", "and"), code


def _territories(language: str) -> Iterable[tuple[str, str]]:
    """Return the names of countries in a language by their letter codes, as CLDR has them."""
    known = {country.alpha_2 for country in pycountry.countries} | {"XK"}
    try:
        territories = Locale.parse(language).territories
    except (UnknownLocaleError, ValueError):
        return []
    return [(code, territories[code]) for code in sorted(known) if code in territories]


def _by_first_word(names: Mapping[NameWords, str | None]) -> Names:
    by_first: dict[str, list[tuple[NameWords, str | None]]] = {}
    for words, code in names.items():
        if words:
            by_first.setdefault(words[0], []).append((words, code))
    return MappingProxyType(
        {
            first: tuple(sorted(found, key=lambda each: -len(each[0])))
            for first, found in by_first.items()
        }
    )
