"""Arrays of vectors: their types, and the arithmetic that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np
from numpy.typing import NDArray

Float16Array = NDArray[np.float16]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
UInt8Array = NDArray[np.uint8]

# Row numbers of documents in SQLite.
DocumentRow = NewType("DocumentRow", int)
DocumentRows = NewType("DocumentRows", Int64Array)
# Places of documents among those of a generation, from 0, in the order of their ids.
DocumentPositions = NewType("DocumentPositions", Int64Array)
# SQLite's ids of passages.
PassageIds = NewType("PassageIds", Int64Array)
# Places of passages' vectors in the dense index, from 0.
PassageSlots = NewType("PassageSlots", Int64Array)


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the model makes of one passage.

    `passage` is float32 of shape (dim,), `sentences` float32 of shape (sentences, dim), in the
    order of the passage's sentences; all of length 1.
    """

    passage: Float32Array
    sentences: Float32Array


def normalise(rows: Float32Array) -> Float32Array:
    """Scale each row of float32 (n, dim) to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def shorten(rows: Float32Array, dim: int, *, unit: bool = True) -> Float32Array:
    """Keep the first `dim` numbers of each row, of length 1 again if `unit`: float32 (n, dim).

    Kusupati et al., "Matryoshka Representation Learning", 2022, arXiv:2205.13147: models trained
    so lose little by it; others, as the default, more.
    """
    cut = rows[:, :dim]
    return normalise(cut) if unit else cut


def cosine(left: Float32Array, right: Float32Array) -> Float32Array:
    """Return all cosines of unit rows (n, dim) and (m, dim): float32 (n, m), in -1 to 1."""
    return np.asarray(np.clip(left @ right.T, -1.0, 1.0), dtype=np.float32)


def inner_products(vectors: Float32Array, query: Float32Array) -> Float32Array:
    """Return the inner products of vectors (n, dim) with a query (dim,): float32 (n,).

    Each is computed by itself: in a matrix product a row's last digits depend on some processors
    on where it stands, and equal documents must be equal.
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)
