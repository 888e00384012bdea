from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from embedder.encoders.packed_weights import unpack, unpack_tensors
from training.pack import pack, pack_checked, quantise

RNG = np.random.default_rng(3)
LAYER = RNG.normal(0, 0.05, (24, 40)).astype(np.float32)
TENSORS = {
    "net.encoder.layer.0.output.dense.weight": LAYER,
    "net.encoder.layer.0.output.dense.bias": RNG.normal(0, 1, 24).astype(np.float32),
    "head.weight": RNG.normal(0, 1, (8, 24)).astype(np.float32),
    "head.bias": RNG.normal(0, 1, 8).astype(np.float32),
}


def test_a_value_moves_by_half_a_step_at_most() -> None:
    integers, scales = quantise(LAYER)
    assert (integers.dtype.name, scales.dtype.name, scales.shape) == ("int8", "float16", (24, 1))
    step = np.abs(LAYER).max(axis=1, keepdims=True) / 127
    moved = np.abs(integers * scales.astype(np.float32) - LAYER)
    # The scale itself is rounded, by up to 2^-11 of it: 0.07 of a step at the largest value.
    assert (moved <= 0.57 * step).all()


def test_the_largest_value_of_a_group_uses_the_whole_range() -> None:
    integers, _ = quantise(np.array([[0.1, -0.4], [8.0, 2.0]], dtype=np.float32))
    assert integers.tolist() == [[32, -127], [127, 32]]


def test_a_row_of_zeros_stays_zero() -> None:
    integers, scales = quantise(np.zeros((2, 3), np.float32))
    assert not integers.any()
    assert scales.tolist() == [[0.0], [0.0]]


def test_a_large_value_costs_its_group_alone() -> None:
    wide = RNG.normal(0, 0.05, (3, 384)).astype(np.float32)
    wide[:, 7] = 5.0
    integers, scales = quantise(wide)
    assert scales.shape == (3, 3)
    moved = np.abs(unpack_tensors({"w": integers, "w.scale": scales})["w"] - wide)
    assert moved[:, :128].max() > 0.015
    assert moved[:, 128:].max() < 0.001


def test_layers_are_int8_and_all_else_float16() -> None:
    kinds = {name: tensor.dtype.name for name, tensor in pack(TENSORS).items()}
    assert kinds == {
        "head.bias": "float16",
        "head.weight": "float16",
        "net.encoder.layer.0.output.dense.bias": "float16",
        "net.encoder.layer.0.output.dense.weight": "int8",
        "net.encoder.layer.0.output.dense.weight.scale": "float16",
    }


def test_what_was_packed_is_unpacked() -> None:
    unpacked = unpack_tensors(pack(TENSORS))
    assert unpacked.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_allclose(unpacked[name], tensor, rtol=2**-10, atol=0.001)


@pytest.mark.parametrize("value", [np.nan, np.inf, 70_000.0])
def test_a_value_that_float16_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"head\.bias has values that float16 cannot hold"):
        pack({"head.bias": np.array([0.0, value], dtype=np.float32)})


def test_a_packed_file_is_the_same_each_time(tmp_path: Path) -> None:
    source = tmp_path / "float16.safetensors"
    save_file({name: tensor.astype(np.float16) for name, tensor in TENSORS.items()}, source)
    targets = [tmp_path / "one" / "w.safetensors", tmp_path / "two" / "w.safetensors"]
    ones = np.ones((1, 1), dtype=np.float32)
    sizes = [pack_checked(source, target, lambda _: ones).size for target in targets]
    assert targets[0].read_bytes() == targets[1].read_bytes()
    assert sizes == [targets[0].stat().st_size] * 2
    assert sizes[0] < source.stat().st_size
    assert unpack(targets[0]).keys() == TENSORS.keys()
