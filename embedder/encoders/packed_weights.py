"""Packed weights: the form in which our own weights are kept with the program.

A packed file is a safetensors file. A matrix is kept as int8 of shape (rows, columns) under its
own NAME, with float16 scales of shape (rows, groups) under `NAME.scale`: each row is cut into
groups of equally many columns, and a group of the matrix is its int8 numbers times its scale. All
other tensors (biases, norms, the head) are float16.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from embedder.errors import EncoderError
from embedder.vectors import Float32Array

SCALE = ".scale"


def unpack(path: Path) -> dict[str, Float32Array]:
    """Read a packed file: each tensor by its name, as float32 of its own shape.

    Raises EncoderError if the file is missing, is damaged or is not in the packed form.
    """
    try:
        packed = load_file(path)
    except FileNotFoundError:
        raise EncoderError(f"{path} is missing: install the program again") from None
    except (OSError, SafetensorError) as error:
        raise EncoderError(f"{path} cannot be read ({error}): install the program again") from None
    try:
        return unpack_tensors(packed)
    except EncoderError as error:
        raise EncoderError(f"{path}: {error.message}") from None


def unpack_tensors(packed: Mapping[str, NDArray[Any]]) -> dict[str, Float32Array]:
    """Turn packed tensors into float32 arrays, without the scales, which are multiplied in.

    Raises EncoderError for a tensor that is neither float16 nor int8 with its scales, and for
    scales without their tensor.
    """
    scales = {name for name in packed if name.endswith(SCALE)}
    alone = sorted(scales - {name + SCALE for name in packed})
    if alone:
        raise EncoderError(f"the scales {alone[0]} have no tensor: this is not a file of weights")
    return {name: _unpacked(name, packed) for name in packed if name not in scales}


def _unpacked(name: str, packed: Mapping[str, NDArray[Any]]) -> Float32Array:
    tensor, scale = packed[name], packed.get(name + SCALE)
    if tensor.dtype == np.float16 and scale is None:
        return tensor.astype(np.float32)
    if tensor.dtype != np.int8 or tensor.ndim != 2:
        raise EncoderError(
            f"the tensor {name} is {tensor.dtype} of shape {tensor.shape}: "
            "expected float16, or an int8 matrix with its scales"
        )
    rows, columns = tensor.shape
    if scale is None or scale.dtype != np.float16 or not _fits(scale.shape, rows, columns):
        found = "none" if scale is None else f"{scale.dtype} of shape {scale.shape}"
        raise EncoderError(
            f"the tensor {name} needs float16 scales for its {rows} rows in groups of its "
            f"{columns} columns: found {found}"
        )
    groups = tensor.astype(np.float32).reshape(rows, scale.shape[1], -1)
    return (groups * scale.astype(np.float32)[:, :, None]).reshape(rows, columns)


def _fits(scales: tuple[int, ...], rows: int, columns: int) -> bool:
    return len(scales) == 2 and scales[0] == rows and scales[1] > 0 and columns % scales[1] == 0
