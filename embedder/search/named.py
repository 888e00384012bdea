"""The countries, years and numbers that a question names, and whether a document has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_YEAR_DIGITS = 4


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


def count_missing(named: Sequence[Named], documents: Sequence[Document]) -> int:
    """Count the named things that none of some documents has, in its text or its metadata."""
    if not named:
        return 0
    countries: set[str] = set()
    if any(each.country for each in named):
        countries.update(code for each in documents for code in _countries_of(each))
    numbers = {word for each in documents for word in _numbers_of(each)}
    years = {int(number) for number in numbers if len(number) == _YEAR_DIGITS}

    def is_there(each: Named) -> bool:
        if each.years:
            first, last = each.years
            return any((first or 0) <= year <= (last or 9999) for year in years)
        return each.country in countries or each.number in numbers

    return sum(not is_there(each) for each in named)


def _countries_of(document: Document) -> Iterator[str]:
    """Yield the codes of the countries that a document is listed under or names."""
    yield from (code for each in document.countries if (code := country_code(each)))
    text = f"{document.title}. {document.abstract}"
    yield from (each.code for each in find_countries(text, (language_of(text),)))


def _numbers_of(document: Document) -> Iterator[str]:
    """Yield the numbers in a document's text, and its year."""
    if document.year is not None:
        yield str(document.year)
    yield from (each for each in stems(f"{document.title} {document.abstract}") if each.isdigit())


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return a text with the characters of some spans blank."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
