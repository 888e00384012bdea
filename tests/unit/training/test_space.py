from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from embedder.encoders.readers import ReaderName
from training import space as space_module
from training.lora import add_lora
from training.material import Material
from training.networks import Reader, load_base, read
from training.space import make_space, name_of, texts_by_kind, tuned_reader

CPU = torch.device("cpu")


def _adapter(folder: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(2)
    return {
        name: torch.randn_like(parameter) * 0.1
        for name, parameter in add_lora(load_base(folder, "full").net, 4).items()
    }


def test_every_text_has_its_vector(
    bases: Mapping[ReaderName, Path], material: Material, tmp_path: Path
) -> None:
    adapter = _adapter(bases["full"])
    general = material.general
    space = make_space(bases["full"], adapter, material.entries, tmp_path, CPU, general=general)
    assert list(space.vectors) == [
        "practitioner",
        "plain",
        "situation",
        "keywords",
        "near",
        "document",
    ]
    assert space.dim == 48
    assert all(vectors.shape == (24, 48) for vectors in space.vectors.values())
    base, reader = tuned_reader(bases["full"], adapter)
    entry = material.entries[3]
    expected = read(reader, base.tokenise([entry.near, general.texts["gloss"][1]], "query"))
    assert torch.allclose(space.vectors["near"][3], expected[0], atol=1e-5)
    assert torch.allclose(space.general["gloss"][1], expected[1], atol=1e-5)
    assert {kind: len(vectors) for kind, vectors in space.general.items()} == {
        kind: len(texts) for kind, texts in general.texts.items()
    }


def test_an_adapter_makes_another_space(
    bases: Mapping[ReaderName, Path], material: Material
) -> None:
    texts = texts_by_kind(material.entries)["plain"]
    adapter = _adapter(bases["full"])
    names = {
        name_of(bases["full"], adapter, texts),
        name_of(bases["full"], None, texts),
        name_of(bases["quick"], None, texts),
        name_of(bases["full"], adapter, texts[1:]),
    }
    assert len(names) == 4
    base, tuned = tuned_reader(bases["full"], adapter)
    rows = base.tokenise(texts[:2], "query")
    plain = read(Reader(load_base(bases["full"], "full").net, base.pad).eval(), rows)
    assert not torch.allclose(read(tuned, rows), plain, atol=1e-3)
    assert not any(parameter.requires_grad for parameter in tuned.parameters())


def test_vectors_are_read_once(
    bases: Mapping[ReaderName, Path],
    material: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(space_module, "_TEXTS_A_FILE", 10)
    entries = material.entries
    first = make_space(bases["full"], None, entries, tmp_path, CPU)
    assert not first.general
    # Only what is missing is read again, and a file holds ten texts.
    kept = sorted(path.name for path in tmp_path.rglob("plain-*.safetensors"))
    assert kept == ["plain-0.safetensors", "plain-10.safetensors", "plain-20.safetensors"]
    next(tmp_path.rglob("plain-10.safetensors")).unlink()
    calls: list[int] = []
    monkeypatch.setattr(space_module, "read", _counting(calls))
    again = make_space(bases["full"], None, entries, tmp_path, CPU)
    assert calls == [10]
    for kind, vectors in first.vectors.items():
        assert torch.allclose(again.vectors[kind], vectors, atol=1e-6)


def _counting(calls: list[int]) -> Callable[..., torch.Tensor]:
    def counted(reader: Reader, rows: list[list[int]], **options: Any) -> torch.Tensor:
        calls.append(len(rows))
        return read(reader, rows, **options)

    return counted
