from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from embedder.encoders.readers import ReaderName
from training.heads import Run
from training.loop import Plan
from training.material import Material
from training.networks import load_base
from training.quick import make_lesson, train_quick
from training.space import make_space

CPU = torch.device("cpu")


def test_the_reader_is_trained_on_all_english_texts(
    bases: Mapping[ReaderName, Path], material: Material, tmp_path: Path
) -> None:
    general = material.general
    space = make_space(bases["full"], None, material.entries, tmp_path, CPU, general=general)
    lesson = make_lesson(load_base(bases["quick"], "quick"), material, space)
    (group,) = lesson.groups
    of_others = {f"general {kind}" for kind in space.general}
    assert {pool.name for pool in group.pools} == {*space.vectors, *of_others}
    assert all(pool.examples for pool in group.pools)
    assert lesson.order > 0
    assert len(lesson.documents) == 20 + len(general.texts["document"])

    run = Run(Plan(steps=2, batch=8, rate=1e-3), tmp_path / "run", CPU, precision="float32")
    tensors = load_file(train_quick(bases["quick"], material, space, run))
    still = replace(run, plan=replace(run.plan, rate=0.0), work=tmp_path / "still")
    untrained = load_file(train_quick(bases["quick"], material, space, still))
    assert tensors.keys() == untrained.keys()
    changed = {name for name in tensors if not torch.equal(tensors[name], untrained[name])}
    assert "net.encoder.layer.0.attention.self.query.weight" in changed
