"""Ablations of small libraries, with the stand-in model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import ablation, options
from benchmarks.ablation import measure
from benchmarks.ablation_settings import Setting
from benchmarks.ablation_table import ALL
from benchmarks.asking import Libraries
from benchmarks.judged import JudgedQuestion, JudgedSet
from embedder.errors import RequestError
from embedder.records import Document
from tests.support.words import WordEncoder
from tests.unit.benchmarks.conftest import json_of

# The first two are found by keyword through the glossary's rings alone.
SYNONYMS = JudgedSet(
    "synonyms",
    "synonyms",
    (
        Document(id="worker", title="Domestic workers", abstract="Domestic workers, counted."),
        Document(id="papers", title="Retention of identity documents", abstract="What it is."),
        Document(id="herons", title="Herons", abstract="Herons wade in rivers."),
    ),
    (
        JudgedQuestion("q1", "maids", "keyword"),
        JudgedQuestion("q2", "passport confiscation", "keyword"),
        JudgedQuestion("q3", "rivers", "question"),
        JudgedQuestion("q4", "the price of herons", "near"),
    ),
    {"q1": {"worker": 3}, "q2": {"papers": 3}, "q3": {"herons": 3}},
)
KEYWORDS = ("mode=keyword",)
RINGS = Setting("rings", ("ring_weight=0",), leaves_out=True)
# No question of these has an acronym.
NOTHING = Setting("acronyms", ("acronyms=no",), leaves_out=True)


@pytest.fixture
def libraries(tmp_path: Path) -> Iterator[Libraries]:
    made = Libraries(tmp_path / "libraries", WordEncoder())
    yield made
    made.close()


def test_a_setting_is_compared_with_the_base_by_group(libraries: Libraries) -> None:
    found = measure(libraries, [SYNONYMS], KEYWORDS, [RINGS, NOTHING])
    assert found.base == KEYWORDS
    (groups,) = found.measured.values()
    assert [(each.kind, each.queries, each.mean) for each in groups] == [
        (ALL, 3, 1.0),
        ("keyword", 2, 1.0),
        ("question", 1, 1.0),
    ]
    rings, nothing = found.effects
    assert (rings.setting, rings.questions) == (RINGS, "synonyms")
    assert rings.by_group[ALL].difference == pytest.approx(-2 / 3)
    assert (rings.by_group["keyword"].first, rings.by_group["keyword"].second) == (1.0, 0.0)
    assert rings.by_group["question"].difference == 0.0
    assert {each.difference for each in nothing.by_group.values()} == {0.0}


def test_changes_are_to_the_base(libraries: Libraries) -> None:
    on = Setting("rings", ("ring_weight=1",))
    found = measure(libraries, [SYNONYMS], [*KEYWORDS, "ring_weight=0"], [on])
    assert found.measured["synonyms"][0].mean == pytest.approx(1 / 3)
    assert found.effects[0].by_group[ALL].second == 1.0


def test_an_unknown_setting_is_an_error(libraries: Libraries) -> None:
    with pytest.raises(RequestError, match="no_such=1"):
        measure(libraries, [SYNONYMS], ["no_such=1"], [])


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(options, "prepared_encoder", lambda *_: WordEncoder())
    monkeypatch.setattr(sys, "argv", ["ablation", *arguments])
    ablation.main()


@pytest.mark.slow
@pytest.mark.usefixtures("rural_health")
def test_the_command_writes_the_page_and_all_figures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "found.md"
    run(
        monkeypatch,
        *("--collections", "rural-health,cisi", "--data", str(data), "--out", str(out)),
        *("--base", "sentence_weight=0.5", "--languages", "all", "--model", "a-model"),
        *("--reader", "quick"),
    )
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# What each part gives: a-model, questions read by quick\n")
    assert "| part | setting | rural-health | rural-health, other languages | cisi |" in text
    figures = json_of(out.with_suffix(".json"))
    assert (figures["model"], figures["reader"]) == ("a-model", "quick")
    assert figures["base"] == ["sentence_weight=0.5"]
    settings = {tuple(each["setting"]["changes"]) for each in figures["effects"]}
    assert ("sentence_weight=2",) in settings
    sets = [each["questions"] for each in figures["effects"]]
    assert {sets.count(name) for name in figures["measured"]} == {len(settings)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "no_such=1"], "'no_such=1' is not NAME=VALUE with one of"),
        (["--collections", "cisi", "--data", "no-such-folder"], "no-such-folder"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, *arguments)
    assert said in capsys.readouterr().err
