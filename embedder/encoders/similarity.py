"""How alike texts are: no library needed, only a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.vectors import Float32Array, cosine, normalise

# A text, or a document by its passages, which is alike to others by their average.
Piece = str | tuple[str, ...]


Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cosines of a source with texts, in their order, in -1 to 1; none without a source.

    `truncated` are the indexes of texts longer than the model reads, -1 for the source. `matrix`
    is float64 (texts, texts), see `pairwise`; None where it was not wanted.
    """

    similarities: tuple[float, ...]
    truncated: tuple[int, ...]
    matrix: Matrix | None = None


def compare(
    encoder: Encoder,
    source: Piece | None,
    texts: Sequence[Piece],
    options: EncodeOptions = DEFAULT_OPTIONS,
    asking: EncodeOptions | None = None,
    *,
    pairs: bool = False,
) -> Comparison:
    """Compare a text with others, and with `pairs` these with one another.

    All are read alike, so the order of a pair is no matter; but a source that is `asking` is read
    in that way.
    """
    sources = [] if source is None else [source]
    if asking is None:
        rows = vectors(encoder, [*sources, *texts], options)
    else:
        both = (vectors(encoder, sources, asking), vectors(encoder, texts, options))
        rows = np.concatenate(both)
    left, right = rows[: len(sources)], rows[len(sources) :]
    return Comparison(
        tuple(float(each) for each in cosine(left, right).ravel()),
        tuple(at - len(sources) for at in too_long(encoder, [*sources, *texts])),
        pairwise(right) if pairs else None,
    )


def vectors(
    encoder: Encoder, pieces: Sequence[Piece], options: EncodeOptions = DEFAULT_OPTIONS
) -> Float32Array:
    """Encode texts and documents at full precision: float32 (pieces, dim), unit rows.

    A document of several passages has their average, scaled to length 1, as `search.neighbours`.
    """
    parts = [(each,) if isinstance(each, str) else each for each in pieces]
    rows = encoder.encode_documents(list(chain.from_iterable(parts)), options)
    counts = np.asarray([len(each) for each in parts], dtype=np.int64)
    if (counts == 1).all():
        return rows
    sums = np.add.reduceat(rows, np.cumsum(counts) - counts)
    # Of a sum and of an average the direction is the same.
    return normalise(sums)


def pairwise(rows: Float32Array) -> Matrix:
    """Give the cosines of unit rows (n, dim) with one another: float64 (n, n), in -1 to 1.

    Rounded to six digits, about what float32 holds; symmetric, and 1 on the diagonal, to the last.
    """
    half = np.tril(cosine(rows, rows).astype(np.float64), -1)
    return np.round(half + half.T + np.eye(len(rows)), 6)


def too_long(encoder: Encoder, pieces: Sequence[Piece]) -> tuple[int, ...]:
    """Give the indexes of texts longer than the model reads; passages of documents never are."""
    texts = [(at, each) for at, each in enumerate(pieces) if isinstance(each, str)]
    if not texts:
        return ()
    counts = encoder.count_tokens([text for _, text in texts])
    return tuple(
        at for (at, _), count in zip(texts, counts, strict=True) if count > encoder.max_tokens
    )
