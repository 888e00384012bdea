"""The generation of the library that answers questions, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from cachetools import LRUCache

from embedder.encoders.encoder import Encoder
from embedder.index.dense import DenseIndex, PositionFilter
from embedder.index.document_map import DocumentMap
from embedder.index.facets import FacetFilter, Facets
from embedder.index.lexical import LexicalIndex
from embedder.index.sentence_vectors import SentenceVectors
from embedder.records import Document, FacetCount, Manifest, Span
from embedder.search.author_names import AuthorNames
from embedder.search.passage_table import PassageTable
from embedder.store.snapshot import Snapshot
from embedder.text.glossary import Glossary
from embedder.text.spelling import Speller
from embedder.vectors import (
    BoolArray,
    DocumentPositions,
    DocumentRows,
    Float32Array,
    Int64Array,
    normalise,
)

_CACHED_FILTERS = 64
_CACHED_DOCUMENTS = 500


@dataclass(frozen=True, slots=True)
class FilteredSet:
    """The documents that may answer a question.

    `total` is their number, `mask` bool (documents,), `passages` the same for the dense index
    (None: all may be found), `facets` their counts.
    """

    total: int
    mask: BoolArray
    passages: PositionFilter | None
    facets: Mapping[str, tuple[FacetCount, ...]]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document, and where its sentences are in it, in the order of their vectors."""

    document: Document
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class ServedGeneration:
    """One generation, ready to answer: its model, its indexes, and what its words mean.

    `sample` is float32 (n, dim), vectors of passages that stand for all of them: the same for the
    same documents. `document_map` is None in a library built before there were maps.
    """

    generation: int
    manifest: Manifest
    encoder: Encoder
    facets: Facets
    author_names: AuthorNames
    dense: DenseIndex
    lexical: LexicalIndex
    passages: PassageTable
    sentence_vectors: SentenceVectors
    sample: Float32Array
    glossary: Glossary
    speller: Speller
    document_map: DocumentMap | None
    _filtered_sets: LRUCache[FacetFilter, FilteredSet] = field(
        default_factory=lambda: LRUCache(_CACHED_FILTERS)
    )
    _documents: LRUCache[int, StoredDocument] = field(  # by row number
        default_factory=lambda: LRUCache(_CACHED_DOCUMENTS)
    )
    _lock: Lock = field(default_factory=Lock)  # of both caches

    def filtered_set(self, allowed: FacetFilter) -> FilteredSet:
        """Return the documents with text that a filter allows; recent ones are kept."""
        with self._lock:
            cached = self._filtered_sets.get(allowed)
        if cached is not None:
            return cached
        filtered = self.filtered_set_of(self.facets.mask(allowed) & self.passages.has_passages)
        with self._lock:
            self._filtered_sets[allowed] = filtered
        return filtered

    def filtered_set_of(self, mask: BoolArray) -> FilteredSet:
        """Return the filtered set of the documents in a mask, bool (documents,)."""
        return FilteredSet(
            total=int(mask.sum()),
            mask=mask,
            passages=self.passages.filter_of(mask),
            facets=self.facets.counts(mask),
        )

    def documents(self, snapshot: Snapshot, rows: Sequence[int]) -> dict[int, StoredDocument]:
        """Return documents with text by their row numbers; those shown lately are kept.

        Raises LibraryDamaged if a row does not match its checksum.
        """
        with self._lock:
            cached = {row: self._documents[row] for row in rows if row in self._documents}
        missing = [row for row in rows if row not in cached]
        documents, spans = snapshot.documents(missing), snapshot.spans(missing)
        read = {row: StoredDocument(documents[row], spans[row]) for row in missing}
        with self._lock:
            self._documents.update(read)
        return cached | read

    def positions(self, rows: Sequence[int]) -> DocumentPositions:
        """Return the positions of the documents in some rows: int64 (n,)."""
        return self.facets.positions(DocumentRows(np.asarray(rows, dtype=np.int64)))

    def document_vector(self, row: int) -> Float32Array | None:
        """Return the normalised mean of the vectors of a document's passages, float32 (dim,).

        None for a document without text.
        """
        slots, _ = self.passages.slots_of(self.positions([row]))
        return normalise(self.dense.vectors(slots).mean(axis=0)) if len(slots) else None

    def sentences(self, positions: DocumentPositions) -> tuple[Float32Array, Int64Array]:
        """Return the vectors of documents' sentences, and where each document's start among them.

        float32 (sentences, dim), one document after another, and int64 (documents,); each
        document must have text.

        Raises LibraryDamaged if vectors do not match their checksum.
        """
        slots, starts = self.passages.slots_of(positions)
        vectors, counts = self.sentence_vectors.of(self.passages.sentence_rows(slots))
        return vectors, np.concatenate(([0], np.cumsum(counts)))[starts]
