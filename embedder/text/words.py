"""The words of a text, where they stand, and one form for singular and plural."""

from __future__ import annotations

import re
from dataclasses import dataclass

from embedder.text.folding import fold

_WORD = re.compile(r"[A-Z0-9]+(?:[.&][A-Z0-9]+)+s?(?!\w)|[\w\u0300-\u036f]+")

# Plurals without an ending, of words that are frequent in this field.
_IRREGULAR = {"children": "child", "women": "woman", "men": "man"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: as `written` at [start, end), and its `form`, folded and singular."""

    written: str
    form: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """Return the words of a text in order; hyphens and apostrophes separate words."""
    return [
        Word(match.group(), singular(fold(match.group())), match.start(), match.end())
        for match in _WORD.finditer(text)
        if match.group() != "s"  # what is left of a possessive
    ]


def word_set(listed: str) -> frozenset[str]:
    """Return the words of a list that has white space between them."""
    return frozenset(listed.split())


def folded_word(word: Word) -> str:
    """Return a word as names are compared: without case, accents and dots."""
    return fold(word.written).replace(".", "")


def folded_words(text: str) -> tuple[str, ...]:
    """Return the words of a text as names are compared; see `folded_word`."""
    return tuple(map(folded_word, words(text)))


def singular(word: str) -> str:
    """Return the singular of a folded English plural: `policies` → `policy`, `cases` → `case`.

    The S stemmer of Harman, "How Effective Is Suffixing?", JASIS 42(1), 1991, and some irregular
    plurals.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 3 and word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word
