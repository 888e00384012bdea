"""Sentence vectors, from their passage's tokens ("late chunking") or from each sentence alone.

Günther et al., "Late Chunking", 2024, arXiv:2409.04701: a sentence's vector is the average of the
sentence's token vectors within the passage. The passage is encoded once, and a sentence keeps the
meaning that its context gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from embedder.errors import EncoderError
from embedder.records import Passage
from embedder.vectors import Float32Array, Int64Array, PassageVectors, normalise


def pool(
    tokens: Float32Array, offsets: Int64Array, spans: Int64Array, passage: Float32Array
) -> Float32Array:
    """Average token vectors (t, dim) over each span: float32 (spans, dim), unit rows.

    `offsets` (t, 2) and `spans` (spans, 2) are in characters; a token belongs to the span that
    its characters overlap. Padding and special tokens have empty offsets and belong to none. A
    span without tokens (characters that the tokenizer drops) takes the vector of the passage,
    `passage` (dim,).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    inside = (starts < spans[:, 1:]) & (ends > spans[:, :1]) & (ends > starts)
    counts = inside.sum(axis=1, keepdims=True)
    sums = inside.astype(np.float32) @ tokens
    return normalise(np.where(counts > 0, sums, passage).astype(np.float32))


def check_lengths(
    passages: Sequence[Passage], counts: Sequence[int], max_tokens: int, name: str
) -> None:
    """Raise EncoderError for a passage that is too long for the model `name`: nothing is cut."""
    for passage, tokens in zip(passages, counts, strict=True):
        if tokens > max_tokens:
            raise EncoderError(
                f"a passage of {tokens} tokens ({len(passage.text)} characters) is longer "
                f"than the {max_tokens} that {name} reads"
            )


def each_alone(
    passages: Sequence[Passage], encode: Callable[[Sequence[str]], Float32Array]
) -> list[PassageVectors]:
    """Encode passages, and then each of their sentences alone, as any model can."""
    rows = encode([passage.text for passage in passages])
    sentences = iter(
        encode([passage.text[a:b] for passage in passages for a, b in passage.offsets])
    )
    return [
        PassageVectors(row, np.stack([next(sentences) for _ in passage.offsets]))
        for row, passage in zip(rows, passages, strict=True)
    ]
