"""A question to an answer: encode, search both ways, fuse, show the evidence, say how sure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embedder import generations, lexical, passages
from embedder.calibrate import decide
from embedder.dense import DenseIndex, Positions
from embedder.encode import Encoder, Rows, normalise
from embedder.errors import LibraryDamaged, LibraryMismatch, LibraryMissing, RequestError
from embedder.facets import Facets, Mask
from embedder.fusion import convex, min_max
from embedder.models import load_encoder
from embedder.records import (
    MODES,
    Answer,
    Document,
    Evidence,
    Hit,
    Legs,
    Manifest,
    Question,
    Span,
)
from embedder.store import Snapshot, Store

# How many documents each way of searching puts forward, and so how far an answer can be paged.
DEPTH = 1000
LONGEST_QUESTION = 10_000
LARGEST_LIMIT = 100

# Weight of the dense side: see docs/quality.md.
DENSE_WEIGHT = 0.8

# A second sentence is shown when it fits nearly as well as the first.
_SENTENCES = 2
_NEARLY = 0.9


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One generation, ready to answer."""

    generation: int
    manifest: Manifest
    encoder: Encoder
    facets: Facets
    dense: DenseIndex
    lexical: lexical.LexicalIndex
    passage_documents: Positions  # (passages,) the position of each passage's document
    by_document: Positions  # (passages,) passages in the order of their documents
    first_passage: Positions  # (documents + 1,) where each document's passages begin in it

    def passages_of(self, positions: Positions) -> tuple[Positions, Positions]:
        """Give all passages of documents, and where each document's begin in that array."""
        starts, ends = self.first_passage[positions], self.first_passage[positions + 1]
        counts = ends - starts
        begins = np.concatenate(([0], np.cumsum(counts)[:-1]))
        within = np.arange(int(counts.sum())) - np.repeat(begins, counts)
        return self.by_document[np.repeat(starts, counts) + within], begins


class Library:
    """A library that answers questions; safe to use from many threads.

    A build by another process is noticed at the next question, which it answers from.
    """

    def __init__(self, folder: Path, load: Callable[[str], Encoder] = load_encoder) -> None:
        """Name the vectors folder; what is in it is loaded with the first question."""
        self._store = Store(folder)
        self._folder = folder
        self._load = load
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def load(self) -> Manifest:
        """Load the library and its model now.

        Raises LibraryMissing, LibraryMismatch, LibraryDamaged or EncoderError.
        """
        with self._reading() as (loaded, _):
            return loaded.manifest

    @property
    def encoder(self) -> Encoder:
        """The library's model, loaded."""
        with self._reading() as (loaded, _):
            return loaded.encoder

    def ask(self, question: Question) -> Answer:
        """Answer a question.

        Raises RequestError (UnknownValue for a filter) for a question that cannot be answered
        as it stands.
        """
        begin = time.perf_counter()
        check(question)
        with self._reading() as (loaded, snapshot):
            vector = _question_vector(question.text, loaded.encoder)
            found = _find(loaded, question, vector)
            page = found.best(question.offset, question.limit)
            hits = _hits(loaded, snapshot, found, page, vector)
            best = float(found.similarities.max()) if len(found.positions) else None
            return Answer(
                verdict=decide(best, loaded.manifest.calibration),
                total=int(found.mask.sum()),
                hits=tuple(hits),
                facets=loaded.facets.counts(found.mask),
                model=loaded.manifest.model,
                generation=loaded.generation,
                took_ms=round((time.perf_counter() - begin) * 1000, 1),
            )

    def similar(self, document_id: str, limit: int = 10) -> list[Hit]:
        """Give the documents nearest to one document, by their passages' average.

        Raises DocumentNotFound, or RequestError for a limit out of range.
        """
        _check_range("limit", limit, 1, LARGEST_LIMIT)
        with self._reading() as (loaded, snapshot):
            row = snapshot.row_of(document_id)
            position = np.flatnonzero(loaded.facets.rows == row)
            own, _ = loaded.passages_of(position)
            if not len(own):
                return []
            vector = normalise(loaded.dense.vectors(own).mean(axis=0))
            mask = np.ones(len(loaded.facets.rows), dtype=np.bool_)
            mask[position] = False
            found = _find_dense(loaded, vector, mask)
            page = found.best(0, limit)
            return list(_hits(loaded, snapshot, found, page, vector))

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
            _check_range("limit", limit, 0, 1000)
        _check_range("offset", offset, 0, 2**31)
        with self._store.snapshot() as snapshot:
            return snapshot.count(), snapshot.page(-1 if limit is None else limit, offset)

    def filter_values(self) -> dict[str, list[str]]:
        """List the values that each facet of the library has."""
        with self._reading() as (loaded, _):
            facets = loaded.facets
            return {
                "countries": facets.values("countries"),
                "regions": facets.values("regions"),
                "topics": facets.values("topics"),
                "authors": facets.values("authors"),
            }

    def status(self) -> tuple[int, Manifest]:
        """Give the generation that is served and its manifest, without loading the model."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            return generation, snapshot.manifest(generation)

    def problems(self) -> list[str]:
        """Look quickly for what would keep the library from answering."""
        generation, manifest = self.status()
        folder = generations.lexical_folder(self._folder, generation)
        return generations.problems(folder, manifest.lexical_files)

    def verify(self) -> list[str]:
        """Check everything stored against its checksum; give a sentence for each problem."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            manifest = snapshot.manifest(generation)
            return [
                *snapshot.verify(manifest),
                *generations.problems(
                    generations.lexical_folder(self._folder, generation), manifest.lexical_files
                ),
            ]

    @contextmanager
    def _reading(self) -> Iterator[tuple[_Loaded, Snapshot]]:
        """Give the newest generation, loaded, with a snapshot of the same state."""
        with self._store.snapshot() as snapshot:
            generation = snapshot.generation()
            loaded = self._loaded
            if loaded is None or loaded.generation != generation:
                with self._lock:
                    loaded = self._loaded
                    if loaded is None or loaded.generation != generation:
                        loaded = self._loaded = self._open(snapshot, generation)
            yield loaded, snapshot

    def _open(self, snapshot: Snapshot, generation: int) -> _Loaded:
        if not generation:
            raise LibraryMissing("the library is empty. Build it: fingerpost index")
        manifest = snapshot.manifest(generation)
        before = self._loaded
        if before and before.manifest.model_sha256 == manifest.model_sha256:
            encoder = before.encoder
        else:
            encoder = self._load(manifest.model)
        _check_rules(manifest, encoder)
        folder = generations.lexical_folder(self._folder, generation)
        problems = generations.problems(folder, manifest.lexical_files)
        if problems:
            raise LibraryDamaged(f"{problems[0]}. Build it again: fingerpost index")
        facets = Facets(snapshot.rows())
        matrix = snapshot.passage_matrix(manifest.model_sha256, manifest.dim)
        positions = np.searchsorted(facets.rows, matrix.documents)
        order = np.argsort(positions, kind="stable")
        return _Loaded(
            generation,
            manifest,
            encoder,
            facets,
            DenseIndex(matrix.vectors),
            lexical.LexicalIndex(folder),
            positions,
            order,
            np.searchsorted(positions[order], np.arange(len(facets.rows) + 1)),
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """The candidates of a question.

    `mask` is the whole hit set over all documents; the arrays are of the candidates:
    `positions` of documents in ascending order, their `similarities` (cosine), `keywords`
    (BM25, 0 if not found) and `scores`.
    """

    mask: Mask
    positions: Positions
    similarities: Rows
    keywords: Rows
    scores: Rows

    def best(self, offset: int, limit: int) -> list[tuple[int, int]]:
        """Give (rank from 1, index into the arrays) of one page, best first.

        Equal scores are ordered by similarity, then as the library is.
        """
        order = np.lexsort((self.positions, -self.similarities, -self.scores))
        page = order[offset : offset + limit]
        return [(offset + at + 1, int(index)) for at, index in enumerate(page)]


def check(question: Question) -> None:
    """Refuse a question that cannot be answered; a message never holds its text.

    Raises RequestError naming the field.
    """
    text = question.text
    if not text.strip():
        raise RequestError("query", "the question is empty. Write a few words or a situation.")
    if len(text) > LONGEST_QUESTION:
        raise RequestError(
            "query",
            f"the question has {len(text)} characters; at most {LONGEST_QUESTION} are read. "
            "Leave out what matters least.",
        )
    if not any(each.isalnum() for each in text):
        raise RequestError("query", "the question holds no word. Write a few words.")
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise RequestError(
            "query", "the question holds half of a character (a lone surrogate). Send valid text."
        )
    if any((ord(each) < 32 and each not in "\t\n\r\f\v") or each == "\x7f" for each in text):
        raise RequestError("query", "the question holds control characters. Send plain text.")
    if question.mode not in MODES:
        raise RequestError("mode", f"{question.mode!r} is no mode. Known: {', '.join(MODES)}.")
    _check_range("limit", question.limit, 1, LARGEST_LIMIT)
    _check_range("offset", question.offset, 0, DEPTH - 1)
    if question.offset + question.limit > DEPTH:
        raise RequestError(
            "offset", f"only the first {DEPTH} hits can be paged through. Narrow with filters."
        )


def _check_range(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise RequestError(field, f"{field} {value} is out of range: {low} to {high}.")


def _question_vector(text: str, encoder: Encoder) -> Rows:
    """Encode a question of any length: the average of windows that the model reads whole."""
    places = passages.windows(text, encoder.count_tokens, encoder.max_tokens)
    parts = encoder.encode_queries([text[start:end] for start, end in places])
    return parts[0] if len(parts) == 1 else normalise(parts.mean(axis=0))


def _find(loaded: _Loaded, question: Question, vector: Rows) -> _Found:
    """Search both ways and fuse."""
    allowed = loaded.facets.resolve(question.filters)
    mask = loaded.facets.mask(allowed)
    # Who has no text cannot be found by it.
    mask &= loaded.first_passage[1:] > loaded.first_passage[:-1]
    everything = len(loaded.facets.rows)
    by_keyword = loaded.lexical.search(
        question.text, everything if question.mode == "keyword" else DEPTH, allowed
    )
    rows = np.asarray([row for row, _ in by_keyword], dtype=np.int64)
    keyword_positions = np.searchsorted(loaded.facets.rows, rows)
    if question.mode == "keyword":
        named = np.zeros_like(mask)
        named[keyword_positions] = True
        mask &= named
    if question.min_similarity is not None:
        near = loaded.dense.within(vector, question.min_similarity)
        close = np.zeros_like(mask)
        close[loaded.passage_documents[near]] = True
        mask &= close
    if question.mode == "semantic":
        positions = _nearest(loaded, vector, mask)
    elif question.mode == "keyword":
        positions = np.sort(keyword_positions[mask[keyword_positions]][:DEPTH])
    else:
        positions = np.union1d(
            _nearest(loaded, vector, mask), keyword_positions[mask[keyword_positions]]
        )
    keywords = np.zeros(everything, dtype=np.float32)
    keywords[keyword_positions] = [score for _, score in by_keyword]
    similarities = _similarities(loaded, vector, positions)
    weight = {"hybrid": DENSE_WEIGHT, "semantic": 1.0, "keyword": 0.0}[question.mode]
    return _Found(
        mask,
        positions,
        similarities,
        keywords[positions],
        convex(similarities, keywords[positions], weight),
    )


def _find_dense(loaded: _Loaded, vector: Rows, mask: Mask) -> _Found:
    positions = _nearest(loaded, vector, mask)
    similarities = _similarities(loaded, vector, positions)
    nothing = np.zeros_like(similarities)
    return _Found(mask, positions, similarities, nothing, min_max(similarities))


def _nearest(loaded: _Loaded, vector: Rows, mask: Mask) -> Positions:
    """Give the positions of the DEPTH nearest allowed documents, in ascending order."""
    allowed = mask[loaded.passage_documents]
    limit = 2 * DEPTH
    while True:
        nearest, _ = loaded.dense.search(vector, limit, allowed)
        documents = loaded.passage_documents[nearest]
        _, first = np.unique(documents, return_index=True)
        # Many passages of few documents may fill the list: then look further down.
        if len(first) >= DEPTH or len(nearest) < limit:
            return np.sort(documents[np.sort(first)[:DEPTH]])
        limit *= 2


def _similarities(loaded: _Loaded, vector: Rows, positions: Positions) -> Rows:
    """Give each document's cosine with a vector: that of its nearest passage, float32 (n,)."""
    if not len(positions):
        return np.empty(0, dtype=np.float32)
    members, begins = loaded.passages_of(positions)
    return np.maximum.reduceat(loaded.dense.similarities(vector, members), begins)


def _hits(
    loaded: _Loaded,
    snapshot: Snapshot,
    found: _Found,
    page: Sequence[tuple[int, int]],
    vector: Rows,
) -> Iterator[Hit]:
    rows = {index: int(loaded.facets.rows[found.positions[index]]) for _, index in page}
    documents = snapshot.documents(list(rows.values()))
    manifest = loaded.manifest
    sentences = snapshot.sentences(list(rows.values()), manifest.model_sha256, manifest.dim)
    for rank, index in page:
        row = rows[index]
        keyword = float(found.keywords[index])
        yield Hit(
            rank=rank,
            score=_round(found.scores[index]),
            similarity=_round(found.similarities[index]),
            document=documents[row],
            evidence=tuple(_evidence(documents[row], *sentences[row], vector)),
            legs=Legs(_round(found.similarities[index]), _round(keyword) if keyword else None),
        )


def _evidence(
    document: Document, spans: Sequence[Span], vectors: Rows, vector: Rows
) -> Iterator[Evidence]:
    """Give the sentence that fits best, and a second that fits nearly as well."""
    similarities = np.clip(vectors @ vector, -1.0, 1.0)
    for index in np.argsort(-similarities, kind="stable")[:_SENTENCES]:
        if similarities[index] < _NEARLY * similarities.max():
            return
        span = spans[index]
        text: str = getattr(document, span.field)[span.start : span.end]
        yield Evidence(span.field, span.start, span.end, text, _round(similarities[index]))


def _check_rules(manifest: Manifest, encoder: Encoder) -> None:
    again = "Build it again: fingerpost index"
    for what, stored, wanted in (
        ("model", manifest.model_sha256, encoder.fingerprint),
        ("passage rule", manifest.passage_rule, passages.RULE_VERSION),
        ("keyword rule", manifest.lexical_rule, lexical.RULE_VERSION),
    ):
        if stored != wanted:
            raise LibraryMismatch(what, stored, wanted, again)


def _round(value: Any) -> float:
    """Round to six digits, about what float32 holds."""
    return round(float(value), 6)
