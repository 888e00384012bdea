"""Pack weights for the program: int8 matrices with float16 scales for groups of columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from embedder.encoders.packed_weights import SCALE, unpack_tensors
from embedder.vectors import Float16Array, Float32Array

# int8 is used symmetrically: -127 to 127.
_LARGEST = 127
# Columns that have a scale together.
_GROUP = 128

# The lowest cosine of a vector to what it was before packing.
LOWEST_COSINE = 0.9995


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
    """Round a matrix (rows, columns) to int8 with float16 scales (rows, groups).

    A group is 128 columns, or all if they cannot be cut so: one scale for a whole row loses more
    where a few values are large. The largest value of a group becomes 127 or -127; a group of
    zeros has scale 0. No value moves by more than about half a scale.
    """
    rows, columns = matrix.shape
    width = columns if columns % _GROUP else _GROUP
    groups = matrix.reshape(rows, columns // width, width)
    scale = (np.abs(groups).max(axis=2) / _LARGEST).astype(np.float16)
    # Divide by the scale as it is kept, so that its own rounding adds no error.
    divisor = np.where(scale > 0, scale, 1).astype(np.float32)[:, :, None]
    rounded = np.clip(np.rint(groups / divisor), -_LARGEST, _LARGEST)
    integers = np.where(scale[:, :, None] > 0, rounded, 0).astype(np.int8)
    return integers.reshape(rows, columns), scale


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed file: its form, its size, and cosines to vectors of the weights before packing."""

    form: str
    size: int
    lowest: float
    mean: float

    def __str__(self) -> str:
        return (
            f"{self.size / 1e6:.1f} MB, {self.form}; cosine to the vectors before packing: "
            f"{self.lowest:.5f} at least, {self.mean:.5f} in the mean"
        )


def pack_checked(
    source: Path, target: Path, read: Callable[[Mapping[str, Float32Array]], Float32Array]
) -> Packed:
    """Pack a file of float tensors as int8 if that costs nothing, else as float16.

    `read` reads texts with given weights: float32 (n, dim) unit rows. int8 costs nothing if no
    text's vector moves farther than a cosine of 0.9995.
    """
    tensors = load_file(source)
    before = read({name: np.asarray(tensor, np.float32) for name, tensor in tensors.items()})
    form, packed = "int8", pack(tensors)
    cosines = np.sum(before * read(unpack_tensors(packed)), axis=1)
    if cosines.min() < LOWEST_COSINE:
        form, packed = "float16", pack(tensors, lambda *_: False)
        cosines = np.sum(before * read(unpack_tensors(packed)), axis=1)
    return Packed(form, _save(packed, target), float(cosines.min()), float(cosines.mean()))


def _save(packed: Mapping[str, NDArray[Any]], target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    # safetensors writes tensors in an order of its own that depends on nothing but them.
    save_file(dict(packed), target)
    return target.stat().st_size
