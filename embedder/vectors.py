"""Arrays of vectors: their types, and the arithmetic that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32Array = NDArray[np.float32]


Int64Array = NDArray[np.int64]


def normalise(rows: Float32Array) -> Float32Array:
    """Scale each row of float32 (n, dim) to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def shorten(rows: Float32Array, dim: int, *, normalised: bool = True) -> Float32Array:
    """Keep the first `dim` numbers of each row, normalised again if asked: float32 (n, dim).

    Kusupati et al., "Matryoshka Representation Learning", 2022, arXiv:2205.13147: models trained
    so lose little by it; others, as the default, more.
    """
    cut = rows[:, :dim]
    return normalise(cut) if normalised else cut


def cosine(left: Float32Array, right: Float32Array) -> Float32Array:
    """Give all cosines of unit rows (n, dim) and (m, dim): float32 (n, m), in -1 to 1."""
    return np.asarray(np.clip(left @ right.T, -1.0, 1.0), dtype=np.float32)


BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


UInt8Array = np.ndarray[Any, np.dtype[np.uint8]]


def inner_products(vectors: Float32Array, query: Float32Array) -> Float32Array:
    """Give the inner products of vectors with a query, each by itself: float32 (n,).

    In a product of matrices a row's last digits depend on where it stands on some processors,
    and equal documents must be equal.
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the model makes of one passage.

    `passage` is float32 of shape (dim,), `sentences` float32 of shape (sentences, dim), in the
    order of the passage's sentences; all of length 1.
    """

    passage: Float32Array
    sentences: Float32Array
