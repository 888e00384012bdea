"""Texts to vectors: what every backend gives.

A backend loads a model in a file of its own (`encode_torch.py`); nothing else in the house
does. Vectors are normalised here and nowhere else: every row that leaves has length 1, so an
inner product is a cosine, unless a program asks for rows as they were before (`Reading.unit`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from embedder.records import Passage
from embedder.vectors import Rows

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


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read.

    `prompt` stands before each text, None for the model's own for documents. Of a text too long
    for the model the first tokens are read, the last with `from_end` (prompt and text are one
    there: the prompt is what is lost). Without `unit`, rows keep the length that they had before
    they were normalised; of a model that does more than pool its tokens, its own output.
    """

    prompt: str | None = None
    from_end: bool = False
    unit: bool = True


AS_DOCUMENTS = Reading()


class Encoder(Protocol):
    """A loaded model.

    `fingerprint` is a SHA-256 over the model's files; `backend` says what runs it; `max_tokens`
    is how many tokens of text one reading takes in, without special tokens and prompts.
    `prompts` are those that the model has for a `query` and for a `document`, if any.
    """

    name: str
    backend: str
    fingerprint: str
    dim: int
    max_tokens: int
    prompts: Mapping[str, str]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, without special tokens, past `max_tokens` too."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Give the text that the model reads as these tokens; special ones are left out.

        Raises EncoderError if one is not in its vocabulary.
        """
        ...

    def encode_queries(self, texts: Sequence[str]) -> Rows:
        """Encode questions: float32 (n, dim), unit rows; text past `max_tokens` is not read."""
        ...

    def encode_documents(self, texts: Sequence[str], reading: Reading = AS_DOCUMENTS) -> Rows:
        """Encode documents: float32 (n, dim), unit rows; text past `max_tokens` is not read.

        A `reading` other than the usual one is for programs that ask for it. All at full
        precision, unlike questions and passages, for which a backend may take less.
        """
        ...

    def encode_passages(self, passages: Sequence[Passage]) -> list[PassageVectors]:
        """Encode passages and their sentences, in order.

        Raises EncoderError for a passage of more than `max_tokens`: nothing is cut in silence.
        """
        ...
