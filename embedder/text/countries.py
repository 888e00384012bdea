"""Names and codes of countries, and the regions that the library's pages use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import pycountry

from embedder.text.folding import fold

WORLDWIDE = "Worldwide"
_NAME_FIELDS = ("official_name", "common_name", "name")
_FIELDS = (*_NAME_FIELDS, "alpha_2", "alpha_3")
# Everyday names up to this length are acronyms.
_MAX_ACRONYM = 3

# Everyday names that ISO 3166-1, and so pycountry, does not list. Kosovo has no ISO code;
# XKX is the user-assigned one that the European Commission and the World Bank use.
_EVERYDAY_NAMES = {
    "state of palestine": "PSE",
    "republic of korea": "KOR",
    "iran (islamic republic of)": "IRN",
    "bolivia (plurinational state of)": "BOL",
    "venezuela (bolivarian republic of)": "VEN",
    "the netherlands": "NLD",
    "lao pdr": "LAO",
    "bosnia": "BIH",
    "britain": "GBR",
    "brunei": "BRN",
    "burma": "MMR",
    "cape verde": "CPV",
    "congo-brazzaville": "COG",
    "congo-kinshasa": "COD",
    "cote d'ivoire": "CIV",
    "democratic republic of congo": "COD",
    "democratic republic of the congo": "COD",
    "dr congo": "COD",
    "drc": "COD",
    "east timor": "TLS",
    "great britain": "GBR",
    "holland": "NLD",
    "ivory coast": "CIV",
    "kosovo": "XKX",
    "macedonia": "MKD",
    "micronesia": "FSM",
    "palestine": "PSE",
    "republic of the congo": "COG",
    "russia": "RUS",
    "swaziland": "SWZ",
    "the bahamas": "BHS",
    "the former yugoslav republic of macedonia": "MKD",
    "the gambia": "GMB",
    "turkey": "TUR",
    "uae": "ARE",
    "uk": "GBR",
    "vatican": "VAT",
    "xk": "XKX",
    "xkx": "XKX",
}

# A page lists one region over several lines, in any order; these are the names of the regions.
_SPLIT_REGIONS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"Asia", "Pacific"}), "Asia and the Pacific"),
    (frozenset({"Middle East", "North Africa"}), "Middle East and North Africa"),
    (frozenset({"West Africa", "Central Africa"}), "West and Central Africa"),
    (frozenset({"East Africa", "Horn Of Africa"}), "East Africa and the Horn of Africa"),
    (
        frozenset({"South Eastern Europe", "Eastern Europe", "Central Asia"}),
        "South-Eastern Europe, Eastern Europe and Central Asia",
    ),
    (
        frozenset({"Central", "North America", "Caribbean"}),
        "Central and North America and the Caribbean",
    ),
)


def country_code(name: str) -> str | None:
    """Return the ISO 3166-1 alpha-3 code of a country by its name or code, in any case.

    Returns None for any other name, `Worldwide` among them.
    """
    folded = fold(name).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return _EVERYDAY_NAMES.get(folded) or _codes().get(folded)


def country_name(code: str) -> str:
    """Return the English name of a country by its alpha-3 code, an everyday one if ISO has it.

    Raises KeyError for a code that no country has.
    """
    if code == "XKX":
        return "Kosovo"
    country = pycountry.countries.get(alpha_3=code)
    if country is None:
        raise KeyError(code)
    return str(getattr(country, "common_name", country.name))


def english_names() -> Iterator[tuple[str, str]]:
    """Yield the English names that `country_code` knows, without letter codes, with their codes."""
    yield from ((name, code) for name, code in _EVERYDAY_NAMES.items() if len(name) > _MAX_ACRONYM)
    for country in pycountry.countries:
        for field in _NAME_FIELDS:
            if name := getattr(country, field, None):
                yield str(name), str(country.alpha_3)


@cache
def _codes() -> dict[str, str]:
    """Return the alpha-3 codes of ISO's names and letter codes, folded."""
    return {
        fold(name): str(country.alpha_3)
        for country in pycountry.countries
        for name in (getattr(country, field, None) for field in _FIELDS)
        if name
    }


def country_codes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the alpha-3 codes of the names that have one, in order, each once."""
    return tuple(dict.fromkeys(code for code in map(country_code, names) if code))


def join_split_regions(values: Sequence[str]) -> tuple[str, ...]:
    """Return the regions of a page, with those joined that it splits over several lines.

    A region takes the place of its first part; a value that is not part of a complete region
    stays as it is, so that nothing is lost.
    """
    present = set(values)
    whole = [(parts, name) for parts, name in _SPLIT_REGIONS if parts <= present]
    joined = (next((name for parts, name in whole if value in parts), value) for value in values)
    return tuple(dict.fromkeys(joined))


def region_parts(name: str) -> tuple[str, ...]:
    """Return the names of the parts of a region that a page splits, in alphabetical order.

    None for a region that is not split.
    """
    return next((tuple(sorted(parts)) for parts, whole in _SPLIT_REGIONS if whole == name), ())
