"""Arrays: their types, the ids that they hold, and the arithmetic that every room shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

import numpy as np
from numpy.typing import NDArray

Float16Array = NDArray[np.float16]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int16Array = NDArray[np.int16]
Int32Array = NDArray[np.int32]
Int64Array = NDArray[np.int64]
UInt8Array = NDArray[np.uint8]
UInt64Array = NDArray[np.uint64]
BoolArray = NDArray[np.bool_]

# Four kinds of numbers for documents and passages. Each is a type of its own, so that mypy tells
# them apart; at run time they are plain integers and int64 arrays.

DocumentRow = NewType("DocumentRow", int)
"""The SQLite row number of a document (`documents.id`): it stays while the document stays."""

DocumentRows = NewType("DocumentRows", Int64Array)
"""SQLite row numbers of documents, int64 (n,)."""

DocumentPosition = NewType("DocumentPosition", int)
"""The rank of a document among those of a generation, by document id, from 0."""

DocumentPositions = NewType("DocumentPositions", Int64Array)
"""Ranks of documents among those of a generation, by document id, from 0: int64 (n,)."""

PassageId = NewType("PassageId", int)
"""The SQLite id of a passage (`passages.id`), which is never used twice."""

PassageIds = NewType("PassageIds", Int64Array)
"""SQLite ids of passages, int64 (n,)."""

PassageSlot = NewType("PassageSlot", int)
"""The place of a passage's vector in a dense index, in the order of adding, from 0."""

PassageSlots = NewType("PassageSlots", Int64Array)
"""Places of passages' vectors in a dense index, in the order of adding, from 0: int64 (n,)."""


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """The vectors of one passage and of its sentences.

    `passage` is float32 of shape (dim,), `sentences` float32 of shape (sentences, dim), in the
    order of the passage's sentences; all have length 1.
    """

    passage: Float32Array
    sentences: Float32Array


def normalise(rows: Float32Array) -> Float32Array:
    """Scale each row of float32 (n, dim) to length 1; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def shorten(rows: Float32Array, dim: int, *, normalised: bool = True) -> Float32Array:
    """Keep the first `dim` numbers of each row, normalised again if asked: float32 (n, dim).

    Kusupati et al., "Matryoshka Representation Learning", 2022, arXiv:2205.13147: models trained
    for this lose little by it; others, such as the default model, lose more.
    """
    cut = rows[:, :dim]
    return normalise(cut) if normalised else cut


def cosine(left: Float32Array, right: Float32Array) -> Float32Array:
    """Return all cosines of unit rows (n, dim) and (m, dim): float32 (n, m), in -1 to 1."""
    return np.asarray(np.clip(left @ right.T, -1.0, 1.0), dtype=np.float32)


def inner_products(vectors: Float32Array, query: Float32Array) -> Float32Array:
    """Return the inner product of each vector (n, dim) with a query (dim,): float32 (n,).

    Each is computed alone: in a matrix product the last digits of a row depend on its place in
    the matrix on some processors, and equal documents must have equal scores.
    """
    return np.asarray(np.vecdot(vectors, query), dtype=np.float32)
