"""One generation of the library, loaded and ready to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from cachetools import LRUCache

from embedder.encoders.encoder import Encoder
from embedder.errors import LibraryDamaged, LibraryMismatch, LibraryMissing
from embedder.index import document_map, lexical
from embedder.index.approximate import ApproximateIndex
from embedder.index.dense import DenseIndex, PositionFilter
from embedder.index.exact import ExactIndex
from embedder.index.facets import FacetFilter, Facets
from embedder.index.sentence_vectors import CHECKED_WHEN_READ, PassageIndexes, SentenceVectors, runs
from embedder.records import Document, FacetCount, Manifest, Span
from embedder.search.related_words import RelatedWords
from embedder.store import generations
from embedder.store.snapshot import Snapshot
from embedder.text import passages
from embedder.text.glossary import Glossary, read_glossary
from embedder.text.spelling import Speller
from embedder.text.vocabulary import kept_words
from embedder.vectors import BoolArray, DocumentRows, Float32Array, Int64Array, PassageSlots

_SAMPLE = 1000
_RECENT_SCOPES = 64
_RECENT_DOCUMENTS = 500
_AGAIN = "Build it again: fingerpost index"


@dataclass(frozen=True, slots=True)
class FilteredSet:
    """Who may answer: bool (documents,), their passages or None for all, and their facets.

    `total` is how many documents they are.
    """

    total: int
    mask: BoolArray
    passages: PositionFilter | None
    facets: Mapping[str, tuple[FacetCount, ...]]


@dataclass(frozen=True, slots=True)
class Stored:
    """A document, and where its sentences lie, in the order of their vectors."""

    document: Document
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True)
class ServedGeneration:
    """What answers questions: the model, both indexes, and what the words of a question mean.

    Documents have positions, in the order of `facets.rows`; passages have positions in `dense`.
    """

    generation: int
    manifest: Manifest
    encoder: Encoder
    facets: Facets
    dense: DenseIndex
    lexical: lexical.LexicalIndex
    glossary: Glossary
    speller: Speller
    related: RelatedWords
    passage_documents: Int64Array  # (passages,) the position of each one's document, -1: gone
    by_document: Int64Array  # (passages,) passages in the order of their documents
    has_text: BoolArray  # (documents,) whether a document has a passage to be found by
    sample: Float32Array  # (n, dim) vectors of passages, the same for the same library
    first_passage: Int64Array  # (documents + 1,) where each document's passages begin in it
    told: SentenceVectors
    sentence_slots: Int64Array  # (passages,) each one's place in `told`, -1: gone
    chart: (
        document_map.DocumentMap | None
    )  # the map, None in a library built before there were maps
    scopes: LRUCache[FacetFilter, FilteredSet]  # of filters asked for lately
    recent: LRUCache[int, Stored]  # documents shown lately, by row number
    lock: Lock = field(default_factory=Lock)  # of `scopes` and `recent`

    def scope(self, allowed: FacetFilter) -> FilteredSet:
        """Give who may answer under some filters."""
        with self.lock:
            known = self.scopes.get(allowed)
        if known is None:
            known = self.scope_of(self.facets.mask(allowed) & self.has_text)
            with self.lock:
                self.scopes[allowed] = known
        return known

    def scope_of(self, mask: BoolArray) -> FilteredSet:
        """Give the scope of some documents, bool (documents,)."""
        documents = self.passage_documents
        passages = mask[documents] & (documents >= 0)
        among = None if passages.all() else PositionFilter.of(passages)
        return FilteredSet(int(mask.sum()), mask, among, self.facets.counts(mask))

    def stored(self, snapshot: Snapshot, rows: Sequence[int]) -> dict[int, Stored]:
        """Give documents by their row numbers; those shown lately are not read again."""
        with self.lock:
            found = {row: self.recent[row] for row in rows if row in self.recent}
        missing = [row for row in rows if row not in found]
        documents, spans = snapshot.documents(missing), snapshot.spans(missing)
        new = {row: Stored(documents[row], spans[row]) for row in missing}
        with self.lock:
            self.recent.update(new)
        return found | new

    def sentences(self, positions: Int64Array) -> tuple[Float32Array, Int64Array]:
        """Give the vectors of documents' sentences, and where each document's begin among them.

        Returns float32 (sentences, dim) and int64 (documents,); each must have some.
        """
        passages, begins = self.passages_of(positions)
        vectors, counts = self.told.of(PassageIndexes(self.sentence_slots[passages]))
        return vectors, np.concatenate(([0], np.cumsum(counts)))[begins]

    def passages_of(self, positions: Int64Array) -> tuple[PassageSlots, Int64Array]:
        """Give all passages of documents, and where each document's begin in that array."""
        rows, begins = runs(self.first_passage[positions], self.first_passage[positions + 1])
        return PassageSlots(self.by_document[rows]), begins


def load(
    snapshot: Snapshot,
    vectors: Path,
    generation: int,
    load_model: Callable[[Manifest], Encoder],
) -> ServedGeneration:
    """Load a generation.

    Raises LibraryMissing if there is none, LibraryMismatch if another model or version made
    it, LibraryDamaged if a file or row does not match its checksum.
    """
    if not generation:
        raise LibraryMissing("the library is empty. Build it: fingerpost index")
    manifest = snapshot.manifest(generation)
    check_rules(manifest)
    # The sentences' vectors, gigabytes of them, are checked as they are read.
    wrong = generations.problems(vectors, generation, manifest.files, but=CHECKED_WHEN_READ)
    if wrong:
        raise LibraryDamaged(f"{wrong[0]}. {_AGAIN}")
    encoder = load_model(manifest)
    if manifest.model_sha256 != encoder.fingerprint:
        raise LibraryMismatch("model", manifest.model_sha256, encoder.fingerprint, _AGAIN)
    place = generations.folder(vectors, generation)
    facets = Facets.read(place / generations.FACETS)
    ids, rows = snapshot.passages()
    documents: Int64Array = facets.positions(DocumentRows(rows))
    if manifest.dense["kind"] == "exact":
        near: DenseIndex = ExactIndex(_passage_vectors(snapshot, manifest, len(ids)))
    else:
        file = place / generations.DENSE / generations.INDEX
        near = ApproximateIndex.read(file, manifest.dense["probes"])
        slots = np.load(file.with_name(generations.SLOTS), allow_pickle=False)
        documents = _where(slots, ids, documents)
        ids = slots
    told = SentenceVectors(place / generations.SENTENCES, manifest.dim)
    order = np.argsort(documents, kind="stable")
    order = order[np.searchsorted(documents[order], 0) :]
    index = lexical.LexicalIndex(place / generations.LEXICAL)
    first = np.searchsorted(documents[order], np.arange(len(facets.rows) + 1))
    vocabulary = index.vocabulary()
    kept = snapshot.texts(kept_words(vocabulary), manifest.model_sha256)
    known = np.asarray(list(kept.values()), dtype=np.float32).reshape(-1, manifest.dim)
    sentence_slots = _where(ids, told.passages, np.arange(len(told.passages)))
    if (sentence_slots[documents >= 0] < 0).any():
        raise LibraryDamaged(f"{told.folder} does not hold all passages' sentences. {_AGAIN}")
    return ServedGeneration(
        generation=generation,
        manifest=manifest,
        encoder=encoder,
        facets=facets,
        dense=near,
        lexical=index,
        glossary=read_glossary(place / generations.GLOSSARY),
        speller=Speller(vocabulary, lambda word: encoder.count_tokens([word]) == [1]),
        related=RelatedWords(list(kept), ExactIndex(known).search),
        passage_documents=documents,
        by_document=order,
        has_text=first[1:] > first[:-1],
        sample=near.vectors(PassageSlots(order[sample(len(order))])),
        first_passage=first,
        told=told,
        sentence_slots=sentence_slots,
        chart=document_map.read(place / generations.MAP)
        if generations.MAP in manifest.files
        else None,
        scopes=LRUCache(_RECENT_SCOPES),
        recent=LRUCache(_RECENT_DOCUMENTS),
    )


def _passage_vectors(snapshot: Snapshot, manifest: Manifest, count: int) -> Float32Array:
    """Give the vectors of all passages, so many: float32 (count, dim)."""
    vectors = np.empty((count, manifest.dim), dtype=np.float32)
    at = 0
    for block in snapshot.passage_vectors(manifest.model_sha256, manifest.dim):
        vectors[at : at + len(block)] = block
        at += len(block)
    return vectors


def _where(wanted: Int64Array, ids: Int64Array, values: Int64Array) -> Int64Array:
    """Give the values of the ids wanted, of `ids`, which are ascending; -1 where one is not."""
    if not len(ids):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[at] == wanted, values[at], -1)


def sample(passages: int) -> Int64Array:
    """Choose at most so many passages, always the same, to see how a question lies to all."""
    chosen = np.random.default_rng(0).permutation(passages)[:_SAMPLE]
    return np.sort(chosen).astype(np.int64)


def check_rules(manifest: Manifest) -> None:
    """Raise LibraryMismatch if the library was built by other rules than this version's."""
    for what, stored, wanted in (
        ("passage rule", manifest.passage_rule, passages.RULE_VERSION),
        ("keyword rule", manifest.lexical_rule, lexical.RULE_VERSION),
    ):
        if stored != wanted:
            raise LibraryMismatch(what, stored, wanted, _AGAIN)
