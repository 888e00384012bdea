"""Verdicts, probabilities and fits: by a model made by hand, and what the package's own says."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from embedder.records import Fit, Verdict
from embedder.search.signals import AnswerSignals, HitSignals
from embedder.search.verdict import (
    Logistic,
    VerdictModel,
    answer_features,
    cosines,
    hit_features,
    verdict_model,
)

MODEL = VerdictModel(
    answer=Logistic(-1.0, {"nearness": 2.0, "gap": 1.0, "size": -0.5}),
    hit=Logistic(-4.5, {"nearness": 4.0, "relative": 2.0, "gap": 1.0}),
    none_nearness=0.2,
    strong_nearness=0.4,
    strong_gap=1.25,
    best=0.6,
    likely=0.2,
)
SURE = AnswerSignals(nearness=0.5, first=0.5, gap=2.0, size=4.0, missing=0, literal=False)


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        pytest.param(SURE, "strong", id="near and apart"),
        pytest.param(replace(SURE, first=0.4, gap=1.25), "strong", id="just so"),
        pytest.param(replace(SURE, first=0.399), "possible", id="another is nearer"),
        pytest.param(replace(SURE, gap=1.249), "possible", id="one of many"),
        pytest.param(replace(SURE, missing=1), "possible", id="a place is missing"),
        pytest.param(replace(SURE, nearness=0.2, first=0.1), "possible", id="not so near"),
        pytest.param(replace(SURE, nearness=0.199, first=0.1), "none", id="no nearer than chance"),
        pytest.param(
            replace(SURE, nearness=0.199, first=0.1, literal=True), "possible", id="word by word"
        ),
        pytest.param(replace(SURE, nearness=-3.0, first=-3.0), "none", id="far"),
        pytest.param(replace(SURE, literal=True), "strong", id="literal changes nothing else"),
    ],
)
def test_the_verdict_is_decided_by_hand_made_thresholds(
    signals: AnswerSignals, expected: Verdict
) -> None:
    assert MODEL.decide(signals) == expected


def test_the_probability_is_that_of_the_regression() -> None:
    # Nearness counts up to 0.45 and the gap up to 1.5: -1 + 0.9 + 1.5 - 2 = -0.6.
    assert MODEL.probability(SURE) == pytest.approx(1 / (1 + math.exp(0.6)))
    assert MODEL.probability(replace(SURE, nearness=0.9, gap=9.0)) == MODEL.probability(SURE)
    # -1 + 0.2 + 1 - 2 = -1.8.
    weaker = replace(SURE, nearness=0.1, gap=1.0)
    assert MODEL.probability(weaker) == pytest.approx(1 / (1 + math.exp(1.8)))


@pytest.mark.parametrize(
    ("nearness", "relative", "expected"),
    [
        (0.5, 1.0, "best"),  # the gap counts up to 1.5: -4.5 + 2 + 2 + 1.5 = 1: 0.73
        (0.3, 1.0, "likely"),  # 0.2: 0.55
        (0.3, 0.5, "likely"),  # -0.8: 0.31
        (0.2, 0.2, "less likely"),  # -1.8: 0.14
        (-1.0, -2.0, "less likely"),
    ],
)
def test_a_hit_fits_by_its_probability(nearness: float, relative: float, expected: Fit) -> None:
    assert MODEL.fit(HitSignals(nearness, relative), SURE) == expected


def test_a_hit_fits_less_where_the_best_does_not_stand_out() -> None:
    # -4.5 + 2 + 2 + 0.5 = 0: 0.5.
    assert MODEL.fit(HitSignals(0.5, 1.0), replace(SURE, gap=0.5)) == "likely"


def test_the_cosines_of_the_verdicts_lie_between_the_median_and_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("embedder.search.verdict.verdict_model", lambda: MODEL)
    assert cosines({"median": 0.5, "chance": 0.9}) == pytest.approx({"none": 0.6, "strong": 0.7})
    assert cosines({"median": -1.0, "chance": -1.0}) == pytest.approx(
        {"none": -0.6, "strong": -0.2}
    )


# What comes with the package.


def test_what_was_learnt_has_a_weight_for_every_feature() -> None:
    model = verdict_model()
    assert set(model.answer.weights) == set(answer_features(SURE))
    assert set(model.hit.weights) == set(hit_features(HitSignals(0.5, 1.0), SURE))


def test_what_was_learnt_is_surer_the_nearer_a_document_is() -> None:
    model = verdict_model()
    assert 0 < model.none_nearness < model.strong_nearness < 1
    assert 0 < model.likely < model.best < 1
    near = [replace(SURE, nearness=each) for each in (0.0, 0.15, 0.3, 0.45)]
    probabilities = [model.probability(each) for each in near]
    assert probabilities == sorted(set(probabilities))
    assert probabilities[0] < 0.5 < probabilities[-1]
    fits = [model.fit(HitSignals(each, each / 0.7), SURE) for each in (0.0, 0.1, 0.7)]
    assert fits == ["less likely", "less likely", "best"]
