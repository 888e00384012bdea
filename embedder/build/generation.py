"""What a generation is made of, derived from the store: indexes, metadata, calibration.

    lexical/   the keyword index
    facets/    the metadata that questions are filtered by
    dense/     the index and vectors of a library too large for an exact one in memory
    sentences/ the vectors of all sentences
    glossary.csv
    map.npz    the documents as points in a plane

A library of more than INDEX_ANEW documents is built upon the generation before, so that a
change costs what it changes; a smaller one anew, so that the same documents always give the
same answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from embedder.build import calibration as calibrate
from embedder.encoders.encoder import Encoder
from embedder.errors import LibraryError
from embedder.files import file_sha256
from embedder.index import (
    approximate,
    document_map,
    float16_files,
    lexical,
    sentence_vectors,
)
from embedder.index import exact as exact_index
from embedder.index.facets import Facets
from embedder.progress import Progress
from embedder.records import Document, Manifest
from embedder.store import generations
from embedder.store.writer import Writer
from embedder.text import passages
from embedder.text.glossary import Glossary
from embedder.text.sentences import split_sentences
from embedder.text.vocabulary import kept_words
from embedder.text.words import words
from embedder.vectors import Float32Array

FULL_REBUILD_UP_TO = 10_000  # documents, indexed in a few seconds

_WORDS_AT_ONCE = 1024
# A library that grew or shrank by more than this is calibrated again.
_OTHER_SIZE = 0.1
# An inverted file is made again when more of it is gone, or more was added, than this.
_MOST_GONE, _MOST_ADDED = 0.1, 0.3
# Documents whose sentences are asked, of very many.
_ASKED_DOCUMENTS = 2000


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where a build happens and with what."""

    writer: Writer
    folder: Path
    progress: Progress
    encoder: Encoder
    glossary_file: Path
    glossary: Glossary


@dataclass(frozen=True, slots=True)
class RowChanges:
    """Documents with their row numbers that are new or changed, and the rows that are gone."""

    added: Mapping[int, Document]
    gone: Sequence[int]


def derive(
    context: BuildContext, number: int, difference: RowChanges, before: Manifest | None
) -> Manifest:
    """Write the files of generation `number` and give its manifest.

    The store must hold what is to be derived from. With the manifest `before` of the generation
    before, which must be sound, only the difference to it is worked on.
    """
    base = number - 1 if before else None
    generations.begin(context.folder, number, base=base)
    place = generations.folder(context.folder, number)
    documents = list(difference.added.items()) if before else context.writer.rows()
    _write_lexical(context, place / generations.LEXICAL, documents, difference)
    _write_facets(context, place / generations.FACETS, documents, difference, base)
    shutil.copyfile(context.glossary_file, place / generations.GLOSSARY)
    _texts(
        context, "Words", kept_words(lexical.LexicalIndex(place / generations.LEXICAL).vocabulary())
    )
    _write_sentences(context, place / generations.SENTENCES, full_rebuild=before is None)
    kind, calibration = _survey(context, place / generations.DENSE, before)
    _write_map(context, place / generations.MAP, number)
    return Manifest(
        model=context.encoder.name,
        model_sha256=context.encoder.fingerprint,
        dim=context.encoder.dim,
        passage_rule=passages.RULE_VERSION,
        lexical_rule=lexical.RULE_VERSION,
        glossary_sha256=context.glossary.sha256,
        version=version("fingerpost"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        documents=context.writer.count(),
        passages=context.writer.count_passages(),
        files=generations.finish(
            context.folder, number, base=base, known=before.files if before else {}
        ),
        calibration=calibration,
        dense=kind,
    )


def _write_lexical(
    context: BuildContext,
    place: Path,
    documents: Sequence[tuple[int, Document]],
    difference: RowChanges,
) -> None:
    def rings(document: Document) -> list[int]:
        text = words(f"{document.title}\n{document.abstract}")
        return [each.ring.number for each in context.glossary.find(text)]

    with context.progress.step("Indexing", len(documents)) as advance:

        def counted() -> Iterator[tuple[int, Document]]:
            for each in documents:
                yield each
                advance(1)

        replaced = [*difference.gone, *difference.added]
        lexical.write_index(place, counted(), replaced, rings)


def _write_facets(
    context: BuildContext,
    place: Path,
    documents: Sequence[tuple[int, Document]],
    difference: RowChanges,
    base: int | None,
) -> None:
    if base is None:
        facets = Facets.of(documents)
    else:
        earlier = Facets.read(generations.folder(context.folder, base) / generations.FACETS)
        facets = earlier.changed({*difference.gone, *difference.added}, documents)
    facets.write(place)


def _write_sentences(context: BuildContext, place: Path, *, full_rebuild: bool) -> None:
    ids, _ = context.writer.passages()
    model, dim = context.encoder.fingerprint, context.encoder.dim
    base = None if full_rebuild else sentence_vectors.SentenceVectors(place, dim)
    if base:
        new = np.setdiff1d(ids, base.passages)
        unused = len(base.passages) + len(new) - len(ids)
        many = len(float16_files.files(place)) >= float16_files.MAX_FILES
        if many or unused > sentence_vectors.MAX_UNUSED * len(ids):
            base = None
    if not base:
        new = ids
        for file in place.iterdir():
            file.unlink()
    with context.progress.step("Sentences", len(new)) as advance:

        def counted() -> Iterator[tuple[int, Float32Array]]:
            some = new.tolist() if base else None
            for each in context.writer.sentence_vectors(model, dim, some):
                yield each
                advance(1)

        sentence_vectors.write(place, counted(), base)


def _texts(context: BuildContext, name: str, texts: Sequence[str]) -> Float32Array:
    """Give the vectors of short texts, float32 (n, dim), embedding those not kept yet."""
    model = context.encoder.fingerprint
    kept = context.writer.texts(texts, model)
    missing = [text for text in dict.fromkeys(texts) if text not in kept]
    with context.progress.step(name, len(missing)) as advance:
        for at in range(0, len(missing), _WORDS_AT_ONCE):
            batch = missing[at : at + _WORDS_AT_ONCE]
            rows = context.encoder.encode_queries(batch, reproducible=True)
            context.writer.keep_texts(batch, model, rows)
            kept.update(zip(batch, rows, strict=True))
            advance(len(batch))
    rows = np.asarray([kept[text] for text in texts], dtype=np.float32)
    return rows.reshape(-1, context.encoder.dim)


def _write_map(context: BuildContext, file: Path, number: int) -> None:
    """Write the map of generation `number`, going on from the one before."""
    chosen = document_map.choose(context.writer.with_text())
    rows = [row for row, _ in chosen]
    model, dim = context.encoder.fingerprint, context.encoder.dim
    with context.progress.step("Mapping", len(chosen)) as advance:
        ids, documents = context.writer.passages(rows)
        blocks = list(context.writer.passage_vectors(model, dim, ids.tolist()))
        found = np.concatenate([np.empty((0, dim), dtype=np.float32), *blocks])
        vectors = document_map.document_vectors(found, documents, np.asarray(rows, dtype=np.int64))
        document_map.write(
            document_map.draw(chosen, vectors, _earlier_map(context, number - 1)), file
        )
        advance(len(chosen))


def _earlier_map(context: BuildContext, number: int) -> document_map.DocumentMap | None:
    """Give the map of generation `number`, None where there is no sound one of the same model.

    A library built anew goes on from it too: a map is not right or wrong, but well known or not.
    """
    try:
        manifest = context.writer.manifest(number)
    except LibraryError:
        return None
    file = generations.folder(context.folder, number) / generations.MAP
    sha256 = manifest.files.get(generations.MAP)
    sound = sha256 and file.is_file() and file_sha256(file).hex() == sha256
    same = manifest.model_sha256 == context.encoder.fingerprint
    return document_map.read(file) if sound and same else None


# All vectors are read once: for the index, for what it should find, and to calibrate.


def _survey(
    context: BuildContext, place: Path, before: Manifest | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the kind of the dense index, written if it has a file, and the calibration."""
    ids, documents = context.writer.passages()
    count = context.writer.count()
    near = before is not None and (
        abs(count - before.calibration["documents"])
        <= _OTHER_SIZE * before.calibration["documents"]
    )
    exact = len(ids) <= exact_index.EXACT_UP_TO
    if near and before and (exact or _add_to_index(context, place, ids)):
        kind = {"kind": "exact", "recall": 1.0} if exact else dict(before.dense)
        return kind, dict(before.calibration)

    everyday, own_rows, queries = _questions(context)
    best = calibrate.BestCosines(queries, own_rows)
    nearest = approximate.NearestVectors(queries)
    with context.progress.step("Comparing", len(ids)) as advance:

        def blocks() -> Iterator[Float32Array]:
            at = 0
            for block in context.writer.passage_vectors(
                context.encoder.fingerprint, context.encoder.dim
            ):
                best.add(block, documents[at : at + len(block)])
                if not exact:
                    nearest.add(block)
                at += len(block)
                advance(len(block))
                yield block

        kind = {"kind": "exact", "recall": 1.0}
        if exact:
            for _ in blocks():
                pass
        else:
            kind = _write_index(context, place, ids, blocks(), nearest, queries)
    asked, foreign = best.found[:everyday], best.found[everyday:]
    figures = calibrate.calibrate(asked, foreign[foreign > -1.0])
    return kind, {**figures, "documents": count}


def _questions(
    context: BuildContext,
) -> tuple[int, np.ndarray[Any, np.dtype[np.int64]], Float32Array]:
    """Ask the library what it cannot know and what it says itself; see `calibrate`.

    Returns how many everyday questions come first, the row number of the document that each
    question is from, -1 for an everyday one, and their vectors.
    """
    rows = context.writer.row_numbers()
    some = [rows[at] for at in calibrate.choose(len(rows), _ASKED_DOCUMENTS)]
    told = [
        (row, document.abstract[start:end])
        for row, document in sorted(context.writer.documents(some).items())
        for start, end in split_sentences(document.abstract)
    ]
    own = [told[at] for at in calibrate.choose(len(told), calibrate.OWN_SENTENCES)]
    everyday = calibrate.everyday_questions() if rows else []
    vectors = _texts(context, "Asking", [*everyday, *(text for _, text in own)])
    return len(everyday), np.asarray([*[-1] * len(everyday), *(row for row, _ in own)]), vectors


def _write_index(
    context: BuildContext,
    place: Path,
    ids: Any,
    blocks: Iterator[Float32Array],
    nearest: approximate.NearestVectors,
    queries: Float32Array,
) -> dict[str, Any]:
    """Write an inverted file, with its passages' ids beside it, and measure it."""
    chosen = ids[calibrate.choose(len(ids), approximate.training_size(len(ids)))]
    model, dim = context.encoder.fingerprint, context.encoder.dim
    sample = np.concatenate(list(context.writer.passage_vectors(model, dim, chosen.tolist())))
    place.mkdir()
    approximate.write_index(place / generations.INDEX, blocks, sample, len(ids))
    np.save(place / generations.SLOTS, ids, allow_pickle=False)
    probes, recall = approximate.measure(place / generations.INDEX, queries, nearest.positions)
    return {"kind": "approximate", "recall": round(recall, 4), "probes": probes}


def _add_to_index(context: BuildContext, place: Path, ids: Any) -> bool:
    """Add the passages that the index before has not; False if it is better made again."""
    earlier = place.parent.with_name(str(int(place.parent.name) - 1)) / generations.DENSE
    if not (earlier / generations.SLOTS).is_file():
        return False
    slots = np.load(earlier / generations.SLOTS, allow_pickle=False)
    missing = np.setdiff1d(ids, slots)
    gone = len(slots) + len(missing) - len(ids)
    files = float16_files.files(earlier)
    if gone > _MOST_GONE * len(slots) or len(missing) > _MOST_ADDED * len(slots):
        return False
    if len(files) >= float16_files.MAX_FILES:
        return False
    model, dim = context.encoder.fingerprint, context.encoder.dim
    place.mkdir()
    for file in files:
        generations.link(file, place / file.name)
    added = context.writer.passage_vectors(model, dim, missing.tolist())
    nothing = np.empty((0, dim), dtype=np.float32)
    approximate.write_index(
        place / generations.INDEX, added, nothing, 0, earlier / generations.INDEX
    )
    np.save(place / generations.SLOTS, np.concatenate((slots, missing)), allow_pickle=False)
    return True
