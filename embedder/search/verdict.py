"""Decide how sure an answer is, by what was learnt on judged questions to many libraries.

`verdict_model.json` is written by `python -m benchmarks.learn_verdicts`; docs/quality.md has how
far it holds on libraries that it was not learnt from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from embedder.records import Fit, Verdict
from embedder.search.signals import AnswerSignals, HitSignals

MODEL_FILE = Path(__file__).with_name("verdict_model.json")

# Beyond these an answer is no surer.
_ENOUGH_NEARNESS = 0.45
_ENOUGH_GAP = 1.5


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic regression: `weights` by the names of features, and an intercept."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, features: Mapping[str, float]) -> float:
        """Return the probability, 0 to 1, that features tell."""
        total = sum(weight * features[name] for name, weight in self.weights.items())
        # 1 / (1 + exp(-x)), without an overflow far from 0.
        return (1 + math.tanh((self.intercept + total) / 2)) / 2


@dataclass(frozen=True, slots=True)
class VerdictModel:
    """What was learnt.

    `answer` gives the probability that one of the first hits answers, `hit` that a hit does. An
    answer whose nearness is below `none_nearness` has the verdict `none`; one whose first hit has
    `strong_nearness` or more and whose gap is `strong_gap` or more has `strong`. A hit fits `best`,
    or is `likely`, from these probabilities on.
    """

    answer: Logistic
    hit: Logistic
    none_nearness: float
    strong_nearness: float
    strong_gap: float
    best: float
    likely: float

    def decide(self, signals: AnswerSignals) -> Verdict:
        """Return the verdict on an answer.

        `none` is not said where a rare word or phrase of the question stands in the first hit: it
        is what a person asked for in these very words. `strong` is not said where a place, a year
        or a number of the question is in none of the first hits.
        """
        if signals.nearness < self.none_nearness:
            return "possible" if signals.literal else "none"
        sure = signals.first >= self.strong_nearness and signals.gap >= self.strong_gap
        return "strong" if sure and not signals.missing else "possible"

    def probability(self, signals: AnswerSignals) -> float:
        """Return the probability, 0 to 1, that one of the first hits answers."""
        return self.answer.probability(answer_features(signals))

    def fit(self, hit: HitSignals, answer: AnswerSignals) -> Fit:
        """Return how probably a hit of an answer answers the question."""
        probability = self.hit.probability(hit_features(hit, answer))
        if probability >= self.best:
            return "best"
        return "likely" if probability >= self.likely else "less likely"


@cache
def verdict_model() -> VerdictModel:
    """Return what was learnt, which the package has in a file."""
    facts: dict[str, Any] = json.loads(MODEL_FILE.read_text(encoding="utf-8"))
    answer, hit = (Logistic(**facts.pop(name)) for name in ("answer", "hit"))
    return VerdictModel(answer=answer, hit=hit, **facts)


def cosines(calibration: Mapping[str, float]) -> dict[str, float]:
    """Return the cosines that divide the verdicts of a library, by its calibration.

    Without documents nearer than `none` an answer has this verdict, and it can have `strong` only
    if the first is as near as that.
    """
    model, median = verdict_model(), calibration["median"]
    nearness = {"none": model.none_nearness, "strong": model.strong_nearness}
    return {name: median + each * (1.0 - median) for name, each in nearness.items()}


def answer_features(signals: AnswerSignals) -> dict[str, float]:
    """Return what the probability of an answer is learnt from."""
    return {
        "nearness": min(signals.nearness, _ENOUGH_NEARNESS),
        "gap": min(signals.gap, _ENOUGH_GAP),
        "size": signals.size,
    }


def hit_features(hit: HitSignals, answer: AnswerSignals) -> dict[str, float]:
    """Return what the probability of a hit is learnt from."""
    return {
        "nearness": hit.nearness,
        "relative": hit.relative,
        "gap": min(answer.gap, _ENOUGH_GAP),
    }
