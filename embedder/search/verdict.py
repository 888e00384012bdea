"""Decide how sure an answer is, by thresholds that the build measured on the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from embedder.records import Verdict

# If all words of a question are unknown, an answer needs this much more cosine, in questions of
# up to _SHORT_WORDS words; in longer ones less, by the square of the length.
_UNKNOWN_COST = 0.5
_SHORT_WORDS = 6
# Cosines between languages are lower, by about this factor.
_ACROSS_LANGUAGES = 0.8


@dataclass(frozen=True, slots=True)
class VerdictSignals:
    """What a verdict is decided by.

    `best_similarity` is the cosine of the question with the nearest document, `word_count` the
    number of different English words in the question, `unknown_word_count` how many of them neither
    library nor glossary has. `english` tells whether the question is in English alone.
    """

    best_similarity: float
    word_count: int
    unknown_word_count: int
    english: bool = True


def decide_verdict(signals: VerdictSignals | None, calibration: Mapping[str, float]) -> Verdict:
    """Return the verdict on an answer; `signals` is None if no document was found.

    `none`: no document is nearer than questions come by chance. `strong`: a document is nearer
    than the library's own sentences come to documents that they are not from. `calibration` has
    both cosines, `none` and `strong`.
    """
    if signals is None or signals.best_similarity < _minimum_cosine(signals, calibration["none"]):
        return "none"
    return "strong" if signals.best_similarity >= calibration["strong"] else "possible"


def _minimum_cosine(signals: VerdictSignals, by_chance: float) -> float:
    """Return the cosine that the nearest document must have for an answer."""
    if not signals.english:
        return by_chance * _ACROSS_LANGUAGES
    word_count = max(signals.word_count, 1)
    unknown_share = signals.unknown_word_count / word_count
    return by_chance + _UNKNOWN_COST * unknown_share * min(1.0, (_SHORT_WORDS / word_count) ** 2)
