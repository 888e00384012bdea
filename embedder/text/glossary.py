"""Synonym rings: the terms of the field, and what else people call the same things.

A glossary is a CSV file that anyone can edit: `term,acronyms,synonyms,source`, one ring a
line, several values in a cell separated by `;`. All phrases of a ring mean the same. In a query
and in a document, a phrase is found whatever its case and number, with function words between its
words (`keeps her passport` is `keep passport`); an acronym is found only as written.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.errors import SourceError
from embedder.files import read_text
from embedder.text.words import Word, words

DEFAULT_GLOSSARY = Path(__file__).with_name("glossary.csv")
COLUMNS = ["term", "acronyms", "synonyms", "source"]

# Words that may stand between two words of a phrase, and how many of them.
_FUNCTION_WORDS = frozenset(
    {"a", "an", "the", "her", "his", "their", "my", "our", "your", "its"}
    | {"is", "are", "was", "were", "been", "being", "be", "has", "have", "had"}
)
_MAX_BETWEEN = 2


@dataclass(frozen=True, slots=True)
class Ring:
    """A synonym ring: the term that documents use, its acronyms, and other phrases.

    `number` is the line of the file that it ends on: the keyword index names rings by it.
    """

    number: int
    term: str
    acronyms: tuple[str, ...]
    phrases: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RingMatch:
    """A synonym ring found in a text, at [start, end) in characters, perhaps by an acronym."""

    start: int
    end: int
    ring: Ring
    by_acronym: bool = False


class Glossary:
    """The synonym rings of one file, ready to be found in texts."""

    def __init__(self, rings: Sequence[Ring], sha256: str) -> None:
        """Take in rings; `sha256` (hex) is that of the file that they came from."""
        self.rings = tuple(rings)
        self.sha256 = sha256
        # Acronyms by their words, in the singular and the plural; the numbers of words of the
        # acronyms that begin with a word; and phrases by the form of their first word.
        self._acronyms: dict[tuple[str, ...], Ring] = {}
        self._lengths: dict[str, list[int]] = defaultdict(list)
        self._phrases: dict[str, list[tuple[tuple[str, ...], Ring]]] = defaultdict(list)
        for ring in rings:
            for acronym in ring.acronyms:
                written = tuple(word.written for word in words(acronym))
                if written:  # an acronym of signs alone has no words
                    self._acronyms.setdefault(written, ring)
            for phrase in (ring.term, *ring.phrases):
                forms = _forms(phrase)
                if forms:
                    self._phrases[forms[0]].append((forms, ring))
        for written, ring in list(self._acronyms.items()):
            self._acronyms.setdefault((*written[:-1], f"{written[-1]}s"), ring)
        for written in sorted(self._acronyms, key=len, reverse=True):
            if len(written) not in self._lengths[written[0]]:
                self._lengths[written[0]].append(len(written))
        for candidates in self._phrases.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, text: Sequence[Word]) -> list[RingMatch]:
        """Return the rings in a text, in order; of phrases that begin together, the longest."""
        matches, index = [], 0
        while index < len(text):
            found = self._match_at(text, index)
            if found is None:
                index += 1
                continue
            ring, after, by_acronym = found
            start, end = text[index].start, text[after - 1].end
            matches.append(RingMatch(start, end, ring, by_acronym))
            index = after
        return matches

    def _match_at(self, text: Sequence[Word], index: int) -> tuple[Ring, int, bool] | None:
        """Return the ring that begins at a word, where to go on, and whether by an acronym."""
        for forms, ring in self._phrases.get(text[index].form, ()):
            after = _end_of_phrase(text, index, forms)
            if after is not None:
                return ring, after, False
        for length in self._lengths.get(text[index].written, ()):
            written = tuple(word.written for word in text[index : index + length])
            if written in self._acronyms:
                return self._acronyms[written], min(index + length, len(text)), True
        return None


def read_glossary(path: Path = DEFAULT_GLOSSARY) -> Glossary:
    """Read a glossary file.

    Raises SourceError, with file and line, for a file that is not a glossary.
    """
    text = read_text(path)
    return Glossary(list(_rings(path, text)), hashlib.sha256(text.encode()).hexdigest())


def _rings(path: Path, text: str) -> Iterator[Ring]:
    rows = csv.reader(io.StringIO(text), strict=True)
    try:
        header = next(rows)
        if header != COLUMNS:
            raise SourceError(path, 1, f"the first line of a glossary is {','.join(COLUMNS)}")
        for row in rows:
            if len(row) != len(COLUMNS) or not row[0].strip() or not row[3].strip():
                raise SourceError(
                    path, rows.line_num, "a ring needs four cells, with a term and a source"
                )
            acronyms, phrases = (
                tuple(value.strip() for value in cell.split(";") if value.strip())
                for cell in (row[1], row[2])
            )
            yield Ring(rows.line_num, row[0].strip(), acronyms, phrases, row[3].strip())
    except csv.Error as error:
        raise SourceError(path, rows.line_num, f"not CSV: {error}") from error


def _forms(phrase: str) -> tuple[str, ...]:
    """Return the forms of the words of a phrase, without function words unless it has no others."""
    of_phrase = words(phrase)
    forms = tuple(word.form for word in of_phrase)
    return tuple(word.form for word in of_phrase if not _is_function_word(word)) or forms


def _is_function_word(word: Word) -> bool:
    return word.written.lower() in _FUNCTION_WORDS


def _end_of_phrase(text: Sequence[Word], index: int, forms: Sequence[str]) -> int | None:
    """Return the index after a phrase that begins at `index`, None if it does not stand there."""
    for form in forms[1:]:
        following = index + 1
        while (
            following < len(text)
            and text[following].form != form
            and _is_function_word(text[following])
            and following - index <= _MAX_BETWEEN
        ):
            following += 1
        if following >= len(text) or text[following].form != form:
            return None
        index = following
    return index + 1
