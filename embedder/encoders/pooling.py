"""What every backend does around its model: tokens to counts and text, and sentences' vectors.

A model that averages its tokens gives them from one reading of their passage ("late chunking").

Günther et al., "Late Chunking", 2024, arXiv:2409.04701: a sentence's vector is the average over
the sentence's tokens. It costs no second reading, and a sentence keeps the meaning that its
passage gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from embedder.errors import EncoderError
from embedder.records import Passage
from embedder.vectors import Float32Array, PassageVectors, normalise


def pool(
    tokens: Float32Array, offsets: Float32Array, places: Float32Array, whole: Float32Array
) -> Float32Array:
    """Average tokens (t, dim) over each place: float32 (places, dim), unit rows.

    `offsets` (t, 2) and `places` (places, 2) are in characters; a token belongs to the place
    that its characters overlap. Padding and special tokens have empty offsets and belong to
    none. A place without a token of its own (characters that the tokenizer drops) takes the
    passage's vector, `whole` (dim,).
    """
    starts, ends = offsets[:, 0], offsets[:, 1]
    inside = (starts < places[:, 1:]) & (ends > places[:, :1]) & (ends > starts)
    counts = inside.sum(axis=1, keepdims=True)
    sums = inside.astype(np.float32) @ tokens
    return normalise(np.where(counts > 0, sums, whole).astype(np.float32))


def check_lengths(passages: Sequence[Passage], counts: Sequence[int], most: int, name: str) -> None:
    """Raise EncoderError for a passage that a model cannot read whole: nothing is cut."""
    for passage, tokens in zip(passages, counts, strict=True):
        if tokens > most:
            raise EncoderError(
                f"a passage of {tokens} tokens ({len(passage.text)} characters) is longer "
                f"than the {most} that {name} reads"
            )


def each_alone(
    passages: Sequence[Passage], encode: Callable[[Sequence[str]], Float32Array]
) -> list[PassageVectors]:
    """Read passages, and then each of their sentences alone, as any model can."""
    whole = encode([each.text for each in passages])
    sentences = iter(encode([each.text[a:b] for each in passages for a, b in each.offsets]))
    return [
        PassageVectors(vector, np.stack([next(sentences) for _ in each.offsets]))
        for vector, each in zip(whole, passages, strict=True)
    ]
