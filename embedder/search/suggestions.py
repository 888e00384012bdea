"""Suggests filters by what a question names: countries, regions, years and authors.

They are offered and not applied: a person who writes from Lebanon may look for any document. Of a
field that the question is filtered by already nothing is suggested, since values of one filter are
alternatives: another would widen the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from embedder.records import Filters, Question, SuggestedFilter
from embedder.search.served import FilteredSet, ServedGeneration
from embedder.text.countries import WORLDWIDE, country_code, country_name, region_parts
from embedder.text.country_mentions import find_countries
from embedder.text.words import folded_word, folded_words, word_set, words
from embedder.text.year_mentions import find_years

MAX_SUGGESTIONS = 10

# Words of a region's name that alone name none; and what makes another region of one.
_DIRECTIONS = word_set(
    "central centre east eastern middle north northern south southern west western"
)


def suggest_filters(
    served: ServedGeneration,
    question: Question,
    languages: Sequence[str],
    filtered: FilteredSet,
) -> tuple[SuggestedFilter, ...]:
    """Return the filters that a question names, in the order of its words, each once.

    `languages` are those of the question, `filtered` its hits. What would leave all of them is not
    suggested, nor what would leave none, but for a country that no document of the library is
    under: that there is nothing on it helps too.
    """
    named: dict[Filters, SuggestedFilter] = {}
    for each in sorted(_named(served, question, languages), key=lambda each: each.start):
        named.setdefault(each.filters, each)
    suggested = []
    for each in named.values():
        count = _count(served, question.filters, each.filters, filtered)
        if count < filtered.total and (count or _is_missing_country(served, each)):
            suggested.append(replace(each, count=count))
        if len(suggested) == MAX_SUGGESTIONS:
            break
    return tuple(suggested)


def _is_missing_country(served: ServedGeneration, named: SuggestedFilter) -> bool:
    """Return whether it is a country that no document of the library is under."""
    return named.kind == "country" and not any(
        served.facets.as_spelt("countries", each) for each in named.filters.countries
    )


def _count(served: ServedGeneration, asked: Filters, added: Filters, filtered: FilteredSet) -> int:
    """Return how many of the hits a filter beside those asked for would leave."""
    narrowed = replace(added, include_worldwide=asked.include_worldwide)
    mask = served.facets.mask(served.facets.resolve(narrowed))
    return int((mask & filtered.mask).sum())


def _named(
    served: ServedGeneration, question: Question, languages: Sequence[str]
) -> Iterator[SuggestedFilter]:
    """Yield what a question names of the fields that it is not filtered by, not yet counted."""
    asked, text = question.filters, question.text
    mentions = find_countries(text, languages)
    places = [(mention.start, mention.end) for mention in mentions]
    if not asked.countries and _has_countries(served):
        for mention in mentions:
            name = served.facets.as_spelt("countries", mention.code) or country_name(mention.code)
            filters = Filters(countries=(name,))
            yield SuggestedFilter("country", mention.start, mention.end, filters, count=0)
    if asked.year_from is None and asked.year_to is None:
        for years in find_years(text):
            filters = Filters(year_from=years.first, year_to=years.last)
            yield SuggestedFilter("year", years.start, years.end, filters, count=0)
    for each in (*_named_regions(served, text), *_named_authors(served, text)):
        already = asked.regions if each.kind == "region" else asked.authors
        # `Central African Republic` is a country, whoever writes in its name.
        if not already and not _within(each.start, each.end, places):
            yield each


def _has_countries(served: ServedGeneration) -> bool:
    """Return whether the library says of any document which country it is about."""
    return any(country_code(value) for value in served.facets.values("countries"))


def _within(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return any(first <= start and end <= last for first, last in spans)


def _named_authors(served: ServedGeneration, text: str) -> Iterator[SuggestedFilter]:
    """Yield the authors of the library that a text names."""
    for author in served.author_names.find(text):
        filters = Filters(authors=(author.name,))
        yield SuggestedFilter("author", author.start, author.end, filters, count=0)


def _named_regions(served: ServedGeneration, text: str) -> Iterator[SuggestedFilter]:
    """Yield the regions of the library that a text names.

    Parts of a joined region name it too: `Middle East` is `Middle East and North Africa`. A name of
    one word needs a capital, and no direction before it: West Asia is another region than Asia.
    """
    regions = {
        folded_words(name): value
        for value in served.facets.values("regions")
        if value != WORLDWIDE
        for name in (*region_parts(value), value)
    }
    lengths = sorted({len(name) for name in regions}, reverse=True)
    of_text = words(text)
    keys = [folded_word(word) for word in of_text]
    index = 0
    while index < len(keys):
        found = (tuple(keys[index : index + length]) for length in lengths)
        name = next((each for each in found if each in regions), ())
        if name and _is_region(name, of_text[index].written, keys[index - 1 : index]):
            start, end = of_text[index].start, of_text[index + len(name) - 1].end
            yield SuggestedFilter("region", start, end, Filters(regions=(regions[name],)), count=0)
        index += max(len(name), 1)


def _is_region(name: Sequence[str], written: str, before: Sequence[str]) -> bool:
    if len(name) > 1:
        return True
    return not (written[0].islower() or name[0] in _DIRECTIONS or _DIRECTIONS & {*before})
