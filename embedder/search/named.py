"""The countries, years and numbers that a question names, and whether a document has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.index.word_analysis import stems
from embedder.records import Document
from embedder.text.countries import country_code
from embedder.text.country_mentions import find_countries
from embedder.text.languages import language_of
from embedder.text.sentences import split_sentences
from embedder.text.year_mentions import find_years

# Shorter numbers are mostly ages, doses and days.
_MIN_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Named:
    """One thing that a question names.

    One of: `country`, an ISO 3166 alpha-3 code; `years`, the first and last, None where open;
    `number`, its digits.
    """

    country: str = ""
    years: tuple[int | None, int | None] | None = None
    number: str = ""


def find_named(text: str, languages: Sequence[str]) -> tuple[Named, ...]:
    """Return what a text names, each once; `languages` are those of the text.

    Numbers are read in a text of one sentence: those of a story are ages and amounts.
    """
    countries = find_countries(text, languages)
    years = list(find_years(text))
    numbers: list[str] = []
    if len(split_sentences(text)) <= 1:
        rest = _without(text, [(each.start, each.end) for each in years])
        numbers = [word for word in stems(rest) if word.isdigit() and len(word) >= _MIN_DIGITS]
    found = (
        *(Named(country=each.code) for each in countries),
        *(Named(years=(each.first, each.last)) for each in years),
        *(Named(number=each) for each in numbers),
    )
    return tuple(dict.fromkeys(found))


def has(document: Document, words: frozenset[str], named: Named) -> bool:
    """Return whether a document has what a question names; `words` are its stems."""
    if named.country:
        if named.country in {country_code(each) for each in document.countries}:
            return True
        text = f"{document.title}. {document.abstract}"
        return named.country in {each.code for each in find_countries(text, (language_of(text),))}
    if named.years:
        first, last = named.years
        own = {int(word) for word in words if len(word) == 4 and word.isdigit()}
        if document.year is not None:
            own.add(document.year)
        return any((first or 0) <= year <= (last or 9999) for year in own)
    return named.number in words


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text with the characters of some spans blank."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
