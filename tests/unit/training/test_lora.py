from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import pytest
import torch

from embedder.encoders.readers import ReaderName
from training.lora import add_lora, merge_lora
from training.networks import Reader, load_base, read

ROWS = [[0, 50, 60, 70, 2], [0, 80, 2]]


def test_an_adapter_changes_nothing_at_first(bases: Mapping[ReaderName, Path]) -> None:
    base = load_base(bases["full"], "full")
    reader = Reader(base.net, base.pad).eval()
    before = read(reader, ROWS)
    trained = add_lora(base.net, 4)
    assert torch.allclose(read(reader, ROWS), before)
    # Six linear layers in each of two blocks, two factors each, and nothing else learns.
    assert len(trained) == 24
    assert trained["encoder.layer.1.attention.attn.q.a"].shape == (4, 48)
    assert trained["encoder.layer.1.output.dense.b"].shape == (48, 4)
    learning = {id(p) for p in base.net.parameters() if p.requires_grad}
    assert learning == {id(parameter) for parameter in trained.values()}


def test_a_merged_adapter_reads_as_the_adapter_did(bases: Mapping[ReaderName, Path]) -> None:
    base = load_base(bases["full"], "full")
    plain = deepcopy(base.net)
    trained = add_lora(base.net, 4)
    with torch.no_grad():
        for parameter in trained.values():
            parameter.normal_(0, 0.1)
    merge_lora(plain, {name: parameter.detach().numpy() for name, parameter in trained.items()})
    adapted = read(Reader(base.net, base.pad).eval(), ROWS)
    merged = read(Reader(plain, base.pad).eval(), ROWS)
    assert torch.allclose(adapted, merged, atol=1e-5)
    untuned = read(Reader(load_base(bases["full"], "full").net, base.pad).eval(), ROWS)
    assert not torch.allclose(untuned, merged, atol=1e-3)


def test_an_adapter_of_another_model_is_refused(bases: Mapping[ReaderName, Path]) -> None:
    trained = add_lora(load_base(bases["full"], "full").net, 4)
    with pytest.raises(ValueError, match=r"does not fit the model: see its layer encoder\.layer"):
        merge_lora(load_base(bases["quick"], "quick").net, trained)
