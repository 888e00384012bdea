"""Decide how sure an answer is, by the thresholds that a build took from the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from embedder.records import Verdict

# What an unknown word costs in cosine when all words are unknown, in questions of up to so
# many words; in longer ones it fades with the square of the length.
_UNKNOWN_COST = 0.5


_SHORT = 6


# A question of so many words, this share of them unknown, is in another language: cosines
# between languages are lower.
_SENTENCE = 8


_FOREIGN_LANGUAGE = 0.6


_ACROSS_LANGUAGES = 0.8


@dataclass(frozen=True, slots=True)
class Signals:
    """What speaks for an answer.

    `best` is the cosine of the question with the nearest document, `words` how many different
    words the question has, `unknown_words` how many of them neither library nor glossary knows.
    """

    best: float
    words: int
    unknown_words: int


def decide(signals: Signals | None, calibration: Mapping[str, float]) -> Verdict:
    """Give the verdict for an answer (None: there is no document).

    `none`: nothing is nearer than questions come by chance. `strong`: a document is nearer
    than the library's own sentences come to documents that they are not from.
    """
    if signals is None or signals.best < _needed(signals, calibration["none"]):
        return "none"
    return "strong" if signals.best >= calibration["strong"] else "possible"


def _needed(signals: Signals, none: float) -> float:
    """Give the cosine under which there is no answer."""
    share = signals.unknown_words / max(signals.words, 1)
    if signals.words >= _SENTENCE and share > _FOREIGN_LANGUAGE:
        return none * _ACROSS_LANGUAGES
    return none + _UNKNOWN_COST * share * min(1.0, (_SHORT / max(signals.words, 1)) ** 2)
