"""Compare texts by cosine similarity, with a model and without a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from embedder.encoders.encoder import DEFAULT_OPTIONS, EncodeOptions, Encoder
from embedder.vectors import Float32Array, cosine, normalise

# A text, or a document as its passages, whose vectors are averaged.
Piece = str | tuple[str, ...]


Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Cosines of a source with texts, in the order of the texts, in -1 to 1; none without a source.

    `truncated` has the indexes of texts longer than the model reads, -1 for the source. `matrix`
    is float64 (texts, texts), see `pairwise`; None if it was not asked for.
    """

    similarities: tuple[float, ...]
    truncated: tuple[int, ...]
    matrix: Matrix | None = None


def compare(
    encoder: Encoder,
    source: Piece | None,
    texts: Sequence[Piece],
    options: EncodeOptions = DEFAULT_OPTIONS,
    source_options: EncodeOptions | None = None,
    *,
    pairs: bool = False,
) -> Comparison:
    """Compare a text with others, and with `pairs` the others with one another.

    All are encoded with `options`, so the order of a pair does not matter, unless the source has
    `source_options` of its own.
    """
    sources = [] if source is None else [source]
    if source_options is None:
        rows = vectors(encoder, [*sources, *texts], options)
    else:
        both = (vectors(encoder, sources, source_options), vectors(encoder, texts, options))
        rows = np.concatenate(both)
    left, right = rows[: len(sources)], rows[len(sources) :]
    return Comparison(
        tuple(float(value) for value in cosine(left, right).ravel()),
        tuple(index - len(sources) for index in too_long(encoder, [*sources, *texts])),
        pairwise(right) if pairs else None,
    )


def vectors(
    encoder: Encoder, pieces: Sequence[Piece], options: EncodeOptions = DEFAULT_OPTIONS
) -> Float32Array:
    """Encode texts and documents at f32: float32 (pieces, dim), unit rows.

    A document of several passages has the normalised average of theirs.
    """
    parts = [(piece,) if isinstance(piece, str) else piece for piece in pieces]
    rows = encoder.encode_documents(list(chain.from_iterable(parts)), options)
    counts = np.asarray([len(each) for each in parts], dtype=np.int64)
    if (counts == 1).all():
        return rows
    sums = np.add.reduceat(rows, np.cumsum(counts) - counts)
    # A sum has the direction of the average.
    return normalise(sums)


def pairwise(rows: Float32Array) -> Matrix:
    """Return the cosines of unit rows (n, dim) with one another: float64 (n, n), in -1 to 1.

    Rounded to six digits, about what float32 holds; exactly symmetric, with ones on the diagonal.
    """
    lower = np.tril(cosine(rows, rows).astype(np.float64), -1)
    return np.round(lower + lower.T + np.eye(len(rows)), 6)


def too_long(encoder: Encoder, pieces: Sequence[Piece]) -> tuple[int, ...]:
    """Return the indexes of texts longer than the model reads; passages of documents never are."""
    texts = [(index, piece) for index, piece in enumerate(pieces) if isinstance(piece, str)]
    if not texts:
        return ()
    counts = encoder.count_tokens([text for _, text in texts])
    return tuple(
        index for (index, _), count in zip(texts, counts, strict=True) if count > encoder.max_tokens
    )
