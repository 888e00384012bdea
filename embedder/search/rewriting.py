"""What a question says: its sentences, its misspelt words, and the field's terms in it.

A question becomes a text to be read whole and, when it is long, its parts, each with the
glossary's terms for what it says behind it. Nothing of a question is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from embedder.records import RankingWeights, Understood
from embedder.text.countries import country_code
from embedder.text.folding import fold
from embedder.text.glossary import Glossary
from embedder.text.sentences import split_sentences
from embedder.text.spelling import Speller
from embedder.text.words import Word, singular, words

# A page is read in at most so many parts; sentences of a longer one share a part.
_MOST_PARTS = 24


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a question at [start, end), corrected, and as it is to be read: with terms."""

    start: int
    end: int
    corrected: str
    text: str


@dataclass(frozen=True, slots=True)
class RewrittenQuery:
    """How a question is read.

    `whole` is all of it with the glossary's terms behind it, `corrected` the same without;
    `parts` are its parts if there are several, `terms` the glossary's terms alone, `rings`
    their numbers. `words` counts its different words of three letters or more, `unknown_words` are
    those of them, in lower case, that the glossary does not know, with where they first stand;
    of these `named` are names: of a country, or written with a capital within a sentence.
    """

    whole: str
    corrected: str
    parts: tuple[Part, ...]
    terms: str
    rings: tuple[int, ...]
    unknown_words: Mapping[str, tuple[int, int]]
    named: frozenset[str]
    words: int
    understood: tuple[Understood, ...]


def read_plainly(text: str) -> RewrittenQuery:
    """Read a question as it stands: its parts, and nothing put in or corrected."""
    parts = tuple(Part(start, end, text[start:end], text[start:end]) for start, end in _cut(text))
    return RewrittenQuery(
        text, text, parts if len(parts) > 1 else (), "", (), {}, frozenset(), 0, ()
    )


def read_question(
    text: str, glossary: Glossary, speller: Speller, weights: RankingWeights
) -> RewrittenQuery:
    """Read a question with the field's glossary and the library's spelling."""
    parts: list[Part] = []
    understood: list[Understood] = []
    rings: dict[int, str] = {}
    unknown_words: dict[str, tuple[int, int]] = {}
    named: set[str] = set()
    different: dict[str, None] = {}
    for start, end in _cut(text):
        found = words(text[start:end])
        mended, slips = _mend(found, speller) if weights.spelling else (found, [])
        recognised = glossary.find(mended)
        rings.update((each.ring.number, each.ring.term) for each in recognised)
        terms = [each.ring.term for each in recognised] if weights.terms else []
        understood += [_shift(each, start) for each in slips]
        understood += [
            Understood("term", start + each.start, start + each.end, each.ring.term)
            for each in recognised
            if not _is_same(text[start + each.start : start + each.end], each.ring.term)
        ]
        covered = {at for each in recognised for at in range(each.start, each.end)}
        counted = [each for each in mended if len(each.written) > 2 and each.written.isalpha()]
        different.update((each.form, None) for each in counted)
        for each in counted:
            if each.start not in covered:
                unknown_words.setdefault(fold(each.written), (start + each.start, start + each.end))
                if _is_name(each):
                    named.add(fold(each.written))
        plain = _replaced(text[start:end], slips)
        parts.append(Part(start, end, plain, _with_terms(plain, list(dict.fromkeys(terms)))))
    plain = " ".join(each.corrected for each in parts)
    return RewrittenQuery(
        whole=_with_terms(plain, list(rings.values()) if weights.terms else []),
        corrected=plain,
        parts=tuple(parts) if len(parts) > 1 else (),
        terms="; ".join(rings.values()) if weights.terms else "",
        rings=tuple(rings),
        unknown_words=unknown_words,
        named=frozenset(named),
        words=len(different),
        understood=tuple(understood),
    )


def _is_name(word: Word) -> bool:
    """Tell whether a word of a sentence is a name, which has no other words for it."""
    return country_code(word.written) is not None or (word.start > 0 and word.written[:1].isupper())


def _is_same(said: str, term: str) -> bool:
    """Tell whether what was said is the term, but for case, accents and number."""
    return [each.form for each in words(said)] == [each.form for each in words(term)]


def _cut(text: str) -> list[tuple[int, int]]:
    """Cut a question into sentences, at most so many; in a longer one neighbours go together."""
    places = split_sentences(text)
    if len(places) <= _MOST_PARTS:
        return places
    share = -(-len(places) // _MOST_PARTS)
    groups = [places[at : at + share] for at in range(0, len(places), share)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _mend(found: Sequence[Word], speller: Speller) -> tuple[list[Word], list[Understood]]:
    """Correct misspelt words; what is written all in capitals is a name and stays."""
    mended, slips = [], []
    for word in found:
        right = None if word.written.isupper() else speller.correct(word.written.lower())
        if right is None:
            mended.append(word)
            continue
        slips.append(Understood("spelling", word.start, word.end, right))
        mended.append(replace(word, written=right, form=singular(fold(right))))
    return mended, slips


def _replaced(text: str, slips: Sequence[Understood]) -> str:
    pieces, at = [], 0
    for slip in slips:
        pieces += [text[at : slip.start], slip.meaning]
        at = slip.end
    return "".join((*pieces, text[at:]))


def _with_terms(text: str, terms: Sequence[str]) -> str:
    return f"{text} ({'; '.join(terms)})" if terms else text


def _shift(understood: Understood, by: int) -> Understood:
    return replace(understood, start=understood.start + by, end=understood.end + by)
