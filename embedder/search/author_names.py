"""Finds the authors of a library that a text names in full, or by an acronym."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from embedder.index.facets import Facets
from embedder.text.folding import fold
from embedder.text.words import Word, word_set, words

# A name has at most so many words, and an acronym so many letters at least.
_MAX_WORDS, _MAX_WORDS_OF_PERSON = 12, 4
_MIN_ACRONYM = 3
# What may follow a name in an author's value: `C. Zimmerman et al.`, `Claire Healy (ICMPD)`.
_AFTER_NAME = re.compile(r"(?:,?\s*et al\.?|\s*\(.*\))?", re.I)
_IN_BRACKETS = re.compile(r"\(([^()\s]+)\)$")
# Whose initials are its acronym: an organisation, and no person.
_ORGANISATION = re.compile(
    r"\b(?:agency|alliance|association|bank|cent(?:er|re)|commission|committee|council|court|"
    r"department|federation|forum|foundation|fund|group|institute|international|ministry|nations|"
    r"network|office|organi[sz]ation|programme|program|society|union|university)\b",
    re.I,
)
_SMALL_WORDS = word_set("against and at for from in of on the to with")


@dataclass(frozen=True, slots=True)
class AuthorMention:
    """An author that a text names at [start, end) in characters, as the library spells it."""

    start: int
    end: int
    name: str


class AuthorNames:
    """The names of a library's authors, ready to be found in texts."""

    def __init__(self, facets: Facets) -> None:
        """Take in the metadata of a library."""
        self._facets = facets
        self._acronyms = _acronyms(facets.values("authors"))

    def find(self, text: str) -> list[AuthorMention]:
        """Return the authors that a text names, in order.

        A person's name or an organisation's must stand there in full, its first and last word with
        a capital: `Claire Healy`, also for an author `Healy, Claire`. An acronym (`IOM`) must be
        an author itself, stand in brackets in an author's name, or be an organisation's initials;
        one that several authors have names none.
        """
        mentions, index, of_text = [], 0, words(text)
        while index < len(of_text):
            found = self._name_at(text, of_text, index) or self._acronym_at(of_text, index)
            if found is None:
                index += 1
                continue
            after, name = found
            mentions.append(AuthorMention(of_text[index].start, of_text[after - 1].end, name))
            index = after
        return mentions

    def _name_at(self, text: str, of_text: list[Word], index: int) -> tuple[int, str] | None:
        """Return where the longest full name that begins at a word ends, and whose it is."""
        longest = None
        if of_text[index].written[0].islower():
            return None
        for after in range(index + 2, min(index + _MAX_WORDS, len(of_text)) + 1):
            of_name = of_text[index:after]
            written = _written(text, of_name)
            names = (self._author(each) for each in (written, *_turned(text, of_name)))
            name = next(filter(None, names), None)
            if name and not of_name[-1].written[0].islower():
                longest = (after, name)
            may_go_on = next(self._facets.starting("authors", written), None)
            if may_go_on is None and len(of_name) >= _MAX_WORDS_OF_PERSON:
                break
        return longest

    def _author(self, name: str) -> str | None:
        """Return the author with a full name, as the library spells it, None if several have it."""
        same = self._facets.as_spelt("authors", name)
        if same:
            return same
        length = len(fold(name))
        values = [
            value
            for value in self._facets.starting("authors", name)
            if _AFTER_NAME.fullmatch(fold(value)[length:])
        ]
        return values[0] if len(values) == 1 else None

    def _acronym_at(self, of_text: list[Word], index: int) -> tuple[int, str] | None:
        """Return the author whose acronym stands at a word, if there is just one."""
        written = of_text[index].written.replace(".", "")
        if len(written) < _MIN_ACRONYM or not (written.isupper() and written.isalpha()):
            return None
        neighbours = of_text[max(0, index - 1) : index] + of_text[index + 1 : index + 2]
        if neighbours and all(word.written.isupper() for word in neighbours):
            return None  # all is in capitals there
        values = self._acronyms.get(written, [])
        return (index + 1, values[0]) if len(values) == 1 else None


def _acronyms(authors: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the authors that each acronym stands for, by what says so most plainly."""
    said, initials = defaultdict(list), defaultdict(list)
    for value in authors:
        for acronym in _said_acronyms(value):
            said[acronym].append(value)
        if _ORGANISATION.search(value):
            initials[_initials(value)].append(value)
    return initials | said


def _written(text: str, of_text: Sequence[Word]) -> str:
    return text[of_text[0].start : of_text[-1].end]


def _turned(text: str, of_name: Sequence[Word]) -> Iterator[str]:
    """Yield the ways to write a person's name with the family name first: `Healy, Claire`."""
    if len(of_name) <= _MAX_WORDS_OF_PERSON:
        for cut in range(1, len(of_name)):
            yield f"{_written(text, of_name[cut:])}, {_written(text, of_name[:cut])}"


def _said_acronyms(value: str) -> Iterator[str]:
    """Yield the acronym that an author's name is, or has in brackets behind an organisation's."""
    if value.isupper() and value.isalpha():
        yield value
    in_brackets = _IN_BRACKETS.search(value)
    if in_brackets and in_brackets[1].isupper() and _ORGANISATION.search(value):
        yield in_brackets[1]


def _initials(value: str) -> str:
    """Return the initials of a name without what is in brackets: `IOM`."""
    plain = value.partition("(")[0]
    return "".join(
        word.written[0].upper() for word in words(plain) if word.written.lower() not in _SMALL_WORDS
    )
