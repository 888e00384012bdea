"""Rewrite a question: its sentences, its misspelt words, and the glossary's terms for it.

A question becomes a text to encode as a whole, and its parts when it is long. Nothing of it is
left out, and nothing added but what its acronyms mean: a model has seen few of them, while the
words of a person say more than a professional term for them would. The terms are keywords.
Spelling and glossary are English: sentences in other languages stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from embedder.records import RankingWeights, Understood
from embedder.text.folding import fold
from embedder.text.glossary import Glossary, RingMatch
from embedder.text.languages import ENGLISH, recognise
from embedder.text.sentences import split_sentences
from embedder.text.spelling import Speller
from embedder.text.words import Word, singular, words

# A question has at most this many parts; neighbouring sentences of a longer one share a part.
_MAX_PARTS = 24
_MIN_COUNTED_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a question at [start, end) in a language, with misspelt words corrected.

    `terms` are the glossary's for what it says.
    """

    start: int
    end: int
    text: str
    language: str = ENGLISH
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RewrittenQuery:
    """A question as it is searched for.

    `whole` is all of it, followed by what its acronyms mean; `pieces` are its sentences, or groups
    of them, `rings` the numbers of the synonym rings in it. `languages` are those of the question,
    ISO 639 codes, the main one first.

    `word_count` counts its different English words of three letters or more;
    `words_outside_glossary` are those of them, folded, that no glossary term covers.
    `foreign_words` are its words in other languages, as written in lower case, with their
    languages.
    """

    whole: str
    pieces: tuple[Part, ...]
    languages: tuple[str, ...]
    rings: tuple[int, ...] = ()
    words_outside_glossary: tuple[str, ...] = ()
    word_count: int = 0
    foreign_words: frozenset[tuple[str, str]] = frozenset()
    understood: tuple[Understood, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The pieces of a question that has several."""
        return self.pieces if len(self.pieces) > 1 else ()


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
    pieces, languages = _cut(text)
    return RewrittenQuery(whole=text, pieces=pieces, languages=languages)


def rewrite(
    text: str,
    glossary: Glossary,
    speller: Speller,
    weights: RankingWeights,
    ignore: Iterable[str] = (),
) -> RewrittenQuery:
    """Rewrite a question's English with the glossary's terms and the library's spelling.

    Terms and spellings in `ignore`, whatever their case and accents, are left out: see `Question`.
    """
    pieces, languages = _cut(text)
    ignored = frozenset(map(fold, ignore))
    found = [_rewrite_part(piece, glossary, speller, weights, ignored) for piece in pieces]
    english = [each for each in found if each.part.language == ENGLISH]
    matches = [match for sentence in english for match in sentence.recognised]
    outside = [fold(word.written) for part in english for word in part.outside_glossary()]
    meanings = [match.ring.term for match in matches if match.by_acronym and weights.acronyms]
    corrected = " ".join(sentence.part.text for sentence in found)
    return RewrittenQuery(
        whole=_with_meanings(corrected, tuple(dict.fromkeys(meanings))),
        pieces=tuple(sentence.part for sentence in found),
        languages=languages,
        rings=tuple(dict.fromkeys(match.ring.number for match in matches)),
        words_outside_glossary=tuple(dict.fromkeys(outside)),
        word_count=len({word.form for sentence in english for word in sentence.counted}),
        foreign_words=frozenset(
            (word.written.lower(), sentence.part.language)
            for sentence in found
            for word in sentence.counted
            if sentence.part.language != ENGLISH
        ),
        understood=tuple(item for sentence in found for item in sentence.understood),
    )


def _rewrite_part(
    piece: Part,
    glossary: Glossary,
    speller: Speller,
    weights: RankingWeights,
    ignored: Collection[str],
) -> _RewrittenPart:
    """Rewrite a part of a question; one that is not English stays as it is."""
    sentence, start = piece.text, piece.start
    sentence_words = words(sentence)
    if piece.language != ENGLISH:
        counted = [word for word in sentence_words if _is_counted(word)]
        return _RewrittenPart(piece, recognised=(), counted=counted, understood=())
    corrected_words, corrections = (
        _correct(sentence_words, speller, ignored) if weights.spelling else (sentence_words, [])
    )
    recognised = [
        match for match in glossary.find(corrected_words) if fold(match.ring.term) not in ignored
    ]
    understood = [
        *corrections,
        *(
            Understood("term", term.start, term.end, term.ring.term)
            for term in recognised
            if not _is_same(sentence[term.start : term.end], term.ring.term)
        ),
    ]
    return _RewrittenPart(
        part=replace(
            piece,
            text=_replaced(sentence, corrections),
            terms=tuple(dict.fromkeys(term.ring.term for term in recognised)),
        ),
        recognised=recognised,
        counted=[word for word in corrected_words if _is_counted(word)],
        understood=[
            replace(item, start=start + item.start, end=start + item.end) for item in understood
        ],
    )


def _is_counted(word: Word) -> bool:
    return len(word.written) >= _MIN_COUNTED_LETTERS and word.written.isalpha()


def _is_same(phrase: str, term: str) -> bool:
    """Return whether a phrase is the term, apart from case, accents and number."""
    return [word.form for word in words(phrase)] == [word.form for word in words(term)]


def _cut(text: str) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Cut a question into parts, and return them with the languages of the question."""
    spans = _spans(text)
    recognised = recognise(text, spans)
    parts = (
        Part(start, end, text[start:end], language)
        for (start, end), language in zip(spans, recognised.of_parts, strict=True)
    )
    return tuple(parts), recognised.of_text


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a question are, or groups of neighbours if it has many."""
    spans = split_sentences(text)
    if len(spans) <= _MAX_PARTS:
        return spans
    size = -(-len(spans) // _MAX_PARTS)  # rounded up
    groups = [spans[index : index + size] for index in range(0, len(spans), size)]
    return [(group[0][0], group[-1][1]) for group in groups]


def _correct(
    sentence: Sequence[Word], speller: Speller, ignored: Collection[str]
) -> tuple[list[Word], list[Understood]]:
    """Correct misspelt words; a word all in capitals is taken for a name and stays.

    So does one whose correction is ignored.
    """
    corrected, corrections = [], []
    for word in sentence:
        right = None if word.written.isupper() else speller.correct(word.written.lower())
        if right is None or fold(right) in ignored:
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


def _with_meanings(text: str, meanings: Sequence[str]) -> str:
    return f"{text} ({'; '.join(meanings)})" if meanings else text
