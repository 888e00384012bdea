from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from embedder.encoders.readers import ReaderName
from training.batches import Example, Pool
from training.heads import Group, Lesson, Run, average, fit_head, loss_of, train_reader
from training.loop import Plan
from training.losses import distance
from training.networks import Reader, load_base, read

CPU = torch.device("cpu")
PLAN = Plan(steps=12, batch=20, rate=1e-2, every=4)
TEXTS = [[0, *range(40 + 3 * i, 46 + 4 * i), 2] for i in range(80)]


@pytest.fixture
def lesson(bases: Mapping[ReaderName, Path]) -> Lesson:
    """Texts with the vectors that another network gives them, ten documents among them."""
    torch.manual_seed(4)
    with torch.no_grad():
        targets = read(Reader(load_base(bases["full"], "full").net, 1, 16).eval(), TEXTS)
    finding = [Example(TEXTS[i], i, i % 10) for i in range(20)]
    other = [Example(TEXTS[i], i, None) for i in range(20, 80)]
    groups = [Group(0.25, [Pool("a", 1.0, finding)]), Group(0.75, [Pool("b", 1.0, other)])]
    return Lesson(groups, targets, targets[:10], order=0.5)


def _run(tmp_path: Path, plan: Plan = PLAN, seeds: int = 1) -> Run:
    return Run(plan, tmp_path, CPU, precision="float32", seeds=seeds, dropout=0.0)


def _reader(folder: Path, path: Path) -> Reader:
    reader = Reader(load_base(folder, "quick").net, 1, 16).eval()
    missing, unexpected = reader.load_state_dict(
        {name: tensor.float() for name, tensor in load_file(path).items()}, strict=False
    )
    assert not unexpected
    assert all(".embeddings." in name for name in missing)
    return reader


def _distance(reader: Reader, lesson: Lesson) -> float:
    with torch.no_grad():
        return distance(read(reader, TEXTS), lesson.targets).item()


def test_a_reader_comes_to_its_targets(
    bases: Mapping[ReaderName, Path], lesson: Lesson, tmp_path: Path
) -> None:
    # Not from the least-squares head, which only many steps can better.
    first = Reader(load_base(bases["quick"], "quick").net, 1, 16).eval()
    begin = {name: p.detach() for name, p in first.named_parameters() if "head." in name}
    path = train_reader("quick", bases["quick"], lesson, replace(_run(tmp_path), begin=begin))
    trained = _reader(bases["quick"], path)
    assert _distance(trained, lesson) < 0.6 * _distance(first, lesson)
    assert set(load_file(path)) > {"head.weight", "head.bias"}
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}


def test_the_first_head_is_the_best_linear_map(
    bases: Mapping[ReaderName, Path], lesson: Lesson
) -> None:
    reader = Reader(load_base(bases["quick"], "quick").net, 1, 16).eval()
    fit_head(reader, lesson)
    with torch.no_grad():
        pooled = read(reader, TEXTS, pooled=True).double().numpy()
    assert reader.head is not None
    solved, *_ = np.linalg.lstsq(
        np.vstack([pooled, np.eye(32)]),
        np.vstack([lesson.targets.double().numpy(), np.zeros((32, 16))]),
    )
    assert np.allclose(reader.head.weight.detach().numpy(), solved.T, atol=1e-3)


def test_embeddings_stay_as_they_are(
    bases: Mapping[ReaderName, Path], lesson: Lesson, tmp_path: Path
) -> None:
    path = train_reader("quick", bases["quick"], lesson, _run(tmp_path))
    assert not [name for name in load_file(path) if "embeddings" in name]
    before = load_base(bases["quick"], "quick").net.state_dict()
    changed = load_file(path)
    name = "encoder.layer.0.output.dense.weight"
    assert not torch.equal(changed[f"net.{name}"].float(), before[name])


@pytest.mark.slow
def test_an_interrupted_reader_comes_to_the_same(
    bases: Mapping[ReaderName, Path],
    lesson: Lesson,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = load_file(train_reader("quick", bases["quick"], lesson, _run(tmp_path / "whole")))

    def stopping(
        reader: Reader, lesson: Lesson, plan: Plan, step: int, *, bfloat16: bool
    ) -> torch.Tensor:
        if step == 10:
            raise KeyboardInterrupt
        return loss_of(reader, lesson, plan, step, bfloat16=bfloat16)

    with monkeypatch.context() as patch:
        patch.setattr("training.heads.loss_of", stopping)
        with pytest.raises(KeyboardInterrupt):
            train_reader("quick", bases["quick"], lesson, _run(tmp_path / "part"))
    again = load_file(train_reader("quick", bases["quick"], lesson, _run(tmp_path / "part")))
    for name, tensor in whole.items():
        assert torch.equal(again[name], tensor), name


@pytest.mark.slow
def test_seeds_are_averaged(
    bases: Mapping[ReaderName, Path], lesson: Lesson, tmp_path: Path
) -> None:
    both = load_file(train_reader("quick", bases["quick"], lesson, _run(tmp_path / "2", seeds=2)))
    name = "net.encoder.layer.1.output.dense.weight"
    singles = [
        load_file(
            train_reader(
                "quick",
                bases["quick"],
                lesson,
                _run(tmp_path / f"s{seed}", replace(PLAN, seed=seed)),
            )
        )[name].float()
        for seed in (1, 2)
    ]
    assert not torch.equal(singles[0], singles[1])
    assert torch.allclose(both[name].float(), (singles[0] + singles[1]) / 2, atol=1e-3)


def test_the_average_is_taken_before_rounding() -> None:
    states = [{"w": torch.tensor([1.0])}, {"w": torch.tensor([1.0 + 2**-9])}]
    assert average(states)["w"].item() == 1.0 + 2**-10


def test_a_run_goes_on_from_given_weights(
    bases: Mapping[ReaderName, Path], lesson: Lesson, tmp_path: Path
) -> None:
    path = train_reader("quick", bases["quick"], lesson, _run(tmp_path / "a"))
    begin = load_file(path)
    still = replace(_run(tmp_path / "b", replace(PLAN, steps=1, rate=0.0)), begin=begin)
    again = load_file(train_reader("quick", bases["quick"], lesson, still))
    for name, tensor in begin.items():
        assert torch.equal(again[name], tensor), name


def test_each_group_counts_alike_whatever_its_share(
    bases: Mapping[ReaderName, Path], lesson: Lesson
) -> None:
    reader = Reader(load_base(bases["quick"], "quick", dropout=0.0).net, 1, 16).eval()
    alone = [
        loss_of(
            reader,
            replace(lesson, groups=[group], find=0.0, order=0.0),
            replace(PLAN, batch=400),
            0,
            bfloat16=False,
        ).item()
        for group in lesson.groups
    ]
    both = loss_of(
        reader,
        replace(lesson, find=0.0, order=0.0),
        replace(PLAN, batch=800),
        0,
        bfloat16=False,
    ).item()
    assert both == pytest.approx(sum(alone), abs=0.2)
    assert alone[0] != pytest.approx(alone[1], abs=1e-3)


def test_texts_without_a_document_can_be_all(
    bases: Mapping[ReaderName, Path], lesson: Lesson
) -> None:
    reader = Reader(load_base(bases["quick"], "quick").net, 1, 16).eval()
    only = replace(lesson, groups=lesson.groups[1:], order=0.0)
    loss = loss_of(reader, only, PLAN, 0, bfloat16=False)
    finding = loss_of(reader, replace(only, find=7.0), PLAN, 0, bfloat16=False)
    assert loss.item() == finding.item() > 0
