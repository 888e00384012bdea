"""The field's vocabulary: what people say, and what documents call it.

A glossary is a CSV file that anyone can edit: `term,acronyms,synonyms,source`, one ring a
line, several values in a cell separated by `;`. All phrases of a ring mean the same. In a
question and in a document, a phrase is recognised whatever its case and number, with little
words between its words (`keeps her passport` is `keep passport`); an acronym only as written.
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

# Words that may stand between the words of a phrase, at most so many of them.
_LITTLE = frozenset(
    {"a", "an", "the", "her", "his", "their", "my", "our", "your", "its"}
    | {"is", "are", "was", "were", "been", "being", "be", "has", "have", "had"}
)
_MOST_LITTLE = 2


@dataclass(frozen=True, slots=True)
class Ring:
    """Things that mean the same: the documents' term, its acronyms, and other phrases."""

    number: int
    term: str
    acronyms: tuple[str, ...]
    phrases: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Recognised:
    """A ring found in a text, at [start, end) in characters."""

    start: int
    end: int
    ring: Ring


class Glossary:
    """The rings of one file, ready to be recognised."""

    def __init__(self, rings: Sequence[Ring], sha256: str) -> None:
        """Take in rings; `sha256` (hex) is that of the file they came from."""
        self.rings = tuple(rings)
        self.sha256 = sha256
        # By their words, in the singular and the plural; and how many these are, by the first.
        self._acronyms: dict[tuple[str, ...], Ring] = {}
        self._lengths: dict[str, list[int]] = defaultdict(list)
        self._phrases: dict[str, list[tuple[tuple[str, ...], Ring]]] = defaultdict(list)
        for ring in rings:
            for acronym in ring.acronyms:
                written = tuple(word.written for word in words(acronym))
                if written:  # not of signs alone
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
            candidates.sort(key=lambda each: -len(each[0]))

    def find(self, text: Sequence[Word]) -> list[Recognised]:
        """Give the rings in a text, in order; of phrases that overlap the longest counts."""
        found, at = [], 0
        while at < len(text):
            ring, after = self._at(text, at)
            if ring is None:
                at += 1
                continue
            found.append(Recognised(text[at].start, text[after - 1].end, ring))
            at = after
        return found

    def _at(self, text: Sequence[Word], at: int) -> tuple[Ring | None, int]:
        """Give the ring whose phrase begins at a word, and the word after it."""
        for forms, ring in self._phrases.get(text[at].form, ()):
            after = _match(text, at, forms)
            if after:
                return ring, after
        for length in self._lengths.get(text[at].written, ()):
            acronym = self._acronyms.get(tuple(word.written for word in text[at : at + length]))
            if acronym:
                return acronym, min(at + length, len(text))
        return None, at + 1


def read_glossary(path: Path = DEFAULT_GLOSSARY) -> Glossary:
    """Read a glossary file.

    Raises SourceError, with file and line, for a file of another form.
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
                tuple(each.strip() for each in cell.split(";") if each.strip())
                for cell in (row[1], row[2])
            )
            yield Ring(rows.line_num, row[0].strip(), acronyms, phrases, row[3].strip())
    except csv.Error as error:
        raise SourceError(path, rows.line_num, f"not CSV: {error}") from error


def _forms(phrase: str) -> tuple[str, ...]:
    found = words(phrase)
    forms = tuple(word.form for word in found)
    return tuple(word.form for word in found if not _is_little(word)) or forms


def _is_little(word: Word) -> bool:
    return word.written.lower() in _LITTLE


def _match(text: Sequence[Word], at: int, forms: Sequence[str]) -> int:
    """Give the place after a phrase that begins at `at`, 0 if it does not stand there."""
    for form in forms[1:]:
        following = at + 1
        while (
            following < len(text)
            and text[following].form != form
            and _is_little(text[following])
            and following - at <= _MOST_LITTLE
        ):
            following += 1
        if following >= len(text) or text[following].form != form:
            return 0
        at = following
    return at + 1
