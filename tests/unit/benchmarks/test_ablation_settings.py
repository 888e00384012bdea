"""The settings of an ablation: every part is switched, and none is the base itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import pytest

from benchmarks.ablation_settings import Setting, settings_around
from embedder.evaluation import SearchSettings
from embedder.records import RankingWeights

DEFAULT = SearchSettings()
BELOW = ["mode=semantic", "expand=no", "sentence_weight=0"]


@pytest.mark.parametrize("changes", [[], BELOW], ids=["whole", "below"])
def test_no_setting_is_the_base_or_there_twice(changes: list[str]) -> None:
    base = DEFAULT.changed(changes)
    settings = list(settings_around(base))
    assert len(settings) > 25
    assert max(Counter(settings).values()) == 1
    for setting in settings:
        assert base.changed(setting.changes) != base, setting
        # Each of its changes is one.
        assert all(base.changed([change]) != base for change in setting.changes), setting


def test_every_weight_is_switched() -> None:
    def switched(name: str) -> list[Setting]:
        value = getattr(DEFAULT.weights, name)
        return [
            setting
            for setting in settings_around(DEFAULT)
            if getattr(DEFAULT.changed(setting.changes).weights, name) != value
        ]

    # Of marked documents, which these questions do not have: benchmarks.feedback tries others.
    of_marks = {"like_weight", "unlike_weight"}
    for name in {weight.name for weight in fields(RankingWeights)} - of_marks:
        assert switched(name), name


def test_each_part_is_left_out_once() -> None:
    settings = list(settings_around(DEFAULT))
    left_out = [setting.part for setting in settings if setting.leaves_out]
    assert sorted(left_out) == sorted({setting.part for setting in settings})


def test_the_glossary_is_left_out_whole_and_by_halves() -> None:
    out = {
        setting.part: setting.changes
        for setting in settings_around(DEFAULT)
        if setting.leaves_out and {"acronyms=no", "ring_weight=0"} & set(setting.changes)
    }
    assert out == {
        "the glossary": ("acronyms=no", "ring_weight=0"),
        "what acronyms mean, embedded": ("acronyms=no",),
        "the glossary's rings as keywords": ("ring_weight=0",),
    }


def test_parts_that_a_base_has_off_are_switched_on() -> None:
    base = DEFAULT.changed(["spelling=no", "sentence_weight=0"])
    settings = list(settings_around(base))
    labels = {setting.label for setting in settings if setting.part == "sentences"}
    assert labels == {"sentence_weight=0.5", "sentence_weight=1", "sentence_weight=2"}
    (spelling,) = [setting for setting in settings if setting.part == "spelling"]
    assert (spelling.changes, spelling.leaves_out) == (("spelling=yes",), False)


def test_a_setting_is_called_by_its_changes() -> None:
    assert Setting("a part", ("mode=semantic", "expand=no")).label == "mode=semantic, expand=no"
