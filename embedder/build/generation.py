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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

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
from embedder.records import Document, Manifest
from embedder.store import generations
from embedder.store.writer import Writer
from embedder.text import passages
from embedder.text.glossary import Glossary
from embedder.text.sentences import split_sentences
from embedder.text.vocabulary import kept_words
from embedder.text.words import words
from embedder.vectors import Rows

INDEX_ANEW = 10_000  # documents, indexed in a few seconds

_WORDS_AT_ONCE = 1024
# A library that grew or shrank by more than this is calibrated again.
_OTHER_SIZE = 0.1
# An inverted file is made again when more of it is gone, or more was added, than this.
_MOST_GONE, _MOST_ADDED = 0.1, 0.3
# Documents whose sentences are asked, of very many.
_ASKED_DOCUMENTS = 2000


class Progress(Protocol):
    """Is told how far a build is."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a step of `total` units; the function given is called with each advance."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """Where a build happens and with what."""

    writer: Writer
    folder: Path
    progress: Progress
    encoder: Encoder
    glossary_file: Path
    glossary: Glossary


@dataclass(frozen=True, slots=True)
class Difference:
    """Documents with their row numbers that are new or changed, and the rows that are gone."""

    added: Mapping[int, Document]
    gone: Sequence[int]


def derive(site: Site, number: int, difference: Difference, before: Manifest | None) -> Manifest:
    """Write the files of generation `number` and give its manifest.

    The store must hold what is to be derived from. With the manifest `before` of the generation
    before, which must be sound, only the difference to it is worked on.
    """
    upon = number - 1 if before else None
    generations.begin(site.folder, number, upon=upon)
    place = generations.folder(site.folder, number)
    documents = list(difference.added.items()) if before else site.writer.rows()
    _write_lexical(site, place / generations.LEXICAL, documents, difference)
    _write_facets(site, place / generations.FACETS, documents, difference, upon)
    shutil.copyfile(site.glossary_file, place / generations.GLOSSARY)
    _texts(
        site, "Words", kept_words(lexical.LexicalIndex(place / generations.LEXICAL).vocabulary())
    )
    _write_sentences(site, place / generations.SENTENCES, anew=before is None)
    kind, calibration = _survey(site, place / generations.DENSE, before)
    _write_map(site, place / generations.MAP, number)
    return Manifest(
        model=site.encoder.name,
        model_sha256=site.encoder.fingerprint,
        dim=site.encoder.dim,
        passage_rule=passages.RULE_VERSION,
        lexical_rule=lexical.RULE_VERSION,
        glossary_sha256=site.glossary.sha256,
        version=version("fingerpost"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        documents=site.writer.count(),
        passages=site.writer.count_passages(),
        files=generations.finish(
            site.folder, number, upon=upon, known=before.files if before else {}
        ),
        calibration=calibration,
        dense=kind,
    )


def _write_lexical(
    site: Site,
    place: Path,
    documents: Sequence[tuple[int, Document]],
    difference: Difference,
) -> None:
    def rings(document: Document) -> list[int]:
        text = words(f"{document.title}\n{document.abstract}")
        return [each.ring.number for each in site.glossary.find(text)]

    with site.progress.step("Indexing", len(documents)) as advance:

        def counted() -> Iterator[tuple[int, Document]]:
            for each in documents:
                yield each
                advance(1)

        replaced = [*difference.gone, *difference.added]
        lexical.write_index(place, counted(), replaced, rings)


def _write_facets(
    site: Site,
    place: Path,
    documents: Sequence[tuple[int, Document]],
    difference: Difference,
    upon: int | None,
) -> None:
    if upon is None:
        facets = Facets.of(documents)
    else:
        earlier = Facets.read(generations.folder(site.folder, upon) / generations.FACETS)
        facets = earlier.changed({*difference.gone, *difference.added}, documents)
    facets.write(place)


def _write_sentences(site: Site, place: Path, *, anew: bool) -> None:
    ids, _ = site.writer.passages()
    model, dim = site.encoder.fingerprint, site.encoder.dim
    upon = None if anew else sentence_vectors.SentenceVectors(place, dim)
    if upon:
        new = np.setdiff1d(ids, upon.passages)
        unused = len(upon.passages) + len(new) - len(ids)
        many = len(float16_files.files(place)) >= float16_files.MOST_FILES
        if many or unused > sentence_vectors.MOST_UNUSED * len(ids):
            upon = None
    if not upon:
        new = ids
        for file in place.iterdir():
            file.unlink()
    with site.progress.step("Sentences", len(new)) as advance:

        def counted() -> Iterator[tuple[int, Rows]]:
            some = new.tolist() if upon else None
            for each in site.writer.sentence_vectors(model, dim, some):
                yield each
                advance(1)

        sentence_vectors.write(place, counted(), upon)


def _texts(site: Site, name: str, texts: Sequence[str]) -> Rows:
    """Give the vectors of short texts, float32 (n, dim), embedding those not kept yet."""
    model = site.encoder.fingerprint
    kept = site.writer.texts(texts, model)
    missing = [text for text in dict.fromkeys(texts) if text not in kept]
    with site.progress.step(name, len(missing)) as advance:
        for at in range(0, len(missing), _WORDS_AT_ONCE):
            batch = missing[at : at + _WORDS_AT_ONCE]
            rows = site.encoder.encode_queries(batch)
            site.writer.keep_texts(batch, model, rows)
            kept.update(zip(batch, rows, strict=True))
            advance(len(batch))
    rows = np.asarray([kept[text] for text in texts], dtype=np.float32)
    return rows.reshape(-1, site.encoder.dim)


def _write_map(site: Site, file: Path, number: int) -> None:
    """Write the map of generation `number`, going on from the one before."""
    chosen = document_map.choose(site.writer.with_text())
    rows = [row for row, _ in chosen]
    model, dim = site.encoder.fingerprint, site.encoder.dim
    with site.progress.step("Mapping", len(chosen)) as advance:
        ids, documents = site.writer.passages(rows)
        blocks = list(site.writer.passage_vectors(model, dim, ids.tolist()))
        found = np.concatenate([np.empty((0, dim), dtype=np.float32), *blocks])
        vectors = document_map.document_vectors(found, documents, np.asarray(rows, dtype=np.int64))
        document_map.write(document_map.draw(chosen, vectors, _earlier_map(site, number - 1)), file)
        advance(len(chosen))


def _earlier_map(site: Site, number: int) -> document_map.Chart | None:
    """Give the map of generation `number`, None where there is no sound one of the same model.

    A library built anew goes on from it too: a map is not right or wrong, but well known or not.
    """
    try:
        manifest = site.writer.manifest(number)
    except LibraryError:
        return None
    file = generations.folder(site.folder, number) / generations.MAP
    sha256 = manifest.files.get(generations.MAP)
    sound = sha256 and file.is_file() and file_sha256(file).hex() == sha256
    same = manifest.model_sha256 == site.encoder.fingerprint
    return document_map.read(file) if sound and same else None


# All vectors are read once: for the index, for what it should find, and to calibrate.


def _survey(
    site: Site, place: Path, before: Manifest | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the kind of the dense index, written if it has a file, and the calibration."""
    ids, documents = site.writer.passages()
    count = site.writer.count()
    near = before is not None and (
        abs(count - before.calibration["documents"])
        <= _OTHER_SIZE * before.calibration["documents"]
    )
    exact = len(ids) <= exact_index.EXACT_UP_TO
    if near and before and (exact or _add_to_index(site, place, ids)):
        kind = {"kind": "exact", "recall": 1.0} if exact else dict(before.dense)
        return kind, dict(before.calibration)

    everyday, own_rows, queries = _questions(site)
    best = calibrate.Best(queries, own_rows)
    nearest = approximate.Nearest(queries)
    with site.progress.step("Comparing", len(ids)) as advance:

        def blocks() -> Iterator[Rows]:
            at = 0
            for block in site.writer.passage_vectors(site.encoder.fingerprint, site.encoder.dim):
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
            kind = _write_index(site, place, ids, blocks(), nearest, queries)
    asked, foreign = best.found[:everyday], best.found[everyday:]
    figures = calibrate.calibrate(asked, foreign[foreign > -1.0])
    return kind, {**figures, "documents": count}


def _questions(site: Site) -> tuple[int, np.ndarray[Any, np.dtype[np.int64]], Rows]:
    """Ask the library what it cannot know and what it says itself; see `calibrate`.

    Returns how many everyday questions come first, the row number of the document that each
    question is from, -1 for an everyday one, and their vectors.
    """
    rows = site.writer.row_numbers()
    some = [rows[at] for at in calibrate.choose(len(rows), _ASKED_DOCUMENTS)]
    told = [
        (row, document.abstract[start:end])
        for row, document in sorted(site.writer.documents(some).items())
        for start, end in split_sentences(document.abstract)
    ]
    own = [told[at] for at in calibrate.choose(len(told), calibrate.OWN_SENTENCES)]
    everyday = calibrate.everyday_questions() if rows else []
    vectors = _texts(site, "Asking", [*everyday, *(text for _, text in own)])
    return len(everyday), np.asarray([*[-1] * len(everyday), *(row for row, _ in own)]), vectors


def _write_index(
    site: Site,
    place: Path,
    ids: Any,
    blocks: Iterator[Rows],
    nearest: approximate.Nearest,
    queries: Rows,
) -> dict[str, Any]:
    """Write an inverted file, with its passages' ids beside it, and measure it."""
    chosen = ids[calibrate.choose(len(ids), approximate.training_size(len(ids)))]
    model, dim = site.encoder.fingerprint, site.encoder.dim
    sample = np.concatenate(list(site.writer.passage_vectors(model, dim, chosen.tolist())))
    place.mkdir()
    approximate.write_index(place / generations.INDEX, blocks, sample, len(ids))
    np.save(place / generations.SLOTS, ids, allow_pickle=False)
    probes, recall = approximate.measure(place / generations.INDEX, queries, nearest.positions)
    return {"kind": "approximate", "recall": round(recall, 4), "probes": probes}


def _add_to_index(site: Site, place: Path, ids: Any) -> bool:
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
    if len(files) >= float16_files.MOST_FILES:
        return False
    model, dim = site.encoder.fingerprint, site.encoder.dim
    place.mkdir()
    for file in files:
        generations.link(file, place / file.name)
    added = site.writer.passage_vectors(model, dim, missing.tolist())
    nothing = np.empty((0, dim), dtype=np.float32)
    approximate.write_index(
        place / generations.INDEX, added, nothing, 0, earlier / generations.INDEX
    )
    np.save(place / generations.SLOTS, np.concatenate((slots, missing)), allow_pickle=False)
    return True
