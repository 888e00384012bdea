"""Derive a generation from the store: its indexes, metadata, calibration and map.

    lexical/    the keyword index
    facets/     the metadata that questions are filtered by
    dense/      the index and vectors of a library too large for an exact index in memory
    sentences/  the vectors of all sentences
    glossary.csv
    map.npz     the documents as points in a plane

A library of more than FULL_REBUILD_UP_TO documents is derived from the generation before, its
base, so that a change costs what it changes. Either way the same documents give the same answers:
where an index cannot be changed without a trace of what it held before, it is rebuilt. Two things
keep a trace on purpose: the map, which moves little so that people find their way on it again,
and the approximate index of a very large library, whose cells were learnt from what it held
first.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from embedder.build.context import BuildContext
from embedder.build.dense_survey import survey
from embedder.errors import LibraryError
from embedder.files import file_sha256
from embedder.index import document_map, float16_files, lexical, sentence_vectors
from embedder.index.facets import Facets
from embedder.records import Document, Manifest
from embedder.store import generations
from embedder.text import passages
from embedder.text.words import words
from embedder.vectors import DocumentRow, DocumentRows, Float32Array, PassageIds

FULL_REBUILD_UP_TO = 10_000  # documents, indexed in a few seconds


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Documents that are new or changed, with their row numbers, and the rows that are gone.

    `replaced` tells whether any of the rows held something before this build.
    """

    added: Mapping[DocumentRow, Document]
    gone: Sequence[DocumentRow]
    replaced: bool


def derive(
    context: BuildContext, number: int, changes: RowChanges, base: Manifest | None
) -> Manifest:
    """Write the files of generation `number` and return its manifest.

    The store must hold what is to be derived from. With the manifest `base` of the generation
    before, whose files must have been checked, only the changes are worked on.
    """
    base_number = number - 1 if base else None
    generations.begin(context.folder, number, base=base_number)
    folder = generations.folder(context.folder, number)
    _write_lexical(context, folder / generations.LEXICAL, changes, full_rebuild=base is None)
    _write_facets(context, folder / generations.FACETS, changes, base_number)
    shutil.copyfile(context.glossary_file, folder / generations.GLOSSARY)
    _write_sentences(context, folder / generations.SENTENCES, full_rebuild=base is None)
    dense, calibration = survey(context, folder / generations.DENSE, base)
    _write_map(context, folder / generations.MAP, number)
    return Manifest(
        model=context.encoder.name,
        model_sha256=context.encoder.fingerprint,
        precision=context.encoder.precision,
        dim=context.encoder.dim,
        readers={
            reader or context.encoder.name: count
            for reader, count in context.writer.count_readers().items()
        },
        passage_rule=passages.RULE_VERSION,
        lexical_rule=lexical.RULE_VERSION,
        glossary_sha256=context.glossary.sha256,
        version=version("fingerpost"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        documents=context.writer.count(),
        passages=context.writer.count_passages(),
        files=generations.finish(
            context.folder, number, base=base_number, known=base.files if base else {}
        ),
        calibration=calibration,
        dense=dense,
    )


def _write_lexical(
    context: BuildContext, folder: Path, changes: RowChanges, *, full_rebuild: bool
) -> None:
    """Write the keyword index, adding to the base's where that leaves no trace.

    A document that is taken out of the index still counts in its BM25 weights, until segments are
    merged, which tantivy does when it likes. So documents are added to an index, and one that
    loses documents is rebuilt.
    """

    def rings(document: Document) -> list[int]:
        text = words(f"{document.title}\n{document.abstract}")
        return [match.ring.number for match in context.glossary.find(text)]

    if full_rebuild or changes.replaced:
        shutil.rmtree(folder)
        rows: Sequence[tuple[DocumentRow, Document]] = context.writer.rows()
    else:
        rows = sorted(changes.added.items(), key=lambda pair: pair[1].id)
    with context.progress.step("Indexing", len(rows)) as advance:

        def counted() -> Iterator[tuple[int, Document]]:
            for row, document in rows:
                yield row, document
                advance(1)

        lexical.write_index(folder, counted(), (), rings)


def _write_facets(
    context: BuildContext, folder: Path, changes: RowChanges, base: int | None
) -> None:
    if base is None:
        facets = Facets.of(context.writer.rows())
    else:
        earlier = Facets.read(generations.folder(context.folder, base) / generations.FACETS)
        facets = earlier.changed(
            {*changes.gone, *changes.added},
            list(changes.added.items()),
            context.writer.rows_by_id(),
        )
    facets.write(folder)


def _write_sentences(context: BuildContext, folder: Path, *, full_rebuild: bool) -> None:
    """Write the vectors of all sentences, or add those of new passages to the base's files."""
    ids, _ = context.writer.passages()
    model, dim = context.encoder.fingerprint, context.encoder.dim
    base = None if full_rebuild else sentence_vectors.SentenceVectors(folder, dim)
    new = ids
    if base:
        new = PassageIds(np.setdiff1d(ids, base.passages))
        unused = len(base.passages) + len(new) - len(ids)
        many_files = len(float16_files.files(folder)) >= float16_files.MAX_FILES
        if many_files or unused > sentence_vectors.MAX_UNUSED * len(ids):
            base, new = None, ids
    if not base:
        for file in folder.iterdir():
            file.unlink()
    with context.progress.step("Sentences", len(new)) as advance:

        def counted() -> Iterator[tuple[int, Float32Array]]:
            chosen = new.tolist() if base else None
            for passage_id, vectors in context.writer.sentence_vectors(model, dim, chosen):
                yield passage_id, vectors
                advance(1)

        sentence_vectors.write(folder, counted(), base)


def _write_map(context: BuildContext, file: Path, number: int) -> None:
    """Write the map of generation `number`, starting from that of the generation before."""
    chosen = document_map.choose(context.writer.with_text())
    rows = [row for row, _ in chosen]
    model, dim = context.encoder.fingerprint, context.encoder.dim
    with context.progress.step("Mapping", len(chosen)) as advance:
        ids, documents = context.writer.passages(rows)
        blocks = list(context.writer.passage_vectors(model, dim, ids.tolist()))
        vectors = np.concatenate([np.empty((0, dim), dtype=np.float32), *blocks])
        of_documents = document_map.document_vectors(
            vectors, documents, DocumentRows(np.asarray(rows, dtype=np.int64))
        )
        drawn = document_map.draw(chosen, of_documents, _earlier_map(context, number - 1))
        document_map.write(drawn, file)
        advance(len(chosen))


def _earlier_map(context: BuildContext, number: int) -> document_map.DocumentMap | None:
    """Return the map of generation `number`, None unless it is undamaged and of the same model.

    A full rebuild starts from it too: a map is not right or wrong, but known to people or not.
    """
    try:
        manifest = context.writer.manifest(number)
    except LibraryError:
        return None
    file = generations.folder(context.folder, number) / generations.MAP
    sha256 = manifest.files.get(generations.MAP)
    undamaged = sha256 and file.is_file() and file_sha256(file).hex() == sha256
    same_model = manifest.model_sha256 == context.encoder.fingerprint
    return document_map.read(file) if undamaged and same_model else None
