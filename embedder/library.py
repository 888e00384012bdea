"""A library that answers questions: the way in for programs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import load_encoder
from embedder.errors import RequestError
from embedder.index.facets import FACETS
from embedder.records import (
    Answer,
    Document,
    FacetCount,
    Filters,
    Hit,
    Manifest,
    Map,
    MapPoint,
    Question,
    RankingWeights,
)
from embedder.search import pipeline, validation
from embedder.search.loading import load
from embedder.search.served import ServedGeneration
from embedder.store import generations
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from embedder.text.passages import passages

# Documents read at once where all are wanted.
_AT_ONCE = 500


class Library:
    """The library in one vectors folder; safe to use from many threads.

    A build by another process is noticed at the next question, which it answers from.
    """

    def __init__(self, folder: Path, load: Callable[[str], Encoder] = load_encoder) -> None:
        """Name the vectors folder; what is in it is loaded with the first question."""
        self._store = Store(folder)
        self._folder = folder
        self._load_model = load
        self._lock = threading.Lock()
        self._served: ServedGeneration | None = None

    def load(self) -> Manifest:
        """Load the library and its model now.

        Raises LibraryMissing, LibraryMismatch, LibraryDamaged or EncoderError.
        """
        with self._reading() as (served, _):
            return served.manifest

    @property
    def encoder(self) -> Encoder:
        """The library's model, loaded."""
        with self._reading() as (served, _):
            return served.encoder

    def ask(self, question: Question, weights: RankingWeights = pipeline.DEFAULT_WEIGHTS) -> Answer:
        """Answer a question; a `weights` other than the usual one is for measuring.

        Raises RequestError (UnknownValue for a filter) for a question that cannot be answered
        as it stands.
        """
        with self._reading() as (served, snapshot):
            return pipeline.answer(served, snapshot, question, weights)

    def similar(self, document_id: str, limit: int = 10) -> list[Hit]:
        """Give the documents nearest to one document, by the average of its passages.

        Raises DocumentNotFound, or RequestError for a limit out of range.
        """
        with self._reading() as (served, snapshot):
            return pipeline.similar_documents(served, snapshot, snapshot.row_of(document_id), limit)

    def map(self) -> Map:
        """Give the documents as points in a plane, those near in meaning near each other.

        At most 1,000 documents are on it, and none without text; none at all in a library that
        was built before there were maps.
        """
        with self._reading() as (served, snapshot):
            chart, total = served.document_map, len(served.facets.rows)
            if chart is None:
                return Map((), total)
            documents = snapshot.documents(chart.rows.tolist())
            points = tuple(
                MapPoint(documents[row], x, y, chart.ids[near] if near >= 0 else None)
                for row, (x, y), near in zip(
                    chart.rows.tolist(), chart.places().tolist(), chart.nearest, strict=True
                )
            )
            return Map(points, total)

    def place(self, document_id: str) -> tuple[float, float] | None:
        """Give where a document lies on the map, x and y in 0 to 1.

        One that the map of a large library leaves out lies among its five nearest on the map, at
        the mean of their places, each weighted by 1 / (2 - 2 cosine)^2 of the documents' vectors.
        None for a document without text, and in a library without a map.

        Raises DocumentNotFound.
        """
        with self._reading() as (served, snapshot):
            return pipeline.map_place(served, snapshot.row_of(document_id))

    def document(self, document_id: str) -> Document:
        """Give one document.

        Raises DocumentNotFound.
        """
        with self._store.snapshot() as snapshot:
            row = snapshot.row_of(document_id)
            return snapshot.documents([row])[row]

    def documents(self, limit: int | None = None, offset: int = 0) -> tuple[int, list[Document]]:
        """Give the number of documents, and a page of them (all without a `limit`)."""
        if limit is not None:
            validation.require_range("limit", limit, 0, 1000)
        validation.require_range("offset", offset, 0, 2**31)
        with self._store.snapshot() as snapshot:
            return snapshot.count(), snapshot.page(-1 if limit is None else limit, offset)

    def every_document(self) -> Iterator[Document]:
        """Give all documents of one state of the library, in the order of `documents`.

        They are read a few hundred at a time, so a large library does not fill the memory.

        Raises LibraryMissing, LibraryMismatch or LibraryDamaged.
        """
        with self._store.snapshot() as snapshot:
            rows = snapshot.row_numbers()
            for at in range(0, len(rows), _AT_ONCE):
                some = rows[at : at + _AT_ONCE]
                found = snapshot.documents(some)
                yield from (found[row] for row in some)

    def readings(self, document_ids: Sequence[str]) -> list[tuple[str, ...]]:
        """Give the passages by which the model reads each of some documents whole, as texts.

        Raises DocumentNotFound, or RequestError for one without text.
        """
        with self._reading() as (served, snapshot):
            rows = [snapshot.row_of(each) for each in document_ids]
            documents = snapshot.documents(rows)
            encoder = served.encoder
            found = []
            for row in rows:
                own = passages(documents[row], encoder.count_tokens, encoder.max_tokens)
                if not own:
                    raise RequestError("id", f"the document {documents[row].id!r} has no text.")
                found.append(tuple(each.text for each in own))
            return found

    def facets(self, filters: Filters) -> tuple[int, Mapping[str, tuple[FacetCount, ...]]]:
        """Count the documents that filters allow, in all and by each value that they have.

        Raises RequestError (UnknownValue) for filters that cannot be used.
        """
        with self._reading() as (served, _):
            filtered = served.filtered_set(served.facets.resolve(filters))
            return filtered.total, filtered.facets

    def filter_values(self) -> dict[str, list[str]]:
        """List the values that each facet of the library has."""
        with self._reading() as (served, _):
            return {facet: served.facets.values(facet) for facet in FACETS}

    def status(self) -> tuple[int, Manifest]:
        """Give the generation that is served and its manifest, without loading the model."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            return generation, snapshot.manifest(generation)

    def problems(self) -> list[str]:
        """Look quickly for what would keep the library from answering."""
        generation, manifest = self.status()
        return generations.problems(self._folder, generation, manifest.files)

    def verify(self) -> list[str]:
        """Check everything stored against its checksum; give a sentence for each problem."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            manifest = snapshot.manifest(generation)
            files = generations.problems(self._folder, generation, manifest.files)
            return [*snapshot.verify(manifest), *files]

    @contextmanager
    def _reading(self) -> Iterator[tuple[ServedGeneration, Snapshot]]:
        """Give the newest generation, loaded, with a snapshot of the same state."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            served = self._served
            if served is None or served.generation != generation:
                with self._lock:
                    served = self._served
                    if served is None or served.generation != generation:
                        served = load(snapshot, self._folder, generation, self._model)
                        self._served = served
            yield served, snapshot

    def _model(self, manifest: Manifest) -> Encoder:
        """Give the model that a generation needs, the one in use if it is the same."""
        before = self._served
        if before and before.manifest.model_sha256 == manifest.model_sha256:
            return before.encoder
        return self._load_model(manifest.model)
