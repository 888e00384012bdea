"""The page of an ablation, from figures that are known."""

from __future__ import annotations

import json

import pytest

from benchmarks.ablation_settings import Setting
from benchmarks.ablation_table import ALL, Ablation, Effect, page, verdict
from embedder.measures import Compared, Measured

WITHOUT = Setting("spelling", ("spelling=no",), leaves_out=True)
OTHER = Setting("sentences", ("sentence_weight=2",))


def compared(difference: float, p: float = 0.5) -> Compared:
    return Compared(
        "nDCG@10", 0.5, 0.5 + difference, difference, difference - 0.02, difference + 0.02, p
    )


def measured(kind: str, mean: float = 0.5) -> Measured:
    return Measured("nDCG@10", kind, 4, mean, mean - 0.1, mean + 0.1)


ABLATION = Ablation(
    base=("dense_weight=0.9",),
    measured={
        "seeds": [measured(ALL), measured("question", 0.6), measured("situation", 0.4)],
        "cisi": [measured(ALL, 0.25), measured("question", 0.25)],
    },
    effects=[
        Effect(
            WITHOUT,
            "seeds",
            {
                ALL: compared(-0.03, p=0.01),
                "question": compared(-0.06, p=0.02),
                "situation": compared(0.0, p=1.0),
            },
        ),
        Effect(
            OTHER,
            "seeds",
            {ALL: compared(0.01), "question": compared(0.01), "situation": compared(0.01)},
        ),
        Effect(WITHOUT, "cisi", {ALL: compared(0.001), "question": compared(0.001)}),
        Effect(OTHER, "cisi", {ALL: compared(-0.1, p=0.001), "question": compared(-0.1)}),
    ],
)


def test_the_table_has_a_row_a_setting_and_a_column_a_set() -> None:
    lines = page(ABLATION, "a-model").split("\n")
    assert lines[0] == "# What each part gives: a-model"
    assert lines[2].startswith("Compared with dense_weight=0.9. ")
    assert "| part | setting | seeds | cisi |" in lines
    assert "| **base** | | **0.5000** 0.400–0.600 | **0.2500** 0.150–0.350 |" in lines
    assert (
        "| spelling | **without:** spelling=no "
        "| 0.4700 (**-0.0300, -0.050 to -0.010, p 0.010**) "
        "| 0.5010 (+0.0010, -0.019 to +0.021, p 0.500) |"
    ) in lines
    assert any(
        line.startswith("| sentences | sentence_weight=2 | 0.5100 (+0.0100") for line in lines
    )


def test_what_is_left_out_is_judged() -> None:
    text = page(ABLATION, "a-model")
    assert "| spelling | **+0.0300** | -0.0010 | yes: seeds |" in text
    assert "| sentences | +0.0300" not in text


def test_sets_of_several_kinds_are_shown_by_kind() -> None:
    text = page(ABLATION, "a-model")
    assert "## seeds, by kind" in text
    assert "## cisi, by kind" not in text
    assert "| part | setting | question (4) | situation (4) |" in text
    assert "| **base** | | 0.6000 | 0.4000 |" in text
    assert "| spelling | spelling=no | **-0.0600** | +0.0000 |" in text


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        pytest.param({"a": -0.005, "b": 0.0}, "yes: a", id="enough on one"),
        pytest.param({"a": -0.1, "b": -0.006}, "yes: a, b", id="enough on both"),
        pytest.param({"a": -0.004, "b": 0.0}, "no: gives nothing", id="too little"),
        pytest.param({"a": -0.1, "b": 0.02}, "yes: a", id="a cost within noise"),
    ],
)
def test_a_part_earns_its_place_by_what_it_gives(losses: dict[str, float], said: str) -> None:
    assert verdict({name: compared(value) for name, value in losses.items()}) == said


def test_a_part_that_costs_beyond_noise_does_not_stay() -> None:
    losses = {"a": compared(-0.1, p=0.001), "b": compared(0.002, p=0.04)}
    assert verdict(losses) == "no: costs on b"
    losses["b"] = compared(0.002, p=0.06)
    assert verdict(losses) == "yes: a"


def test_all_figures_are_a_json_object() -> None:
    found = json.loads(json.dumps(ABLATION.as_dict()))
    assert found["base"] == ["dense_weight=0.9"]
    assert found["measured"]["seeds"][1]["mean"] == 0.6
    first = found["effects"][0]
    assert first["setting"]["changes"] == ["spelling=no"]
    assert first["by_group"]["question"]["p"] == 0.02
