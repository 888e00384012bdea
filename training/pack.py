"""Pack weights for the program: int8 matrices with a float16 scale for each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from embedder.encoders.packed_weights import SCALE
from embedder.vectors import Float16Array, Float32Array

# int8 is used symmetrically: -127 to 127.
_LARGEST = 127


def is_layer(name: str, tensor: NDArray[Any]) -> bool:
    """Return whether a tensor is packed as int8: every matrix but the head's, which is small."""
    return tensor.ndim == 2 and not name.startswith("head.")


def pack(
    tensors: Mapping[str, NDArray[Any]],
    choose: Callable[[str, NDArray[Any]], bool] = is_layer,
) -> dict[str, NDArray[Any]]:
    """Pack float tensors: int8 with scales those that `choose` accepts, float16 the others.

    Raises ValueError for a tensor that has a value that is not finite, or too large for float16.
    """
    packed: dict[str, NDArray[Any]] = {}
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name], dtype=np.float32)
        if not np.all(np.abs(tensor) <= np.finfo(np.float16).max):
            raise ValueError(f"{name} has values that float16 cannot hold: train it again")
        if choose(name, tensor):
            packed[name], packed[name + SCALE] = quantise(tensor)
        else:
            packed[name] = tensor.astype(np.float16)
    return packed


def quantise(matrix: Float32Array) -> tuple[NDArray[np.int8], Float16Array]:
    """Round a matrix (rows, columns) to int8 with a float16 scale (rows,) for each row.

    The largest value of a row becomes 127 or -127. No value moves by more than about half a
    scale; a row of zeros has scale 0.
    """
    scale = (np.abs(matrix).max(axis=1) / _LARGEST).astype(np.float16)
    # Divide by the scale as it is kept, so that its own rounding adds no error.
    divisor = np.where(scale > 0, scale, 1).astype(np.float32)[:, None]
    rounded = np.clip(np.rint(matrix / divisor), -_LARGEST, _LARGEST)
    return np.where(scale[:, None] > 0, rounded, 0).astype(np.int8), scale


def pack_file(source: Path, target: Path) -> int:
    """Pack a safetensors file of float tensors into `target`; return its size in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # safetensors writes tensors in an order of its own that depends on nothing but them.
    save_file(pack(load_file(source)), target)
    return target.stat().st_size
