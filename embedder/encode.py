"""Texts to vectors: what every backend gives.

A backend loads a model in a file of its own (`encode_torch.py`); nothing else in the house
does. Vectors are normalised here and nowhere else: every row that leaves has length 1, so an
inner product is a cosine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from embedder.records import Passage

Rows = NDArray[np.float32]

# The cores that this process may use.
CORES = max(
    1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
)


@dataclass(frozen=True, slots=True)
class PassageVectors:
    """What the model makes of one passage.

    `passage` is float32 of shape (dim,), `sentences` float32 of shape (sentences, dim), in the
    order of the passage's sentences; all of length 1.
    """

    passage: Rows
    sentences: Rows


class Encoder(Protocol):
    """A loaded model.

    `fingerprint` is a SHA-256 over the model's files; `backend` says what runs it; `max_tokens`
    is how many tokens of text one reading takes in, without special tokens and prompts.
    """

    name: str
    backend: str
    fingerprint: str
    dim: int
    max_tokens: int

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, without special tokens, past `max_tokens` too."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """Encode questions: float32 (n, dim), unit rows; text past `max_tokens` is not read."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> Rows:
        """Encode documents: float32 (n, dim), unit rows; text past `max_tokens` is not read.

        At full precision, unlike questions and passages, for which a backend may take less.
        """
        ...

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences, in order.

        Raises EncoderError for a passage of more than `max_tokens`: nothing is cut in silence.
        """
        ...


def normalise(rows: Rows) -> Rows:
    """Scale each row of float32 (n, dim) to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


def cosine(left: Rows, right: Rows) -> Rows:
    """Give all cosines of unit rows (n, dim) and (m, dim): float32 (n, m), in -1 to 1."""
    return np.asarray(np.clip(left @ right.T, -1.0, 1.0), dtype=np.float32)
