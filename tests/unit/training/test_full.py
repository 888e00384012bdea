from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from embedder.encoders.readers import ReaderName
from training.full import RANK, Texts, loss_of, train_full
from training.heads import Run
from training.loop import Plan
from training.material import Material
from training.networks import Reader, load_base, read
from training.space import make_space, texts_by_kind, tuned_reader

CPU = torch.device("cpu")


@pytest.mark.slow
def test_an_adapter_brings_questions_to_their_documents(
    bases: Mapping[ReaderName, Path], material: Material, tmp_path: Path
) -> None:
    untuned = make_space(bases["full"], None, material.entries, tmp_path, CPU)
    run = Run(Plan(steps=6, batch=20, rate=5e-3, every=3), tmp_path, CPU, "float32", dropout=0.0)
    path = train_full(bases["full"], material, untuned, run)
    tensors = load_file(path)
    assert tensors["encoder.layer.0.attention.attn.q.a"].shape == (RANK, 48)
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}

    def found(adapter: dict[str, torch.Tensor] | None) -> float:
        base, reader = tuned_reader(bases["full"], adapter)
        texts = texts_by_kind(material.entries)
        chosen = material.training
        rows = [
            base.tokenise([texts[kind][index] for index in chosen], "query")
            for kind in ("practitioner", "document")
        ]
        queries, documents = (read(reader, each) for each in rows)
        own = torch.arange(len(chosen))
        return torch.nn.functional.cross_entropy(queries @ documents.T / 0.05, own).item()

    assert found(tensors) < found(None)


def test_the_loss_is_of_contrast_and_distance(
    bases: Mapping[ReaderName, Path], material: Material, tmp_path: Path
) -> None:
    untuned = make_space(bases["full"], None, material.entries, tmp_path, CPU)
    base = load_base(bases["full"], "full")
    reader = Reader(base.net, base.pad).eval()
    tokens = {
        kind: base.tokenise(texts, "query")
        for kind, texts in texts_by_kind(material.entries).items()
    }
    chosen, kinds = [4, 9, 5], ["plain", "situation", "keywords"]
    near = loss_of(reader, Texts(tokens, untuned.vectors), chosen, kinds, bfloat16=False)
    # An untuned reader is where the untuned vectors are: the anchor adds nothing, and turned
    # round it adds 0.5 * (2 + 2).
    away = {kind: -vectors for kind, vectors in untuned.vectors.items()}
    far = loss_of(reader, Texts(tokens, away), chosen, kinds, bfloat16=False)
    assert far.item() - near.item() == pytest.approx(2, abs=1e-4)
