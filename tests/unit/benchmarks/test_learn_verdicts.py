"""What verdicts are learnt from, and how: of observations made by hand."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import learn_verdicts
from benchmarks.asking import Libraries
from benchmarks.judged import JudgedSet
from benchmarks.learn_verdicts import Observation, held_out, learn, observe, page, write_model
from embedder.search.signals import AnswerSignals, HitSignals
from embedder.search.verdict import verdict_model
from tests.support.words import WordEncoder


def observation(collection: str, nearness: float, *, right: bool, gap: float = 2.0) -> Observation:
    """An answer with two hits, of which the first is right or none."""
    return Observation(
        collection,
        f"set of {collection}",
        "plain" if right else "off",
        answerable=right,
        answer=AnswerSignals(nearness, nearness, gap, size=4.0, missing=0, literal=False),
        hits=[HitSignals(nearness, 1.0), HitSignals(nearness / 2, 0.5)],
        right=[right, False],
    )


def some(collection: str, shift: float = 0.0) -> list[Observation]:
    """Answers that are right from 0.3 on and others, wrong, up to 0.3."""
    right = [observation(collection, 0.3 + shift + at / 100, right=True) for at in range(30)]
    wrong = [observation(collection, shift + at / 100, right=False) for at in range(30)]
    return right + wrong


SEVERAL = [*some("bees"), *some("law", 0.02), *some("rocks", -0.02)]


def test_what_was_learnt_tells_right_from_wrong() -> None:
    model = learn(SEVERAL)
    # The lowest right ones are at 0.28, 0.30 and 0.32: 2 % of 30 lie below the second lowest.
    assert model.none_nearness == 0.28
    near, far = observation("x", 0.5, right=True), observation("x", 0.05, right=False)
    assert model.probability(near.answer) > 0.9
    assert model.probability(far.answer) < 0.1
    assert [model.decide(each.answer) for each in (near, far)] == ["strong", "none"]
    assert [model.fit(each, near.answer) for each in near.hits] == ["best", "less likely"]


def test_strong_is_given_where_it_is_worth_most() -> None:
    model = learn(SEVERAL)
    # All right answers, and none of the wrong ones.
    assert 0.28 < model.strong_nearness <= 0.32
    misleading = [observation("law", 0.4, right=False, gap=0.3) for _ in range(20)]
    careful = learn([*SEVERAL, *misleading])
    assert careful.strong_gap > 0.3
    assert all(careful.decide(each.answer) == "possible" for each in misleading)


def test_a_wrong_strong_outweighs_five_right_ones() -> None:
    at = 0.55
    some_wrong = [observation("jets", at, right=number >= 5) for number in range(40)]
    most_wrong = [observation("jets", at, right=number >= 10) for number in range(40)]
    verdicts = [
        {learn(answers).decide(each.answer) for each in answers}
        for answers in (some_wrong, most_wrong)
    ]
    assert verdicts == [{"strong"}, {"possible"}]


def test_each_collection_is_measured_by_what_the_others_taught() -> None:
    rows = list(held_out(SEVERAL))
    assert [name for name, _, _ in rows] == ["set of bees", "set of law", "set of rocks"]
    for name, model, own in rows:
        assert {each.name for each in own} == {name}
        assert model == learn([each for each in SEVERAL if each.name != name])


def test_sets_of_one_collection_are_left_out_together() -> None:
    twins = [replace(each, name="its twin") for each in some("bees", 0.1)]
    models = {name: model for name, model, _ in held_out([*SEVERAL, *twins])}
    assert models["set of bees"] == models["its twin"]


def test_the_page_has_a_row_for_each_set_and_the_reliability() -> None:
    lines = page(SEVERAL, learn(SEVERAL), "a-model").split("\n")
    rows = [line for line in lines if line.startswith("| set of ")]
    assert [row.split(" | ")[:2] for row in rows] == [
        [f"| set of {each}", "60"] for each in ("bees", "law", "rocks")
    ]
    assert "```mermaid" in lines
    of_bins = [line.split(" | ") for line in lines if line.startswith("| 0.")]
    assert sum(int(row[1]) for row in of_bins) == len(SEVERAL)


def test_observations_and_the_model_are_kept_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [Observation.from_json(each.as_json()) for each in SEVERAL] == SEVERAL
    file, out = tmp_path / "observations.jsonl", tmp_path / "page.md"
    file.write_text("".join(f"{each.as_json()}\n" for each in SEVERAL), encoding="utf-8")
    monkeypatch.setattr(learn_verdicts, "MODEL_FILE", tmp_path / "model.json")
    monkeypatch.setattr(learn_verdicts, "collections", lambda _: iter(()))
    monkeypatch.setattr(
        sys, "argv", ["learn_verdicts", "--observations", str(file), "--out", str(out)]
    )
    learn_verdicts.main()
    assert out.read_text(encoding="utf-8").startswith("## Verdicts on libraries")
    write_model(learn(SEVERAL), tmp_path / "other.json")
    facts = json.loads((tmp_path / "model.json").read_text(encoding="utf-8"))
    assert facts == json.loads((tmp_path / "other.json").read_text(encoding="utf-8"))
    assert set(facts) == set(verdict_model().__slots__)


def test_every_question_of_a_set_is_observed(tmp_path: Path, rural_health: JudgedSet) -> None:
    libraries = Libraries(tmp_path, WordEncoder())
    library = libraries.of(rural_health)
    found = list(observe(library, rural_health, "mine"))
    assert [each.kind for each in found] == [each.kind for each in rural_health.questions]
    for each, question in zip(found, rural_health.questions, strict=True):
        answer = library.search(question.text)
        assert (each.collection, each.name) == ("mine", "rural-health")
        assert len(each.hits) == len(each.right) == len(answer)
        assert verdict_model().decide(each.answer) == answer.verdict
        assert each.answerable == question.answerable
        assert each.answerable or not any(each.right)
    assert any(each.first_right for each in found)
    libraries.close()
