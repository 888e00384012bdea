"""The map of a library: its documents as points in a plane, near each other if near in meaning.

It is laid out by t-SNE (`tsne`) from the vectors of the documents, in the order of their ids, so
that the same documents always give the same map. The map of a library that changed goes on from
the map before, so that people who know it find their way.

A map shows at most MAX_DOCUMENTS documents, those whose ids have the smallest hashes: as a
library grows, few of them are replaced.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from embedder.index.tsne import MIN_ROWS, align, lay_out
from embedder.vectors import DocumentRows, Float32Array, Float64Array, Int64Array, normalise

MAX_DOCUMENTS = 1000

# A document that is not on the map is placed among this many of its neighbours that are.
_NEIGHBOURS = 5
_MIN_SQUARE = 1e-6  # added to squared distances, so that an equal document has a finite weight
# The map goes on from the one before if that shows this share of the documents; a library that
# grew by more has other neighbourhoods.
_MIN_SHARED = 0.75
_MIN_WIDTH = 1e-3
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class DocumentMap:
    """The n documents of a map, by ascending id.

    `rows` int64 (n,) are their row numbers; `vectors` float32 (n, dim), of length 1, are the
    averages of their passages; `points` float64 (n, 2) lie as t-SNE has them, around the origin;
    `nearest` int64 (n,) says where in these arrays the nearest other document stands, and is
    empty, (0,), on a map of one document, which has no other.
    """

    ids: tuple[str, ...]
    rows: DocumentRows
    vectors: Float32Array
    points: Float64Array
    nearest: Int64Array

    def coordinates(self) -> Float64Array:
        """Return where the documents are shown: float64 (n, 2), 0 to 1, four digits.

        The longer side of the map spans 0 to 1; the other, at the same scale, is centred on 0.5.
        """
        if not self.ids:
            return np.empty((0, 2))
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        longest = float((high - low).max()) or 1.0
        coordinates = (self.points - (low + high) / 2) / longest + 0.5
        return np.asarray(np.round(np.clip(coordinates, 0.0, 1.0), _DIGITS))

    def nearest_ids(self) -> list[str | None]:
        """Return the id of the nearest other document of each, None where there is no other."""
        if len(self.ids) == 1:
            return [None]
        return [self.ids[index] for index in self.nearest.tolist()]

    def locate(self, vector: Float32Array) -> tuple[float, float]:
        """Return where a document that is not on the map would lie, by its vector (dim,).

        It lies among its nearest; see `_interpolate`. The map must have a document.
        """
        point = _interpolate(vector[None], self.vectors, self.coordinates())
        (x, y), *_ = np.round(point, _DIGITS).tolist()
        return x, y


def choose(documents: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the documents that a map shows, as (row number, id), by ascending id."""

    def order(document: tuple[int, str]) -> tuple[bytes, str]:
        _, key = document
        return hashlib.blake2b(key.encode(), digest_size=8).digest(), key

    chosen = heapq.nsmallest(MAX_DOCUMENTS, documents, key=order)
    return sorted(chosen, key=lambda document: document[1])


def document_vectors(
    passages: Float32Array, documents: DocumentRows, rows: DocumentRows
) -> Float32Array:
    """Return the vector of each document, the mean of its passages: float32 (n, dim), unit rows.

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
    """Draw the map of documents, as (row number, id) by ascending id, and float32 (n, dim).

    With the map `before`, of the same model, its documents stay about where they were, and
    exactly there if no document changed.
    """
    ids = tuple(key for _, key in chosen)
    rows = DocumentRows(np.asarray([row for row, _ in chosen], dtype=np.int64))
    if before and before.ids == ids and np.array_equal(before.vectors, vectors):
        return replace(before, rows=rows)
    return DocumentMap(ids, rows, vectors, _points(ids, vectors, before), _nearest(vectors))


def write(document_map: DocumentMap, file: Path) -> None:
    """Write a map into a file."""
    # As bytes: an array of strings would drop NUL characters at the end of an id.
    ids = [np.frombuffer(key.encode(), dtype=np.uint8) for key in document_map.ids]
    np.savez(
        file,
        ids=np.concatenate([np.empty(0, dtype=np.uint8), *ids]),
        lengths=np.asarray([len(key) for key in ids], dtype=np.int64),
        rows=document_map.rows,
        vectors=document_map.vectors,
        points=document_map.points,
        nearest=document_map.nearest,
    )


def read(file: Path) -> DocumentMap:
    """Read a map from a file, whose checksum must have been checked."""
    with np.load(file, allow_pickle=False) as stored:
        ends = np.cumsum(stored["lengths"]).tolist()
        ids = stored["ids"].tobytes()
        nearest = stored["nearest"]
        return DocumentMap(
            tuple(ids[begin:end].decode() for begin, end in itertools.pairwise([0, *ends])),
            stored["rows"],
            stored["vectors"],
            stored["points"],
            nearest[nearest >= 0],  # earlier versions wrote -1 on a map of one document
        )


def _points(
    ids: tuple[str, ...], vectors: Float32Array, before: DocumentMap | None
) -> Float64Array:
    """Lay documents out, from where they were on the map before if it has enough of them."""
    exact = vectors.astype(np.float64)
    known = {key: index for index, key in enumerate(before.ids)} if before else {}
    shared = np.asarray([index for index, key in enumerate(ids) if key in known], dtype=np.int64)
    if before is None or not len(shared):
        return lay_out(exact)
    old = before.points[[known[ids[index]] for index in shared]]
    start = None
    if len(shared) >= max(MIN_ROWS, _MIN_SHARED * len(ids)) and not _on_a_line(old):
        start = _interpolate(vectors, vectors[shared], old)
        start[shared] = old
    points = lay_out(exact, start)
    return align(points, points[shared], old)


def _on_a_line(points: Float64Array) -> bool:
    """Return whether points (n, 2) all lie on a line, which t-SNE would never leave."""
    lengths = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return bool(lengths[-1] <= _MIN_WIDTH * lengths[0])


def _interpolate(vectors: Float32Array, known: Float32Array, points: Float64Array) -> Float64Array:
    """Return a point for each of (m, dim) vectors, among the points (n, 2) of `known` (n, dim).

    The mean of the points of its five nearest, each weighted by 1 / (2 - 2 cosine)^2, that is by
    the distance of the vectors to the power of -4: D. Shepard, "A two-dimensional interpolation
    function for irregularly-spaced data", 1968.
    """
    cosines = vectors @ known.T
    near = np.argsort(-cosines, axis=1, kind="stable")[:, :_NEIGHBOURS]
    squares = np.maximum(2.0 - 2.0 * np.take_along_axis(cosines, near, axis=1), 0.0)
    weights = 1.0 / (squares.astype(np.float64) + _MIN_SQUARE) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray((weights[:, :, None] * points[near]).sum(axis=1))


def _nearest(vectors: Float32Array) -> Int64Array:
    """Return the number of the nearest other row of each of (n, dim): int64 (n,), (0,) of one row.

    Of equally near ones it is the first.
    """
    if len(vectors) < 2:
        return np.empty(0, dtype=np.int64)
    # Rounded: the last digits of a product depend on where a row stands in it.
    cosines = np.round(vectors @ vectors.T, 5)
    np.fill_diagonal(cosines, -np.inf)
    return np.asarray(cosines.argmax(axis=1), dtype=np.int64)
