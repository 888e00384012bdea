"""Load a generation of the library from its files and the store, and check that it fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from embedder.encoders.encoder import Encoder
from embedder.errors import LibraryDamaged, LibraryMismatch, LibraryMissing
from embedder.index import document_map, lexical
from embedder.index.approximate import ApproximateIndex
from embedder.index.dense import DenseIndex
from embedder.index.exact import ExactIndex
from embedder.index.facets import Facets
from embedder.index.sentence_vectors import CHECKED_WHEN_READ, SentenceVectors
from embedder.records import Manifest
from embedder.search.author_names import AuthorNames
from embedder.search.passage_table import PassageTable, canonical_order
from embedder.search.served import ServedGeneration
from embedder.store import generations
from embedder.store.snapshot import Snapshot
from embedder.text import passages
from embedder.text.country_names import read_checked_names
from embedder.text.glossary import read_glossary
from embedder.text.languages import ENGLISH
from embedder.text.spelling import Speller
from embedder.vectors import (
    Float32Array,
    Int64Array,
    PassageIds,
)

# Passages that stand for all where a question is compared with the library as a whole.
_SAMPLE_SIZE = 1000
_REBUILD = "Rebuild with: fingerpost index"


def load(
    snapshot: Snapshot,
    vectors: Path,
    generation: int,
    load_model: Callable[[Manifest], Encoder],
) -> ServedGeneration:
    """Load a generation of the library in the folder `vectors`.

    Raises LibraryMissing if there is none, LibraryMismatch if another model or version made it,
    LibraryDamaged if a file or row does not match its checksum.
    """
    if not generation:
        raise LibraryMissing("the library is empty. Build it: fingerpost index")
    manifest = snapshot.manifest(generation)
    check_rules(manifest)
    _check_files(vectors, generation, manifest)
    encoder = load_model(manifest)
    if manifest.model_sha256 != encoder.fingerprint:
        raise LibraryMismatch("model", manifest.model_sha256, encoder.fingerprint, _REBUILD)
    folder = generations.folder(vectors, generation)
    facets = Facets.read(folder / generations.FACETS)
    sentence_vectors = SentenceVectors(folder / generations.SENTENCES, manifest.dim)
    dense, table = _load_passages(snapshot, manifest, folder, facets, sentence_vectors)
    lexical_index = lexical.LexicalIndex(folder / generations.LEXICAL)
    read_checked_names()
    return ServedGeneration(
        generation=generation,
        manifest=manifest,
        encoder=encoder,
        facets=facets,
        author_names=AuthorNames(facets),
        dense=dense,
        lexical=lexical_index,
        passages=table,
        sentence_vectors=sentence_vectors,
        sample=dense.vectors(table.sample(_SAMPLE_SIZE)),
        glossary=read_glossary(folder / generations.GLOSSARY),
        speller=Speller(lexical_index.vocabulary(), _is_word(encoder)),
        document_map=(
            document_map.read(folder / generations.MAP)
            if generations.MAP in manifest.files
            else None
        ),
    )


def check_rules(manifest: Manifest) -> None:
    """Raise LibraryMismatch if the library was built by other rules than this version's."""
    for what, stored, wanted in (
        ("passage rule", manifest.passage_rule, passages.RULE_VERSION),
        ("keyword rule", manifest.lexical_rule, lexical.RULE_VERSION),
    ):
        if stored != wanted:
            raise LibraryMismatch(what, stored, wanted, _REBUILD)


def _check_files(vectors: Path, generation: int, manifest: Manifest) -> None:
    """Raise LibraryDamaged if a file of the generation does not match its checksum.

    The sentence vectors, which may be gigabytes, are checked as they are read.
    """
    problems = generations.problems(vectors, generation, manifest.files, but=CHECKED_WHEN_READ)
    if problems:
        raise LibraryDamaged(f"{problems[0]}. {_REBUILD}")


def _load_passages(
    snapshot: Snapshot,
    manifest: Manifest,
    folder: Path,
    facets: Facets,
    sentence_vectors: SentenceVectors,
) -> tuple[DenseIndex, PassageTable]:
    """Load the dense index and the table of its slots.

    The slots of an exact index, which is made here, are in the canonical order of passages; those
    of an approximate one are in the order of adding.
    """
    ids, rows = snapshot.passages()
    positions = facets.positions(rows)
    if manifest.dense["kind"] == "exact":
        order = canonical_order(ids, positions)
        slot_passages = PassageIds(ids[order])
        dense: DenseIndex = ExactIndex(_passage_vectors(snapshot, manifest, order))
    else:
        file = folder / generations.DENSE / generations.INDEX
        slot_passages = np.load(file.with_name(generations.SLOTS), allow_pickle=False)
        dense = ApproximateIndex.read(file, manifest.dense["probes"])
    table = PassageTable.build(
        slot_passages,
        ids,
        positions,
        len(facets.rows),
        PassageIds(sentence_vectors.passages),
    )
    return dense, table


def _passage_vectors(snapshot: Snapshot, manifest: Manifest, order: Int64Array) -> Float32Array:
    """Return the vectors of all passages in an order: float32 (passages, dim).

    `order` (passages,) are indexes of passages by ascending id, in which order they are read.
    """
    slots = np.empty_like(order)
    slots[order] = np.arange(len(order))
    vectors = np.empty((len(order), manifest.dim), dtype=np.float32)
    start = 0
    for block in snapshot.passage_vectors(manifest.model_sha256, manifest.dim):
        vectors[slots[start : start + len(block)]] = block
        start += len(block)
    return vectors


def _is_word(encoder: Encoder) -> Callable[[str], bool]:
    """Return what tells whether the model knows a word as one, which no misspelt word is."""
    return lambda word: encoder.for_queries(ENGLISH).count_tokens([word]) == [1]
