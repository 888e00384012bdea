"""Finds the countries that a text names, by their names, their people, and their codes.

A word is taken for a country only where little else can be meant, since many are also names of
people (`Jordan`), birds (`turkey`), languages (`in French`) or parts of other names (`Lake Chad`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache

import pycountry

from embedder.text.country_names import CHECKED_LANGUAGES, Names, country_names, demonyms
from embedder.text.languages import ENGLISH
from embedder.text.words import Word, folded_word, word_set, words

# Names of countries that are as often something else: they count where a place stands.
_ALSO_OTHER_WORDS = word_set("chad dominica georgia guernsey holland jersey jordan turkey")
# Names that are a person's only beside another name: `Kenya Barris`, `Anatole France`.
_PARTS_OF_NAMES = _ALSO_OTHER_WORDS | word_set(
    "china cuba england france germany india ireland israel kenya malta scotland"
)
# Names that are other words where they have no capital, in the language of the name or in English.
_NEED_CAPITAL = word_set(
    "bermuda brazil chile chili chine china chypre cuba danish ecuador el guernsey guinea guinee "
    "inde india israel japan jersey malta malte panama polish suede suisse swiss turkey"
)
# Names in other languages that are words in English texts.
_ONLY_IN_OWN_LANGUAGE = frozenset({"chili", "suede"})

_TITLES = word_set("dr king lady lord miss mr mrs ms prof professor queen sir")

_ACRONYMS = {
    "US": "USA",
    "USA": "USA",
    "UK": "GBR",
    "UAE": "ARE",
    "DRC": "COD",
    "RDC": "COD",
    "DPRK": "PRK",
    "KSA": "SAU",
    "EEUU": "USA",
}
_WORDS_IN_CAPITALS = word_set(
    "AND ARE ARM BEN CAN COD COM DOM ESP FIN GIN JAM LIE MAC MAR NAM PAN PER SUR TON VAT"
)

_IN = word_set("in into inside within across throughout en au")
_BEFORE_CODES = word_set("in into within from")
# Words before `from` or `to` that make what follows a place.
_MOVING = word_set(
    "arrive arrived bring brought came come comes coming deported displaced escaped fled flee "
    "fleeing flight journey migrate migrated migrating migration move moved moving repatriated "
    "return returned returning route routes sent smuggled taken trafficked transferred travel "
    "traveled traveling travelled travelling "
    "boys children citizens families girls men migrants nationals people persons refugees "
    "survivors victims women workers"
)
_SPEAKING = word_set(
    "learn learning learns read reads speak speaking speaks spoke spoken understand understands "
    "translated written"
)
_OF_LANGUAGES = word_set(
    "alphabet book books class classes copy course courses document documents edition form forms "
    "guide guideline guidelines guides handbook interpretation interpreter interpreters kiss "
    "language languages leaflet leaflets lesson lessons manual manuals material materials "
    "publication publications report reports resources script speaker speakers speaking subtitles "
    "text texts translation translations translator translators version versions word words"
)
# `Latin American`, `Afro-American`, `non-Lebanese`: somebody else.
_OTHER_PEOPLE = word_set(
    "afro african anglo asian central east eastern franco inter latin meso native non north "
    "northern pan red south southern trans west western"
)
_ARTICLES = frozenset({"a", "an", "the"})
_FUNCTION_WORDS = word_set(
    "a after all an and are as at be because been before but by can could did do does for from had "
    "has have he her here his how i if in is it its me my nor not of on only or our she should so "
    "than that the their them then there they this to too under was we well were what when where "
    "which while who whom whose why will with without would you your"
)

_BETWEEN_COUNTRIES = re.compile(
    r"\s*(?:,\s*(?:and|or)?|and|or|&|/|to|[-–—]|y|o|e|et|ou)\s*(?:in|the|en|au)?\s*", re.I
)
_ENDS_SENTENCE = re.compile(r"(?:^|[.!?:;\n])\W*$")
_ARABIC = re.compile("[\u0600-\u06ff]")
_MIN_ARABIC = 3  # a word of more letters may begin with one that means `and` or `in`


@dataclass(frozen=True, slots=True)
class CountryMention:
    """A country that a text names at [start, end) in characters; `code` is its alpha-3 code."""

    start: int
    end: int
    code: str


class _Meaning(Enum):
    """Whether a word means a country: always, only next to another that does, or never."""

    COUNTRY = "country"
    IF_BESIDE_ANOTHER = "beside"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Words [first, after) of a text that may name a country; `code` is None if they do not."""

    first: int
    after: int
    code: str | None
    meaning: _Meaning


def find_countries(text: str, languages: Sequence[str] = (ENGLISH,)) -> list[CountryMention]:
    """Return the countries that a text names, in order, as often as it does.

    Names are read in English, French, Spanish and Arabic, and in the text's own `languages`, ISO
    639 codes; names of people in English alone.
    """
    return _Reader(text, languages).mentions()


class _Reader:
    """A text as its words, and what may stand for a country in it."""

    def __init__(self, text: str, languages: Sequence[str]) -> None:
        self._text = text
        self._words = words(text)
        self._keys = [folded_word(word) for word in self._words]
        self._own_languages = frozenset(languages)
        self._read_languages = tuple(dict.fromkeys((*languages, *CHECKED_LANGUAGES)))

    def mentions(self) -> list[CountryMention]:
        """Return what surely names a country, and what stands beside such a name."""
        candidates = list(self._candidates())
        sure = [each.meaning is _Meaning.COUNTRY for each in candidates]
        pairs = [(at, at + 1) for at in range(len(candidates) - 1)]
        for one, other in (*pairs, *((other, one) for one, other in reversed(pairs))):
            beside = candidates[other].meaning is _Meaning.IF_BESIDE_ANOTHER
            sure[other] |= beside and sure[one] and self._joined(candidates[one], candidates[other])
        return [
            CountryMention(self._words[each.first].start, self._end(each), each.code)
            for each, is_sure in zip(candidates, sure, strict=True)
            if is_sure and each.code
        ]

    def _end(self, candidate: _Candidate) -> int:
        return self._words[candidate.after - 1].end

    def _joined(self, one: _Candidate, other: _Candidate) -> bool:
        """Return whether nothing but a comma, a conjunction or the like is between two."""
        first, second = sorted((one, other), key=lambda each: each.first)
        between = self._text[self._end(first) : self._words[second.first].start]
        return _BETWEEN_COUNTRIES.fullmatch(between) is not None

    def _candidates(self) -> Iterator[_Candidate]:
        index = 0
        while index < len(self._words):
            found = self._at(index)
            if found is not None:
                yield found
            index = found.after if found else index + 1

    def _at(self, index: int) -> _Candidate | None:
        """Return what may name a country from a word on, the longest first."""
        by_letters = self._letters_at(index)
        if by_letters:
            return _Candidate(index, index + 1, by_letters, _Meaning.COUNTRY)
        found = [
            (after, code, language)
            for language in self._read_languages
            for after, code in self._match(country_names(language), index)
            if self._is_written_as_name(index, language)
        ]
        people = [(after, code, "") for after, code in self._match(demonyms(), index)]
        longest = max(found + people, key=lambda each: each[0], default=None)
        if longest is None:
            return None
        after, code, language = longest
        meaning = self._of_name(index, after) if language else self._of_people(index, after)
        return _Candidate(index, after, code, meaning)

    def _match(self, names: Names, index: int) -> Iterator[tuple[int, str | None]]:
        """Yield the longest name that begins at a word: the index after it, and its code."""
        for key in _forms(self._keys[index]):
            for name, code in names.get(key, ()):
                after = index + len(name)
                if (key, *self._keys[index + 1 : after]) == name:
                    yield after, code
                    return

    def _letters_at(self, index: int) -> str | None:
        """Return the country that capital letters mean: `US`, or a code where a place stands."""
        written = self._words[index].written.replace(".", "")
        if not written.isupper() or self._is_among_capitals(index):
            return None
        dollars = self._next(index + 1) in ("dollar", "dollars") or self._following(index) == "$"
        if written in _ACRONYMS:
            return None if dollars else _ACRONYMS[written]
        in_brackets = self._preceding(index) == "(" and self._following(index) == ")"
        if written in _codes() and (in_brackets or self._previous(index) in _BEFORE_CODES):
            return written
        return None

    def _is_among_capitals(self, index: int) -> bool:
        """Return whether a neighbouring word is all in capitals: there, capitals say nothing."""
        neighbours = self._words[max(0, index - 1) : index] + self._words[index + 1 : index + 2]
        return any(
            len(word.written) > 1
            and word.written.isupper()
            and word.written.replace(".", "") not in _ACRONYMS
            for word in neighbours
        )

    def _is_written_as_name(self, index: int, language: str) -> bool:
        """Return whether a word can be a name in a language, by its capital."""
        key = self._keys[index]
        if key in _ONLY_IN_OWN_LANGUAGE and language not in self._own_languages:
            return False
        if _has_capital(self._words[index]):
            return True
        checked = language in CHECKED_LANGUAGES and language in self._own_languages
        return checked and key not in _NEED_CAPITAL

    def _of_name(self, first: int, after: int) -> _Meaning:
        """Return what a name means, by the words around it."""
        key = self._keys[first] if after == first + 1 else ""
        if self._previous(first) in _TITLES:
            return _Meaning.OTHER
        if key in _PARTS_OF_NAMES and self._is_beside_a_name(first, after):
            return _Meaning.OTHER
        if key not in _ALSO_OTHER_WORDS:
            return _Meaning.COUNTRY
        possessive = self._text[self._words[first].end :][:1] in ("'", "’")
        before = self._previous(first)
        if before in ("from", "to"):
            is_place = self._previous(first - 1) in _MOVING
        else:
            is_place = before in _IN and not possessive
        return _Meaning.COUNTRY if is_place else _Meaning.IF_BESIDE_ANOTHER

    def _of_people(self, first: int, after: int) -> _Meaning:
        """Return what a demonym means: it may also be a language."""
        before, following = self._previous(first), self._next(after)
        if not _has_capital(self._words[first]) and self._keys[first] in _NEED_CAPITAL:
            return _Meaning.OTHER
        if before in _SPEAKING | _OTHER_PEOPLE or following in _OF_LANGUAGES:
            return _Meaning.OTHER
        last = self._keys[after - 1]
        is_plural = last.endswith("s") and not last.endswith(("ss", "is"))
        describes = following.isalpha() and following not in _FUNCTION_WORDS
        is_prefix = self._following(after - 1) == "-"  # `Turkish-for-beginners`
        if not is_prefix and (is_plural or before in _ARTICLES or describes):
            return _Meaning.COUNTRY
        return _Meaning.IF_BESIDE_ANOTHER

    def _is_beside_a_name(self, first: int, after: int) -> bool:
        """Return whether a word before or after, with a capital inside a sentence, is a name."""
        neighbours = []
        if self._previous(first) and not self._begins_sentence(first - 1):
            neighbours.append(first - 1)
        if self._next(after):
            neighbours.append(after)
        return any(
            self._words[at].written[0].isupper()
            and not self._words[at].written.isupper()
            and self._keys[at] not in _FUNCTION_WORDS | _IN
            for at in neighbours
        )

    def _begins_sentence(self, index: int) -> bool:
        return _ENDS_SENTENCE.search(self._text[: self._words[index].start][-4:]) is not None

    def _previous(self, index: int) -> str:
        """Return the word before one, folded, if only a space or a hyphen is between; else `""`."""
        return self._keys[index - 1] if index > 0 and self._adjacent(index - 1) else ""

    def _next(self, index: int) -> str:
        """Return the word at an index, folded, if only a space or a hyphen is before it."""
        return self._keys[index] if index < len(self._keys) and self._adjacent(index - 1) else ""

    def _adjacent(self, index: int) -> bool:
        between = self._text[self._words[index].end : self._words[index + 1].start]
        return between.strip() in ("", "-")

    def _preceding(self, index: int) -> str:
        return self._text[: self._words[index].start][-1:]

    def _following(self, index: int) -> str:
        return self._text[self._words[index].end :][:1]


def _has_capital(word: Word) -> bool:
    """Return whether a word begins with a capital, or with a letter of a script without them."""
    return not word.written[0].islower()


def _forms(key: str) -> Iterator[str]:
    """Yield a word, and in Arabic what is left of it without `and`, `so`, `in`, `to`, `like`."""
    yield key
    if len(key) <= _MIN_ARABIC or not _ARABIC.search(key):
        return
    conjoined = [key[1:]] if key[0] in "وف" else []
    yield from conjoined
    for word in (key, *conjoined):
        if word.startswith("لل"):
            yield f"ا{word[1:]}"
        elif word[0] in "بكل":
            yield word[1:]


@cache
def _codes() -> frozenset[str]:
    return frozenset(country.alpha_3 for country in pycountry.countries) - _WORDS_IN_CAPITALS
