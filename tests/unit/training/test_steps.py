from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from embedder.encoders.packed_weights import unpack
from embedder.encoders.readers import READERS, ReaderName
from training import steps
from training.material import Material
from training.networks import read
from training.steps import Options, find_teacher, load_reader, step_measure, step_train

BOTH: tuple[ReaderName, ReaderName] = ("full", "quick")


@pytest.fixture
def options(bases: Mapping[ReaderName, Path], tmp_path: Path) -> Options:
    return Options(
        work=tmp_path / "work",
        bases=bases,
        weights=tmp_path / "weights",
        plan={"steps": 2, "batch": 8, "every": 1},
        device=torch.device("cpu"),
        precision="float32",
    )


@pytest.mark.slow
def test_all_readers_are_trained_packed_and_measured(
    material: Material, options: Options, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in READERS:
        step_train(name, material, options)
        said = capsys.readouterr().out
        assert "cosine to the vectors before packing: 0.999" in said or "1.000" in said
    # The others learn from the adapter that was trained beside them, not the shipped one.
    assert f"the space is that of {options.weights / 'full.safetensors'}" in said
    assert unpack(options.weights / "languages.safetensors")["head.weight"].shape == (48, 32)

    scores = step_measure(material, options)
    who = {(score.reader, score.documents) for score in scores}
    assert who == {
        ("full", "full"),
        ("quick", "full"),
        ("quick", "quick"),
        ("languages", "full"),
        ("languages", "languages"),
    }
    parts = dict.fromkeys(score.part for score in scores)
    assert list(parts)[:2] == ["development entries", "test entries"]
    assert "rural-health" in parts
    french = {score.reader for score in scores if score.kind == "plain, fr"}
    assert french == {"languages"}


@pytest.mark.slow
def test_the_readers_of_one_space_read_into_it(material: Material, options: Options) -> None:
    step_train("full", material, options)
    step_train("quick", material, options)
    texts = [entry.questions["plain"] for entry in material.entries]
    vectors = []
    for name in BOTH:
        weights = unpack(options.weights / f"{name}.safetensors")
        base, reader = load_reader(name, options.bases[name], weights)
        with torch.no_grad():
            vectors.append(read(reader, base.tokenise(texts, "query")).numpy())
    # The least-squares head alone brings most of the way.
    assert vectors[0].shape == vectors[1].shape == (24, 48)
    assert np.sum(vectors[0] * vectors[1], axis=1).mean() > 0.8


@pytest.mark.slow
def test_a_reader_goes_on_from_weights(material: Material, options: Options) -> None:
    step_train("full", material, options)
    step_train("quick", material, options)
    path = options.weights / "quick.safetensors"
    before = unpack(path)
    again = replace(
        options, begin=path, work=options.work / "again", plan={"steps": 1, "rate": 0.0}
    )
    step_train("quick", material, again)
    for name, tensor in unpack(path).items():
        np.testing.assert_allclose(tensor, before[name], rtol=0.02, atol=0.002)


def test_the_teacher_is_given_trained_or_shipped(
    options: Options,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    read_from: list[Path] = []

    def unpacked(path: Path) -> dict[str, np.ndarray]:
        read_from.append(path)
        return {}

    monkeypatch.setattr(steps, "unpack", unpacked)
    find_teacher(options)
    trained = options.weights / "full.safetensors"
    trained.parent.mkdir()
    trained.touch()
    find_teacher(options)
    find_teacher(replace(options, teacher=tmp_path / "mine"))
    assert read_from == [steps.SHIPPED / "full.safetensors", trained, tmp_path / "mine"]
    assert capsys.readouterr().out.count("the space is that of") == 3


def test_the_weights_that_come_with_the_program_are_packed() -> None:
    sizes = {}
    for name, tensor in (("full", "encoder.layer.0.output.dense.a"), ("quick", "head.weight")):
        path = steps.SHIPPED / f"{name}.safetensors"
        assert tensor in unpack(path)
        sizes[name] = path.stat().st_size
    assert unpack(steps.SHIPPED / "languages.safetensors")["head.bias"].shape == (768,)
    assert sum(path.stat().st_size for path in steps.SHIPPED.iterdir()) < 70_000_000
    assert sizes["full"] < 6_000_000
