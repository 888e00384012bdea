"""What one marked document gives, on small libraries with the stand-in model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import feedback, options
from benchmarks.ablation_table import ALL
from benchmarks.asking import Libraries
from benchmarks.feedback import Counts, Feedback, measure, page
from benchmarks.judged import JudgedQuestion, JudgedSet
from embedder.errors import RequestError
from embedder.records import Document
from tests.support.words import WordEncoder
from tests.unit.benchmarks.conftest import json_of

# Both of the first two are about reeds, which only the first says in the question's words.
_REEDS = "reeds reeds reeds reeds reeds reeds reeds reeds"
MARSH = JudgedSet(
    "marsh",
    "marsh",
    (
        Document(id="herons", title="Herons", abstract=f"Herons wade. {_REEDS}."),
        Document(id="bitterns", title="Bitterns", abstract=f"They boom. {_REEDS}."),
        *(
            Document(id=name, title=name.title(), abstract=f"Where {name} nest.")
            for name in ("storks", "larks", "jays", "kites")
        ),
    ),
    (
        JudgedQuestion("q1", "herons wade", "question"),
        JudgedQuestion("q2", "storks", "keyword"),
        JudgedQuestion("q3", "jays", "keyword"),
        JudgedQuestion("q4", "the price of herons", "near"),
    ),
    # q2 has no other relevant document, q3 none at all.
    {"q1": {"herons": 3, "bitterns": 1, "kites": 0}, "q2": {"storks": 3}, "q3": {"storks": 0}},
)
MEANING = ("mode=semantic", "sentence_weight=0")


@pytest.fixture
def libraries(tmp_path: Path) -> Iterator[Libraries]:
    made = Libraries(tmp_path / "libraries", WordEncoder())
    yield made
    made.close()


@pytest.fixture
def found(libraries: Libraries) -> Feedback:
    return measure(libraries, [MARSH], MEANING, (0.0, 5.0))


def test_questions_without_a_relevant_hit_or_another_are_left_out(found: Feedback) -> None:
    assert found.counts == {"marsh": Counts(answerable=3, marked=2, compared=1)}
    (base,) = found.ablation.measured["marsh"]
    assert (base.measure, base.kind, base.queries) == ("nDCG@10", ALL, 1)
    assert found.ablation.base == MEANING


def test_a_mark_brings_what_is_like_it_and_is_not_counted_itself(found: Feedback) -> None:
    nothing, much = (effect.by_group[ALL] for effect in found.ablation.effects)
    # Without weight nothing changes, and the marked document, of grade 3, gives nothing itself.
    assert nothing.difference == 0.0
    assert nothing.first == found.ablation.measured["marsh"][0].mean < 1.0
    # The document that is like the marked one is then the first of the others.
    assert (much.first, much.second) == (nothing.first, 1.0)
    labels = [effect.setting.label for effect in found.ablation.effects]
    assert labels == ["like_weight=0", "like_weight=5"]


def test_a_set_with_single_answers_is_counted_but_not_measured(
    libraries: Libraries, rural_health: JudgedSet
) -> None:
    found = measure(libraries, [rural_health, MARSH], MEANING, (1.0,))
    assert found.counts["rural-health"] == Counts(answerable=4, marked=4, compared=0)
    assert list(found.ablation.measured) == ["marsh"]
    assert [effect.questions for effect in found.ablation.effects] == ["marsh"]
    text = page(found, "a-model")
    assert "| part | setting | marsh |\n" in text
    assert "| rural-health | 4 | 4 | 0 |\n" in text


def test_only_the_first_ten_hits_can_be_marked(libraries: Libraries) -> None:
    crowd = tuple(
        Document(id=f"d{number}", title="Herons wade", abstract=f"Herons wade {number}.")
        for number in range(10)
    )
    far = Document(id="far", title="Otters", abstract="Quite another thing.")
    question = JudgedQuestion("q1", "herons wade", "question")
    judged = JudgedSet("crowd", "crowd", (*crowd, far), (question,), {"q1": {"far": 3, "d1": 0}})
    found = measure(libraries, [judged], MEANING, (1.0,))
    assert found.counts["crowd"] == Counts(answerable=1, marked=0, compared=0)
    near = replace(judged, qrels={"q1": {"far": 3, "d1": 1}})
    assert measure(libraries, [near], MEANING, (1.0,)).counts["crowd"].compared == 1


def test_what_has_no_vector_to_move_is_an_error(libraries: Libraries) -> None:
    with pytest.raises(RequestError, match="works by meaning"):
        measure(libraries, [MARSH], ("mode=keyword",), (1.0,))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(options, "prepared_encoder", lambda *_: WordEncoder())
    monkeypatch.setattr(options, "read_set", lambda *_: MARSH)
    monkeypatch.setattr(sys, "argv", ["feedback", *arguments])
    feedback.main()


def test_the_command_writes_the_page_and_all_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "found.md"
    run(
        monkeypatch,
        *("--collections", "seeds", "--out", str(out), "--base", ",".join(MEANING)),
        *("--like-weights", "0.5,5", "--model", "a-model", "--reader", "quick"),
    )
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# What one marked document gives: a-model, questions read by quick\n")
    assert "\nWith mode=semantic, sentence_weight=0. " in text
    assert "| one document marked | like_weight=5 | 1.0000 (+" in text
    assert "| marsh | 3 | 2 | 1 |" in text
    figures = json_of(out.with_suffix(".json"))
    assert figures["counts"]["marsh"] == {"answerable": 3, "marked": 2, "compared": 1}
    changes = [each["setting"]["changes"] for each in figures["ablation"]["effects"]]
    assert changes == [["like_weight=0.5"], ["like_weight=5"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "no_such=1"], "'no_such=1' is not NAME=VALUE with one of"),
        (["--like-weights", "much"], "'much' is not numbers such as 0.5,1"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--collections", "seeds", *arguments)
    assert said in capsys.readouterr().err
