"""How sure answers are, and how well their hits fit, on a real library."""

from __future__ import annotations

from dataclasses import replace

import pytest

from embedder.library import Library
from embedder.records import Answer, Fit, Mode
from embedder.search.signals import AnswerSignals, HitSignals
from embedder.search.verdict import VerdictModel, verdict_model
from tests.unit.search.conftest import DISASTERS, PREVENTION, Ask

QUESTIONS = (PREVENTION, DISASTERS, "the best sourdough bread", "hotline number")
MODES: tuple[Mode, ...] = ("hybrid", "semantic", "keyword")


def fits(answer: Answer) -> set[str | None]:
    return {hit.fit for hit in answer}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", QUESTIONS)
def test_an_answer_has_a_probability_and_its_hits_have_fits(
    text: str, mode: Mode, ask: Ask
) -> None:
    answer = ask(text, mode=mode, limit=100)
    assert 0 <= answer.probability <= 1
    assert fits(answer) <= {"best", "likely", "less likely"}
    if answer.verdict == "none":
        assert fits(answer) <= {"less likely"}
    else:
        assert answer.hits[0].fit in {"best", "likely"}


def test_the_first_hit_of_an_answer_is_at_least_likely(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsure = replace(verdict_model(), best=1.0, likely=1.0)
    monkeypatch.setattr("embedder.search.assessing.verdict_model", lambda: unsure)
    answer = ask(DISASTERS, limit=7)
    assert answer.verdict != "none"
    as_near = [hit.similarity >= answer.hits[0].similarity for hit in answer]
    assert [hit.fit for hit in answer] == ["likely" if each else "less likely" for each in as_near]
    assert not all(as_near)


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
def test_an_answer_is_surer_than_bread(mode: Mode, ask: Ask) -> None:
    sure, bread = ask(PREVENTION, mode=mode), ask("the best sourdough bread", mode=mode)
    assert sure.verdict != "none"
    assert sure.hits[0].fit == "best"
    assert bread.verdict == "none"
    assert bread.probability < 0.5 < sure.probability


def test_hits_that_fit_better_are_nearer(ask: Ask) -> None:
    answer = ask(PREVENTION, limit=100)
    by_fit = {fit: [hit.similarity for hit in answer if hit.fit == fit] for fit in fits(answer)}
    assert set(by_fit) == {"best", "likely", "less likely"}
    assert min(by_fit["best"]) >= max(by_fit["likely"])
    assert min(by_fit["likely"]) >= max(by_fit["less likely"])


def test_without_hits_there_is_no_answer(ask: Ask) -> None:
    answer = ask("xylophone zymurgy", mode="keyword")
    assert (answer.verdict, answer.probability, answer.hits) == ("none", 0.0, ())


def test_nothing_is_said_of_documents_that_are_similar(seed_library: Library, ask: Ask) -> None:
    near = seed_library.similar(ask(PREVENTION).hits[0].document.id)
    assert {hit.fit for hit in near} == {None}


def test_the_model_decides_by_what_is_measured(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[AnswerSignals] = []

    class Model(VerdictModel):
        def probability(self, signals: AnswerSignals) -> float:
            seen.append(signals)
            return 0.25

        def fit(self, hit: HitSignals, answer: AnswerSignals) -> Fit:
            assert answer == seen[0]
            return "best" if hit.relative == 1 else "likely"

    model = verdict_model()
    values = {name: getattr(model, name) for name in VerdictModel.__slots__}
    made = Model(**values | {"none_nearness": -9.0, "strong_nearness": -9.0, "strong_gap": -9.0})
    monkeypatch.setattr("embedder.search.assessing.verdict_model", lambda: made)
    answer = ask(PREVENTION, limit=5, min_similarity=-0.99)
    best = max(answer.hits[:3], key=lambda hit: hit.similarity)
    assert (answer.verdict, answer.probability) == ("strong", 0.25)
    assert [hit.fit for hit in answer] == ["best" if hit is best else "likely" for hit in answer]
    (signals,) = seen
    assert signals.first <= signals.nearness
    assert signals.missing == 0
