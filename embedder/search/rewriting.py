"""Rewrite a question: its sentences, its misspelt words, and the glossary's terms for it.

A question becomes a text to encode as a whole and, when it is long, its parts, each followed by
the glossary's terms for what it says. Nothing of a question is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from embedder.records import RankingWeights, Understood
from embedder.text.countries import country_code
from embedder.text.folding import fold
from embedder.text.glossary import Glossary, RingMatch
from embedder.text.sentences import split_sentences
from embedder.text.spelling import Speller
from embedder.text.words import Word, singular, words

# A question has at most this many parts; neighbouring sentences of a longer one share a part.
_MAX_PARTS = 24
_MIN_COUNTED_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a question at [start, end): `corrected`, and with its terms, `text`."""

    start: int
    end: int
    corrected: str
    text: str


@dataclass(frozen=True, slots=True)
class RewrittenQuery:
    """A question as it is searched for.

    `corrected` is all of it, `whole` the same followed by the glossary's terms; `parts` are its
    parts if it has several, `terms` the glossary's terms alone, to be one more part, `rings` the
    numbers of their rings. `word_count` counts its different words of three letters or more;
    `words_outside_glossary` are those of them, folded, that no glossary term covers, with where
    they first occur; `names` are those of these that are a country's name, or are written with a
    capital inside a sentence.
    """

    whole: str
    corrected: str
    parts: tuple[Part, ...]
    terms: str
    rings: tuple[int, ...]
    words_outside_glossary: Mapping[str, tuple[int, int]]
    names: frozenset[str]
    word_count: int
    understood: tuple[Understood, ...]


@dataclass(frozen=True, slots=True)
class _RewrittenPart:
    """What was found in one part of a question; `counted` are its words of three letters."""

    part: Part
    recognised: Sequence[RingMatch]
    counted: Sequence[Word]
    understood: Sequence[Understood]

    def outside_glossary(self) -> list[Word]:
        """Return the counted words that no glossary term covers."""
        covered = {index for found in self.recognised for index in range(found.start, found.end)}
        return [word for word in self.counted if word.start not in covered]


def verbatim(text: str) -> RewrittenQuery:
    """Return a question as it stands: cut into parts, with nothing added or corrected."""
    parts = tuple(Part(start, end, text[start:end], text[start:end]) for start, end in _cut(text))
    return RewrittenQuery(
        whole=text,
        corrected=text,
        parts=parts if len(parts) > 1 else (),
        terms="",
        rings=(),
        words_outside_glossary={},
        names=frozenset(),
        word_count=0,
        understood=(),
    )


def rewrite(
    text: str, glossary: Glossary, speller: Speller, weights: RankingWeights
) -> RewrittenQuery:
    """Rewrite a question with the glossary's terms and the library's spelling."""
    found = [
        _rewrite_part(text, start, end, glossary, speller, weights) for start, end in _cut(text)
    ]
    rings = {
        recognised.ring.number: recognised.ring.term
        for sentence in found
        for recognised in sentence.recognised
    }
    terms = list(rings.values())
    outside: dict[str, tuple[int, int]] = {}
    names: set[str] = set()
    for sentence in found:
        for word in sentence.outside_glossary():
            start = sentence.part.start
            outside.setdefault(fold(word.written), (start + word.start, start + word.end))
            if _is_name(word):
                names.add(fold(word.written))
    parts = tuple(sentence.part for sentence in found)
    corrected = " ".join(part.corrected for part in parts)
    return RewrittenQuery(
        whole=_with_terms(corrected, terms if weights.terms_in_whole else ()),
        corrected=corrected,
        parts=parts if len(parts) > 1 else (),
        terms="; ".join(terms) if weights.terms_as_part else "",
        rings=tuple(rings),
        words_outside_glossary=outside,
        names=frozenset(names),
        word_count=len({word.form for sentence in found for word in sentence.counted}),
        understood=tuple(item for sentence in found for item in sentence.understood),
    )


def _rewrite_part(
    text: str,
    start: int,
    end: int,
    glossary: Glossary,
    speller: Speller,
    weights: RankingWeights,
) -> _RewrittenPart:
    """Rewrite the part of a question at [start, end)."""
    sentence = text[start:end]
    sentence_words = words(sentence)
    corrected_words, corrections = (
        _correct(sentence_words, speller) if weights.spelling else (sentence_words, [])
    )
    recognised = glossary.find(corrected_words)
    corrected = _replaced(sentence, corrections)
    terms = dict.fromkeys(term.ring.term for term in recognised) if weights.terms_in_parts else {}
    understood = [
        *corrections,
        *(
            Understood("term", term.start, term.end, term.ring.term)
            for term in recognised
            if not _is_same(sentence[term.start : term.end], term.ring.term)
        ),
    ]
    return _RewrittenPart(
        part=Part(start, end, corrected, _with_terms(corrected, tuple(terms))),
        recognised=recognised,
        counted=[word for word in corrected_words if _is_counted(word)],
        understood=[
            replace(item, start=start + item.start, end=start + item.end) for item in understood
        ],
    )


def _is_counted(word: Word) -> bool:
    return len(word.written) >= _MIN_COUNTED_LETTERS and word.written.isalpha()


def _is_name(word: Word) -> bool:
    """Return whether a word of a sentence is a name: no other word stands for it."""
    return country_code(word.written) is not None or (word.start > 0 and word.written[:1].isupper())


def _is_same(phrase: str, term: str) -> bool:
    """Return whether a phrase is the term, apart from case, accents and number."""
    return [word.form for word in words(phrase)] == [word.form for word in words(term)]


def _cut(text: str) -> list[tuple[int, int]]:
    """Cut a question into sentences, or into groups of neighbouring ones if it has many."""
    spans = split_sentences(text)
    if len(spans) <= _MAX_PARTS:
        return spans
    size = -(-len(spans) // _MAX_PARTS)  # rounded up
    groups = [spans[index : index + size] for index in range(0, len(spans), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _correct(sentence: Sequence[Word], speller: Speller) -> tuple[list[Word], list[Understood]]:
    """Correct misspelt words; a word all in capitals is taken for a name and stays."""
    corrected, corrections = [], []
    for word in sentence:
        right = None if word.written.isupper() else speller.correct(word.written.lower())
        if right is None:
            corrected.append(word)
            continue
        corrections.append(Understood("spelling", word.start, word.end, right))
        corrected.append(replace(word, written=right, form=singular(fold(right))))
    return corrected, corrections


def _replaced(text: str, corrections: Sequence[Understood]) -> str:
    """Return a text with its misspelt words replaced."""
    pieces, end = [], 0
    for correction in corrections:
        pieces += [text[end : correction.start], correction.meaning]
        end = correction.end
    return "".join((*pieces, text[end:]))


def _with_terms(text: str, terms: Sequence[str]) -> str:
    return f"{text} ({'; '.join(terms)})" if terms else text
