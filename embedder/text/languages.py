"""Recognises the languages of a text; what is not certain is taken for English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from embedder.records import Document
from embedder.text.countries import country_code
from embedder.text.language_models import LANGUAGES, language_probabilities
from embedder.vectors import Float32Array

ENGLISH = "en"
_ENGLISH_INDEX = LANGUAGES.index(ENGLISH)

# A language is certain at this probability, if it is this many times as likely as English. In a
# text of few words it must also keep the lower of both, whichever word is left out: one foreign
# name among English words makes no foreign text.
_CERTAIN, _CERTAIN_WITHOUT_A_WORD = 0.4, 0.1
_TIMES_ENGLISH, _TIMES_ENGLISH_WITHOUT_A_WORD = 10, 2
_FEW_WORDS = 8
# How many characters are read of a sentence, and of each of all documents.
_MAX_READ, _MAX_READ_OF_DOCUMENT = 500, 300
# Languages so near to each other that a sentence may be all of them: they are certain together.
# The first of each group stands for it.
_NEAR = {"hr": "bs", "sr": "bs", "ms": "id", "no": "da"}
_GROUP = np.asarray([LANGUAGES.index(_NEAR.get(code, code)) for code in LANGUAGES])
# A text that is mostly not in Latin letters is not English, and its language is the likeliest.
_CERTAIN_BY_LETTERS = 0.2
# A second language has at least this share of the letters of a text.
_MIN_SHARE = 0.2

_LATIN = re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_PARTICLES = "al au aux bin da de del di do dos du e el ibn la las los van von y"  # of names
_NO_WORD = re.compile(r"\S*[\d@/]\S*")  # numbers and addresses
# Amharic and Tigrinya share their letters, and the models know Amharic alone; it writes `a` with
# the first of these, Tigrinya with the others.
_AMHARIC, _TIGRINYA = re.compile("[አ]"), re.compile("[ኣቐ-ቝ]")


@dataclass(frozen=True, slots=True)
class RecognisedLanguages:
    """The languages of a text, the main one first, and of each of its parts one of these."""

    of_text: tuple[str, ...]
    of_parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The probabilities of a part's languages, the one that is `certain`, and its letters."""

    probabilities: Float32Array
    certain: str | None
    letters: int


def language_of(text: str) -> str:
    """Return the language of a text that is in one, `en` where nothing else is certain.

    The code has two letters (ISO 639-1) where the language has one. The text is read as a whole,
    which takes a tenth of the time of `recognise`.
    """
    return _read(text).certain or ENGLISH


def language_of_document(document: Document) -> str:
    """Return the language of a document: of its abstract's beginning, and of a short one's title.

    `en` where nothing else is certain.
    """
    return language_of(f"{document.abstract}\n{document.title}"[:_MAX_READ_OF_DOCUMENT])


def recognise(text: str, parts: Sequence[tuple[int, int]]) -> RecognisedLanguages:
    """Recognise the languages of a text and of its parts, each at [start, end) of the text.

    A text has a second language if parts in it have a fifth of its letters.
    A part that is too short to tell has the likeliest of the text's languages.
    """
    readings = [_read(text[start:end]) for start, end in parts]
    languages = _by_share(readings, text)
    return RecognisedLanguages(
        of_text=languages,
        of_parts=tuple(_likeliest(reading, languages) for reading in readings),
    )


def _by_share(readings: Sequence[_Reading], text: str) -> tuple[str, ...]:
    """Return the languages of a text by their share of its letters."""
    letters: Counter[str] = Counter()
    for reading in readings:
        if reading.certain:
            letters[reading.certain] += reading.letters
    total = sum(reading.letters for reading in readings)
    if 2 * letters.total() < total:  # short sentences may be certain together
        return (language_of(text),)
    shares = [code for code, count in letters.most_common() if count >= _MIN_SHARE * total]
    return tuple(shares) or (ENGLISH,)


def _likeliest(reading: _Reading, languages: tuple[str, ...]) -> str:
    if reading.certain in languages:
        return str(reading.certain)
    known = [code for code in languages if code in LANGUAGES]
    return max(
        known, key=lambda code: reading.probabilities[LANGUAGES.index(code)], default=languages[0]
    )


def _read(text: str) -> _Reading:
    """Read a text as a whole; the name of a country is in no language."""
    words = _words_without_names(text[:_MAX_READ])
    plain = " ".join(words)
    probabilities = language_probabilities(plain)
    certain: str | None
    if country_code(text):
        certain = None
    elif _mostly_latin(plain):
        certain = _certain(words, probabilities)
    else:
        certain = _certain_by_letters(plain, probabilities)
    return _Reading(probabilities, certain, letters=sum(map(str.isalpha, text)))


def _mostly_latin(text: str) -> bool:
    return text.isascii() or 2 * len(_LATIN.findall(text)) >= sum(map(str.isalpha, text))


def _words_without_names(text: str) -> list[str]:
    """Return the words of a text in lower case, without what is no word, and without names.

    A name is taken to be what has a capital after the first word, with the particles in it, as
    in `Rodriguez de la Cruz`; where all words have one, none is.
    """
    written = _NO_WORD.sub(" ", text).split()
    particles = _PARTICLES.split()
    names = [word[:1].isupper() for word in written]
    for index in range(1, len(written)):
        within = names[index - 1] and any(names[index + 1 : index + 3])
        names[index] |= within and written[index] in particles
    if names and not all(names[:3]):  # a sentence's first word has a capital anyway
        names[0] = False
    kept = [word for word, is_name in zip(written, names, strict=True) if not is_name]
    return [word.lower() for word in kept or written]


def _certain(words: Sequence[str], probabilities: Float32Array) -> str | None:
    """Return the certain language of a text in Latin letters; English, if that is likeliest."""
    best, probability = _best_group(probabilities)
    english = probabilities[_ENGLISH_INDEX]
    if best == _ENGLISH_INDEX:
        return ENGLISH
    if probability < max(_CERTAIN, _TIMES_ENGLISH * english) or len(words) < 2:
        return None
    if len(words) <= _FEW_WORDS:
        for left_out in range(len(words)):
            others = language_probabilities(" ".join((*words[:left_out], *words[left_out + 1 :])))
            english = _TIMES_ENGLISH_WITHOUT_A_WORD * others[_ENGLISH_INDEX]
            if _in_group(others, best).sum() < max(_CERTAIN_WITHOUT_A_WORD, english):
                return None
    return LANGUAGES[int(np.argmax(_in_group(probabilities, best)))]


def _best_group(probabilities: Float32Array) -> tuple[int, float]:
    """Return the group of near languages that is likeliest, and its probability."""
    of_groups = np.bincount(_GROUP, weights=probabilities)
    best = int(np.argmax(of_groups))
    return best, float(of_groups[best])


def _in_group(probabilities: Float32Array, group: int) -> Float32Array:
    """Return the probabilities of a group's languages, 0 for all others."""
    return np.where(group == _GROUP, probabilities, np.float32(0))


def _certain_by_letters(text: str, probabilities: Float32Array) -> str | None:
    """Return the language of a text that is mostly in other letters than Latin ones."""
    if len(_TIGRINYA.findall(text)) > len(_AMHARIC.findall(text)):
        return "ti"
    others = probabilities.copy()
    others[_ENGLISH_INDEX] = 0
    best = int(np.argmax(others))
    return LANGUAGES[best] if others[best] >= _CERTAIN_BY_LETTERS * others.sum() else None
