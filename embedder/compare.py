"""How alike texts are: no library needed, only a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.encode import Encoder, cosine


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cosines of a source with texts, in their order, in -1 to 1.

    `truncated` are the indexes of texts longer than the model reads, -1 for the source.
    """

    similarities: tuple[float, ...]
    truncated: tuple[int, ...]


def compare(encoder: Encoder, source: str, texts: Sequence[str]) -> Comparison:
    """Compare a text with others; all are encoded alike, so the order of a pair is no matter."""
    rows = encoder.encode_documents([source, *texts])
    counts = encoder.count_tokens([source, *texts])
    return Comparison(
        tuple(float(each) for each in cosine(rows[:1], rows[1:])[0]),
        tuple(at - 1 for at, count in enumerate(counts) if count > encoder.max_tokens),
    )
