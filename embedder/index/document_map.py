"""The map of a library: its documents as points in a plane, near in meaning, near on the map.

It is laid out by t-SNE (`tsne`) from the documents' vectors, in the order of their ids, so that
the same documents always give the same map. A library that changed goes on from the map that it
had: who knows their way about it finds it again.

A map shows at most LARGEST documents, those whose ids' hashes are smallest: as a library grows,
few of the chosen are replaced.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from embedder.index.tsne import LEAST, Plane, lay_out, turned
from embedder.vectors import Float32Array, normalise

Int64Array = np.ndarray[Any, np.dtype[np.int64]]

LARGEST = 1000

# A document that is not on the map lies among so many that are.
_BESIDE = 5
_EQUAL = 1e-6  # added to squared distances, so that an equal document counts most, not endlessly
# The map before is gone on from if it shows this share of the documents; a library that grew
# by more has other neighbourhoods.
_KNOWN = 0.75
_FLAT = 1e-3
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class DocumentMap:
    """The n documents of a map, by ascending id.

    `rows` (n,) are their row numbers; `vectors` (n, dim), of length 1, the averages of their
    passages; `points` (n, 2) lie as t-SNE has them, around the origin; `nearest` (n,) is the
    place in these arrays of the nearest other document, -1 where there is no other.
    """

    ids: tuple[str, ...]
    rows: Int64Array
    vectors: Float32Array
    points: Plane
    nearest: Int64Array

    def places(self) -> Plane:
        """Give where the documents are shown: float64 (n, 2), 0 to 1, four digits.

        The map's longer side spans 0 to 1, the other, at the same scale, has its middle at 0.5.
        """
        if not self.ids:
            return np.empty((0, 2))
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        longest = float((high - low).max()) or 1.0
        places = (self.points - (low + high) / 2) / longest + 0.5
        return np.asarray(np.round(np.clip(places, 0.0, 1.0), _DIGITS))

    def beside(self, vector: Float32Array) -> tuple[float, float]:
        """Give where a document that is not on the map would lie, by its vector (dim,).

        See `_among`. The map must have a document.
        """
        (x, y), *_ = np.round(_among(vector[None], self.vectors, self.places()), _DIGITS).tolist()
        return x, y


def choose(documents: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Choose those that a map shows, of documents as (row number, id), by ascending id."""
    chosen = heapq.nsmallest(
        LARGEST,
        documents,
        key=lambda each: (hashlib.blake2b(each[1].encode(), digest_size=8).digest(), each[1]),
    )
    return sorted(chosen, key=lambda each: each[1])


def document_vectors(
    passages: Float32Array, documents: Int64Array, rows: Int64Array
) -> Float32Array:
    """Give each document's vector, the average of its passages': float32 (n, dim), unit rows.

    `passages` is float32 (m, dim), `documents` (m,) the row number of each one's document, which
    is one of `rows` (n,); each of these must have a passage.
    """
    order = np.argsort(documents, kind="stable")
    begins = np.searchsorted(documents[order], rows)
    ends = np.searchsorted(documents[order], rows, side="right")
    means = [
        passages[order[begin:end]].mean(axis=0) for begin, end in zip(begins, ends, strict=True)
    ]
    return normalise(np.asarray(means, dtype=np.float32).reshape(-1, passages.shape[1]))


def draw(
    chosen: list[tuple[int, str]],
    vectors: Float32Array,
    before: DocumentMap | None = None,
) -> DocumentMap:
    """Draw the map of documents as (row number, id), by ascending id, and float32 (n, dim).

    With the map `before`, of the same model, its documents stay about where they were; all of
    them exactly there if nothing changed.
    """
    ids = tuple(key for _, key in chosen)
    rows = np.asarray([row for row, _ in chosen], dtype=np.int64)
    if before and before.ids == ids and np.array_equal(before.vectors, vectors):
        return replace(before, rows=rows)
    return DocumentMap(ids, rows, vectors, _points(ids, vectors, before), _nearest(vectors))


def write(chart: DocumentMap, file: Path) -> None:
    """Write a map into a file."""
    # As bytes: an array of strings would drop what ends an id and looks like nothing.
    ids = [np.frombuffer(each.encode(), dtype=np.uint8) for each in chart.ids]
    np.savez(
        file,
        ids=np.concatenate([np.empty(0, dtype=np.uint8), *ids]),
        lengths=np.asarray([len(each) for each in ids], dtype=np.int64),
        rows=chart.rows,
        vectors=chart.vectors,
        points=chart.points,
        nearest=chart.nearest,
    )


def read(file: Path) -> DocumentMap:
    """Read a map from a file, whose checksum must have been checked."""
    with np.load(file, allow_pickle=False) as stored:
        ends = np.cumsum(stored["lengths"]).tolist()
        ids = stored["ids"].tobytes()
        return DocumentMap(
            tuple(ids[begin:end].decode() for begin, end in itertools.pairwise([0, *ends])),
            *(stored[name] for name in ("rows", "vectors", "points", "nearest")),
        )


def _points(ids: tuple[str, ...], vectors: Float32Array, before: DocumentMap | None) -> Plane:
    """Lay documents out, from where they were on the map before if enough of them were there."""
    exact = vectors.astype(np.float64)
    known = {key: at for at, key in enumerate(before.ids)} if before else {}
    there = np.asarray([at for at, key in enumerate(ids) if key in known], dtype=np.int64)
    if before is None or not len(there):
        return lay_out(exact)
    old = before.points[[known[ids[at]] for at in there]]
    start = None
    if len(there) >= max(LEAST, _KNOWN * len(ids)) and _is_plane(old):
        start = _among(vectors, vectors[there], old)
        start[there] = old
    points = lay_out(exact, start)
    return turned(points, points[there], old)


def _is_plane(points: Plane) -> bool:
    """Tell whether points (n, 2) do not all lie on a line, which t-SNE would never leave."""
    lengths = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(lengths[-1] > _FLAT * lengths[0])


def _among(vectors: Float32Array, known: Float32Array, points: Plane) -> Plane:
    """Give a point for each of (m, dim) vectors, among the points (n, 2) of `known` (n, dim).

    The mean of the points of its five nearest, each weighted by 1 / (2 - 2 cosine)^2, that is by
    the distance of the vectors to the power of -4: D. Shepard, "A two-dimensional interpolation
    function for irregularly-spaced data", 1968.
    """
    cosines = vectors @ known.T
    near = np.argsort(-cosines, axis=1, kind="stable")[:, :_BESIDE]
    squares = np.maximum(2.0 - 2.0 * np.take_along_axis(cosines, near, axis=1), 0.0)
    weights = 1.0 / (squares.astype(np.float64) + _EQUAL) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((weights[:, :, None] * points[near]).sum(axis=1))


def _nearest(vectors: Float32Array) -> Int64Array:
    """Give the place of the nearest other row of (n, dim), of equally near ones the first."""
    if len(vectors) < 2:
        return np.full(len(vectors), -1, dtype=np.int64)
    # Rounded: a product's last digits depend on where a row stands in it.
    cosines = np.round(vectors @ vectors.T, 5)
    np.fill_diagonal(cosines, -np.inf)
    return np.asarray(cosines.argmax(axis=1), dtype=np.int64)
