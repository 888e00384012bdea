from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from embedder.encoders.packed_weights import unpack, unpack_tensors
from embedder.errors import EncoderError

MATRIX = np.array([[127, -127, 0], [10, 20, -30]], dtype=np.int8)
SCALES = np.array([[0.5], [0.25]], dtype=np.float16)


def test_a_matrix_is_its_integers_times_their_scales() -> None:
    tensors = unpack_tensors({"layer": MATRIX, "layer.scale": SCALES})
    assert list(tensors) == ["layer"]
    assert tensors["layer"].dtype == np.float32
    assert tensors["layer"].tolist() == [[63.5, -63.5, 0.0], [2.5, 5.0, -7.5]]


def test_each_group_of_columns_has_its_scale() -> None:
    integers = np.array([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=np.int8)
    scales = np.array([[1.0, 2.0], [0.5, 0.25]], dtype=np.float16)
    tensors = unpack_tensors({"layer": integers, "layer.scale": scales})
    assert tensors["layer"].tolist() == [[1, 2, 6, 8], [2.5, 3, 1.75, 2]]


def test_other_tensors_are_float16_and_become_float32() -> None:
    bias = np.array([1.5, -2.0], dtype=np.float16)
    tensors = unpack_tensors({"head.bias": bias})
    assert tensors["head.bias"].dtype == np.float32
    assert tensors["head.bias"].tolist() == [1.5, -2.0]


def test_a_file_is_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"layer": MATRIX, "layer.scale": SCALES, "b": np.zeros(4, np.float16)}, path)
    assert {name: tensor.shape for name, tensor in unpack(path).items()} == {
        "layer": (2, 3),
        "b": (4,),
    }


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="is missing: install the program again"):
        unpack(tmp_path / "none.safetensors")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"layer": MATRIX, "layer.scale": SCALES}, path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(EncoderError, match="cannot be read"):
        unpack(path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        pytest.param({"layer": MATRIX}, "found none", id="no scale"),
        pytest.param(
            {"layer": MATRIX, "layer.scale": SCALES[:1]},
            r"found float16 of shape \(1, 1\)",
            id="few",
        ),
        pytest.param(
            {"layer": MATRIX, "layer.scale": SCALES.astype(np.float32)},
            r"found float32 of shape \(2, 1\)",
            id="scales in float32",
        ),
        pytest.param(
            {"layer": MATRIX, "layer.scale": np.ones((2, 2), np.float16)},
            r"in groups of its 3 columns: found float16 of shape \(2, 2\)",
            id="groups of unequal width",
        ),
        pytest.param(
            {"layer": MATRIX, "layer.scale": np.ones(2, np.float16)},
            r"found float16 of shape \(2,\)",
            id="no groups",
        ),
        pytest.param({"layer.scale": SCALES}, r"layer\.scale have no tensor", id="scales alone"),
        pytest.param({"bias": np.zeros(2, np.float32)}, "bias is float32", id="float32"),
        pytest.param(
            {"bias": np.zeros(2, np.int8), "bias.scale": SCALES}, "bias is int8", id="int8 vector"
        ),
    ],
)
def test_another_form_is_refused(
    tensors: dict[str, np.ndarray], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file(tensors, path)
    with pytest.raises(EncoderError, match=message) as caught:
        unpack(path)
    assert str(path) in caught.value.message
