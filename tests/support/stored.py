"""Documents, passages and vectors for tests of the store, and how to read all of a store."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from embedder.records import Document, Manifest, Passage, Span
from embedder.store.database import Store
from embedder.store.writer import Writer
from embedder.text.passages import content_hash
from embedder.vectors import PassageVectors, normalise

MODEL = "f" * 64
DIM = 8

LEBANON = Document(
    id="lebanon",
    title="A title – “quoted”",
    abstract="One sentence. Zwei Sätze.",
    countries=("Lebanon",),
    country_codes=("LBN",),
    regions=("Middle East and North Africa",),
    authors=("Markéta Von Hagen", "C. Zimmerman et al."),
    year=2013,
    topics=("Trafficking",),
    category=None,
    sources=("a.txt", "b.txt"),
)
BARE = Document(id="bare", title="", abstract="")

MANIFEST = Manifest(
    model="a-model",
    model_sha256=MODEL,
    precision="f32",
    dim=DIM,
    readers={"a-model": 2},
    passage_rule=1,
    lexical_rule=1,
    version="0.1.0",
    created="2026-01-02T03:04:05+00:00",
    documents=2,
    passages=2,
    glossary_sha256="b" * 64,
    files={"meta.json": "0" * 64},
    calibration={"unrelated_median": 0.25},
    dense={"kind": "exact", "recall": 1.0},
)

# Damages the vector of the passage of the document 'other'.
DAMAGE_A_VECTOR = (
    "UPDATE vectors SET vector = zeroblob(32)"
    " WHERE content = (SELECT content FROM passages WHERE id = 2)"
)


def a_passage(text: str) -> Passage:
    """Return a passage of two sentences: the halves of the text."""
    half = len(text) // 2
    return Passage(
        text,
        (Span("abstract", 0, half), Span("abstract", half, len(text))),
        ((0, half), (half, len(text))),
    )


def vectors_for(seed: int) -> PassageVectors:
    """Return vectors for a passage of two sentences, the same for the same seed."""
    rows = np.random.default_rng(seed).standard_normal((3, DIM)).astype(np.float32)
    unit = normalise(rows)
    return PassageVectors(unit[0], unit[1:])


def fill(writer: Writer) -> None:
    """Write generation 1: two documents, a passage of two sentences each."""
    other = replace(LEBANON, id="other", title="Another")
    for document, text in ((LEBANON, "About Lebanon. It is."), (other, "About another. It is.")):
        passage = a_passage(text)
        row = writer.put_document(document)
        writer.put_passages(row, [(passage, content_hash(passage))])
    writer.add_generation(1, MANIFEST)


def read_all(store: Store) -> None:
    """Read everything that carries a checksum, as a search would."""
    with store.snapshot() as snapshot:
        snapshot.manifest(1)
        snapshot.rows()
        list(snapshot.passage_vectors(MODEL, DIM))
        snapshot.spans([1, 2])
        list(snapshot.sentence_vectors(MODEL, DIM))
