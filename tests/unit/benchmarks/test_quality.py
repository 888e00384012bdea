"""The page on quality, of small libraries and the stand-in model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import options, quality
from benchmarks.ablation_settings import settings_around
from benchmarks.asking import Libraries
from benchmarks.judged import JudgedSet, read_set
from benchmarks.quality import answers_lines, by_kind_and_language, parts_lines, verdicts_lines
from embedder.evaluation import SearchSettings
from embedder.search.verdict import cosines
from tests.support.words import WordEncoder


@pytest.fixture
def libraries(tmp_path: Path) -> Iterator[Libraries]:
    made = Libraries(tmp_path / "libraries", WordEncoder())
    yield made
    made.close()


def test_answers_are_measured_by_kind_and_by_language(
    libraries: Libraries, rural_health: JudgedSet
) -> None:
    found = by_kind_and_language(libraries, rural_health)
    ndcg = [each for each in found if each.measure == "nDCG@10"]
    assert [(each.kind, each.queries) for each in ndcg] == [
        ("all in English", 3),
        ("question", 1),
        ("plain", 2),
        ("all in other languages", 1),
    ]
    assert ndcg[0].mean == pytest.approx((ndcg[1].mean + 2 * ndcg[2].mean) / 3)


def test_a_set_of_one_kind_has_one_row(libraries: Libraries, data: Path) -> None:
    lines = list(answers_lines(libraries, [read_set("cisi", data)]))
    assert lines[1:] == [
        "| questions | kind or language | | nDCG@10 | Recall@10 | MRR@10 |",
        "|---|---|---:|---|---|---|",
        "| cisi | all in English | 2 | 1.000 1.000–1.000 | 1.000 1.000–1.000 | 1.000 1.000–1.000 |",
    ]


@pytest.mark.slow
def test_each_part_is_left_out(libraries: Libraries, data: Path) -> None:
    lines = list(parts_lines(libraries, [read_set("cisi", data)]))
    rows = [line for line in lines if line.startswith("| ")]
    assert rows[0] == "| part | setting | cisi |"
    parts = [each.part for each in settings_around(SearchSettings()) if each.leaves_out]
    assert len(parts) >= 10
    assert [row.split(" | ")[0] for row in rows[2:]] == [f"| {part}" for part in parts]
    assert all("**without:**" in row for row in rows[2:])


def test_thresholds_are_of_libraries_and_verdicts_of_sets(
    libraries: Libraries, rural_health: JudgedSet
) -> None:
    lines = list(verdicts_lines(libraries, [rural_health]))
    divided = cosines(libraries.of(rural_health).status()[1].calibration)
    assert lines[3] == f"| rural-health | {divided['none']:.3f} | {divided['strong']:.3f} |"
    assert "\n### rural-health\n" in lines


@pytest.mark.slow
@pytest.mark.usefixtures("rural_health")
def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "page.md"
    monkeypatch.setattr(options, "prepared_encoder", lambda *_: WordEncoder())
    arguments = ["--collections", "rural-health", "--model", "a-model", "--out"]
    monkeypatch.setattr(sys, "argv", ["quality", *arguments, str(out)])
    quality.main()
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# Quality\n\nOf a-model. Made by `make quality`.\n")
    headings = [line for line in text.split("\n") if line.startswith("## ")]
    assert headings[:3] == [
        "## The answers, by kind of question and by language",
        "## What each part gives",
        "## Verdicts",
    ]
    # What was written by hand follows.
    assert text.endswith(quality.NOTES.read_text(encoding="utf-8"))
