"""Finds the years and spans of years that a question asks for.

A number is a year only where words say so (`since 2015`, `report of 2015`), since most numbers are
amounts, articles and ages; and years are read in sentences that ask: those of a story are the
years of what happened, not of documents. The words are English, French, Spanish and Arabic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from babel import Locale

from embedder.text.sentences import split_sentences

_LANGUAGES = ("en", "fr", "es", "ar")
# A text of so few words without a full stop is a list of keywords: a year needs no preposition.
_MAX_KEYWORDS = 8

# Arabic, Persian and Indian digits become European ones, one for one, so that places stay the same.
_DIGITS = {zero + digit: str(digit) for zero, digit in product((0x0660, 0x06F0, 0x0966), range(10))}


def _any(words: str) -> str:
    """Return a pattern of alternatives, the longest first; a space stands for white space."""
    alternatives = sorted(words.split("|"), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(each).replace(r"\ ", r"\s+") for each in alternatives) + ")"


_YEAR = r"(?<![\w.,/$€£#])(?:19|20)\d\d(?!\w)"
_THE = r"(?:" + _any("the year|the|l'année|l'an|l’année|l’an|el año|el|año|عام|عامي|سنة") + r"\s+)?"
_BETWEEN = _any("between|entre|بين")
_AND = r"(?:" + _any("and|et|y|و") + r"\s*)"
_FROM = _any("from|de|del|depuis|desde|من")
_TO = _any("to|until|till|through|à|a|au|jusqu'en|jusqu’en|hasta|al|إلى|الى|حتى")
_SINCE = _any("since|depuis|desde|à partir de|a partir de|منذ")
_ON = _any("onwards|onward|on|and later|or later|en adelante")
_AFTER = _any("after|après|después de|بعد")
_UNTIL = _any("until|till|up to|jusqu'en|jusqu’en|jusqu'à|jusqu’à|hasta|حتى")
_BEFORE = _any("before|prior to|avant|antes de|قبل")
_IN = _any("in|during|year|en|pendant|durant|année|durante|año|في|خلال|عام|سنة")
_DECADE = _any("les années|des années|années|los años|años|década de|década de los|عقد")
_PAPER = _any(
    "report|edition|guidance|guidelines|handbook|manual|study|survey|index|toolkit|rapport|étude|"
    "guide|manuel|édition|informe|estudio|guía|edición|تقرير|دراسة|دليل"
)
_OF = _any("of|from|de|del|du|لعام|لسنة|عام|سنة")
# What may follow a year; after other words it is an amount: `in 2000 villages`.
_FUNCTION = _any(
    "a|about|against|among|an|and|are|as|at|because|between|but|by|concerning|did|do|does|for|from|"
    "had|has|have|how|if|in|is|of|on|or|regarding|than|that|the|there|to|under|was|were|what|when|"
    "where|which|while|who|why|with|within|onwards|"
    "au|aux|avec|contre|dans|des|du|en|est|et|la|le|les|ou|par|pour|que|qui|sont|sur|un|une|"
    "con|contra|el|ella|entre|es|las|los|o|para|por|se|sobre|son|una|y|à|où|"
    "عن|على|في|من|إلى|و|هل|ما|كيف|ضد"
)
_END = (
    r"(?!\s+(?:and|or|et|ou|y|o)\s+\d)"
    rf"(?=\s*(?:$|[?!:;)\]»”\"،؛؟\n]|[.,](?!\d)|[-–—]\s|{_FUNCTION}(?!\w)))"
)

# What stands before a number that is no year of documents: a birth, one in so many, an article.
# Looked for in so many characters, since all of a long text would be searched for each number.
_LOOK_BACK = 40
_BIRTH = r"(?:\b(?:born|née?s?|nacid[oa]s?|nació)|ولدت?)\W*$"
_RATIO = r"\b(?:one|un|une|uno|(?<!under )(?<!over )(?<!aged )(?<!than )\d+)\s*$"
_NUMBERED = (
    r"(?:\b(?:article|articles|artículo|art|bus|case|chapter|form|law|ley|line|loi|no|number|page|"
    r"paragraph|para|regulation|resolution|room|rule|section)|[ا]?لمادة)\W*$"
)

# Each way to say a span, what its years mean, and after what it is none. The first that matches at
# a place holds.
_PATTERNS = tuple(
    (re.compile(rf"(?<!\w){pattern}", re.I), kind, re.compile("|".join(none_after) or "(?!)", re.I))
    for pattern, kind, *none_after in (
        (rf"{_BETWEEN}\s+{_THE}({_YEAR})\s+{_AND}{_THE}((?:19|20)\d\d)(?!\w){_END}", "span"),
        (rf"{_FROM}\s+{_THE}({_YEAR})\s+{_TO}\s+{_THE}({_YEAR}){_END}", "span"),
        (rf"({_YEAR})\s?[-–—]\s?((?:19|20)\d\d|\d\d)(?!\w){_END}", "span"),
        (rf"{_SINCE}\s+{_THE}({_YEAR}){_END}", "since", _BIRTH),
        (rf"(?:{_FROM}\s+)?({_YEAR})\s+{_ON}(?!\w){_END}", "since", _BIRTH),
        (rf"{_AFTER}\s+{_THE}({_YEAR}){_END}", "after", _BIRTH),
        (rf"{_UNTIL}\s+{_THE}({_YEAR}){_END}", "until", _BIRTH),
        (rf"{_BEFORE}\s+{_THE}({_YEAR}){_END}", "before", _BIRTH),
        (r"(?:(?:the|early|late)\s+){0,3}((?:19|20)\d0)['’]?s(?!\w)", "decade", _BIRTH),
        (rf"{_DECADE}\s+((?:19|20)\d0)(?!\w)", "decade", _BIRTH),
        (rf"{_IN}\s+{_THE}({_YEAR}){_END}", "year", _BIRTH, _RATIO),
        (rf"{_PAPER}\s+(?:{_OF}\s+)?{_THE}({_YEAR}){_END}", "year"),
        (rf"({_YEAR})\s+{_PAPER}(?!\w)", "year", _NUMBERED),
        (rf"\(({_YEAR})\)", "year", _NUMBERED),
    )
)
_KEYWORD = re.compile(rf"(?:^|\s)({_YEAR})(?=\s|$)")
_NO_KEYWORD_AFTER = re.compile("|".join((_BIRTH, _RATIO, _NUMBERED)), re.I)
_ASKS = re.compile(r"[?؟]\W*$")
_ENDS = re.compile(r"[.!?؟;:]\s*$")


@dataclass(frozen=True, slots=True)
class YearMention:
    """Years that a text names at [start, end) in characters: from `first` to `last`, inclusive.

    None where the text sets no bound.
    """

    start: int
    end: int
    first: int | None
    last: int | None


def find_years(text: str) -> list[YearMention]:
    """Return the years and spans of years that a text asks for, in order."""
    plain = text.translate(_DIGITS)
    found: list[YearMention] = []
    for start, end in _asking(plain):
        sentence = plain[start:end]
        own = [*_spans(sentence), *_keywords(sentence)]
        found.extend(
            YearMention(start + each.start, start + each.end, each.first, each.last)
            for each in sorted(own, key=lambda each: each.start)
        )
    return found


def _asking(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text that ask; of a text in one sentence that one."""
    sentences = split_sentences(text)
    if len(sentences) == 1:
        return sentences
    return [(start, end) for start, end in sentences if _ASKS.search(text[start:end])]


def _spans(text: str) -> Iterator[YearMention]:
    """Yield what the patterns find, each part of the text for the first of them."""
    taken: list[tuple[int, int]] = []
    for pattern, kind, none_after in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other < end for other, other_end in taken):
                continue
            if none_after.search(_before(text, start)):
                continue
            taken.append((start, end))
            first, last = _bounds(kind, [each for each in match.groups() if each])
            if first is None or last is None or first <= last:
                yield YearMention(start, end, first, last)


def _bounds(kind: str, years: list[str]) -> tuple[int | None, int | None]:
    """Return the first and last year that a pattern's years mean."""
    year = int(years[0])
    if kind == "span":  # the last may be without its century
        return year, int(years[0][: -len(years[1])] + years[1])
    return {
        "since": (year, None),
        "after": (year + 1, None),
        "until": (None, year),
        "before": (None, year - 1),
        "decade": (year, year + 9),
        "year": (year, year),
    }[kind]


def _keywords(text: str) -> Iterator[YearMention]:
    """Yield the year among a few keywords: the only number there, and no round one."""
    if len(text.split()) > _MAX_KEYWORDS or _ENDS.search(text) or _months().search(text):
        return
    numbers = re.findall(r"\d+", text)
    match = _KEYWORD.search(text)
    if match is None or len(numbers) > 1 or numbers[0].endswith("00"):
        return
    at_an_end = not text[: match.start()].strip() or not text[match.end() :].strip()
    said = any(pattern.search(text) for pattern, _, _ in _PATTERNS)
    if at_an_end and not said and not _NO_KEYWORD_AFTER.search(_before(text, match.start(1))):
        year = int(match[1])
        yield YearMention(match.start(1), match.end(1), year, year)


def _before(text: str, start: int) -> str:
    return text[max(0, start - _LOOK_BACK) : start]


@cache
def _months() -> re.Pattern[str]:
    """Return what finds the names of the months in our languages: a date is an event's."""
    names = (
        re.escape(str(name))
        for language in _LANGUAGES
        for name in Locale(language).months["format"]["wide"].values()
    )
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(names, key=len, reverse=True))})(?!\w)", re.I)
