"""Sources to a served library: ordered calls, progress, and one atomic switch.

    read → compare with what is there → embed what is new → write it all and the new
    generation in one transaction

Vectors are kept as they are made, so a build that is cut off goes on where it stopped.
Everything else becomes visible at the commit that ends the build, or not at all.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np

from embedder import calibrate, changes, generations, lexical, passages, sources
from embedder.changes import Changes
from embedder.encode import Encoder, Rows, cosine
from embedder.errors import LibraryDamaged, LibraryError, LibraryMissing
from embedder.glossary import DEFAULT_GLOSSARY, Glossary, read_glossary
from embedder.models import DEFAULT_MODEL, load_encoder
from embedder.records import Document, Entry, Manifest, Passage
from embedder.related import kept_words
from embedder.store import PassageMatrix, Store, Writer
from embedder.words import words

_EMBED_AT_ONCE = 256
_INDEX_ANEW = 10_000  # documents, indexed in about a second
_WORDS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did.

    `read` and `merged` count entries, `embedded` passages, all else documents.
    """

    read: int
    merged: int
    new: int
    changed: int
    unchanged: int
    removed: int
    embedded: int
    without_text: int
    documents: int
    generation: int
    model: str


class Progress(Protocol):
    """Is told how far a build is."""

    def step(self, name: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """Begin a step of `total` units; the function given is called with each advance."""
        ...


def index(
    folder: Path,
    paths: Sequence[Path],
    progress: Progress,
    model: str | None = None,
    *,
    replace: bool = False,
    glossary: Path = DEFAULT_GLOSSARY,
    load: Callable[[str], Encoder] = load_encoder,
) -> Report:
    """Read files and folders into the library in `folder` and switch to a new generation.

    A file read before is replaced by what it says now, other files' documents stay; with
    `replace` the library becomes what `paths` hold and nothing else. `model` is a name or
    path; without it the library's own model is used, or the default for a new library.

    Raises SourceError if a file cannot be read (the library stays as it was), LibraryBusy if
    another build runs, EncoderError if the model cannot be loaded.
    """
    files = sources.find_files(paths)
    entries = changes.identify(_read(files, progress))
    field = read_glossary(glossary)
    with Store(folder).writing() as writer:
        before = _manifest(writer)
        encoder = load(model or _own_model(writer))
        forgotten = _forgotten(writer, files, paths, replace=replace)
        found = _find_changes(writer, entries, forgotten)
        anew = before is None or not _same_rules(before, encoder) or not _whole(writer, before)
        work = _work(writer, encoder, found, anew=anew)
        embedded = _embed(writer, encoder, work.cut.values(), progress)
        told = (forgotten, entries)
        site = _Site(writer, folder, progress, encoder, glossary, field)
        generation = _switch(site, work, told)
        return Report(
            read=len(entries),
            merged=len(entries) - len({entry.document.id for entry in entries}),
            new=len(found.new),
            changed=len(found.changed),
            unchanged=found.unchanged,
            removed=len(found.removed),
            embedded=embedded,
            without_text=sum(not cut for cut in work.cut.values()),
            documents=writer.count(),
            generation=generation,
            model=encoder.name,
        )


@dataclass(frozen=True, slots=True)
class _Work:
    """What there is to write: documents, passages with their content hashes, by id, removals.

    With `anew`, nothing that was built before is used again.
    """

    touched: tuple[Document, ...]
    cut: dict[str, list[tuple[Passage, bytes]]]
    removed: tuple[str, ...]
    anew: bool


def _work(writer: Writer, encoder: Encoder, found: Changes, *, anew: bool) -> _Work:
    """Cut what is new or changed into passages, and what is to be embedded again."""
    touched = (*found.new, *found.changed)
    settled = {document.id for document in touched} | set(found.removed)
    if anew:
        again = [document for _, document in writer.rows()]
    else:
        again = writer.without_sound_vectors(encoder.fingerprint)
    wanted = (*touched, *(document for document in again if document.id not in settled))
    cut = {
        document.id: [
            (passage, passages.content_hash(passage))
            for passage in passages.passages(document, encoder.count_tokens, encoder.max_tokens)
        ]
        for document in wanted
    }
    return _Work(touched, cut, found.removed, anew)


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a build happens and with what."""

    writer: Writer
    folder: Path
    progress: Progress
    encoder: Encoder
    glossary_file: Path
    glossary: Glossary


def _switch(site: _Site, work: _Work, told: tuple[Sequence[str], Sequence[Entry]]) -> int:
    """Write everything and the generation it makes in one transaction, and give its number."""
    writer, encoder = site.writer, site.encoder
    current = writer.generation()
    sound = not work.anew and _is_sound(site, current)
    forgotten, entries = told
    with writer.transaction():
        writer.replace_entries(forgotten, map(changes.to_store, entries))
        removed = [writer.remove_document(key) for key in work.removed]
        added = {writer.put_document(document): document for document in work.touched}
        for key, cut in work.cut.items():
            writer.put_passages(writer.row_of(key), cut)
        if sound and not removed and not work.cut:
            return current
        # Documents taken out of an index still count in its BM25 weights until it is merged. A
        # small library is indexed anew, so that the same documents give the same answers.
        upon = sound and writer.count() > _INDEX_ANEW
        documents = list(added.items()) if upon else writer.rows()
        files = _write_files(site, current, documents, [*removed, *added], upon=upon)
        writer.add_generation(current + 1, _new_manifest(site, files))
        writer.drop_unused_vectors(encoder.fingerprint)
    generations.drop_old(site.folder, current + 1)
    return current + 1


def _write_files(
    site: _Site,
    current: int,
    documents: Sequence[tuple[int, Document]],
    replaced: Sequence[int],
    *,
    upon: bool,
) -> dict[str, str]:
    """Write the files of the next generation, embed the words they hold, and give the hashes."""
    folder = site.folder
    generations.begin(folder, current + 1, upon=current if upon else None)
    place = generations.lexical_folder(folder, current + 1)
    with site.progress.step("Indexing", len(documents)) as advance:
        lexical.write_index(place, documents, replaced, lambda each: _rings(site.glossary, each))
        advance(len(documents))
    shutil.copyfile(site.glossary_file, generations.glossary_file(folder, current + 1))
    _embed_words(site, lexical.LexicalIndex(place))
    return generations.finish(folder, current + 1)


def _read(files: Sequence[Path], progress: Progress) -> list[Entry]:
    entries: list[Entry] = []
    with progress.step("Reading", len(files)) as advance:
        for path in files:
            entries += sources.read(path)
            advance(1)
    return entries


def _manifest(writer: Writer) -> Manifest | None:
    """Give the manifest of the generation that is served, None where there is none to use."""
    try:
        return writer.manifest(writer.generation())
    except (LibraryMissing, LibraryError):
        return None


def _own_model(writer: Writer) -> str:
    """Give the name of the library's model, the default for a library without generations.

    Raises LibraryDamaged if no manifest says which it was.
    """
    if not writer.generation():
        return DEFAULT_MODEL
    name = writer.claimed_model(writer.generation())
    if name is None:
        raise LibraryDamaged(
            "the library's manifest is damaged, so its model is not known. Name it, and all is "
            "built again: fingerpost index --model NAME_OR_PATH"
        )
    return name


def _whole(writer: Writer, manifest: Manifest) -> bool:
    """Tell whether as many passages are there as the manifest counts."""
    return writer.count_passages() == manifest.passages


def _same_rules(manifest: Manifest, encoder: Encoder) -> bool:
    """Tell whether what is stored was made the way it would be made now."""
    return (manifest.model_sha256, manifest.passage_rule, manifest.lexical_rule) == (
        encoder.fingerprint,
        passages.RULE_VERSION,
        lexical.RULE_VERSION,
    )


def _forgotten(
    writer: Writer, files: Sequence[Path], paths: Sequence[Path], *, replace: bool
) -> list[str]:
    """List the sources whose earlier words no longer count: read again, gone, or all others."""
    named = [path.resolve() for path in paths]
    read = {str(path) for path in files}
    return [
        path
        for path in writer.source_paths()
        if replace or path in read or any(folder in Path(path).parents for folder in named)
    ]


def _find_changes(writer: Writer, entries: Sequence[Entry], forgotten: Sequence[str]) -> Changes:
    before = [key for path in forgotten for key in writer.keys_of(path)]
    keys = list(dict.fromkeys((*(entry.document.id for entry in entries), *before)))
    gone = set(forgotten)
    kept = [each for each in writer.entries(keys=keys) if each.path not in gone]
    return changes.find_changes(entries, kept, writer.by_key(keys), before)


def _embed(
    writer: Writer,
    encoder: Encoder,
    cut: Iterable[Sequence[tuple[Passage, bytes]]],
    progress: Progress,
) -> int:
    """Embed the passages that have no sound vectors yet and give their number."""
    wanted = {content: passage for each in cut for passage, content in each}
    there = writer.sound_vectors(list(wanted), encoder.fingerprint)
    missing = [(content, passage) for content, passage in wanted.items() if content not in there]
    with progress.step("Embedding", len(missing)) as advance:
        for at in range(0, len(missing), _EMBED_AT_ONCE):
            batch = missing[at : at + _EMBED_AT_ONCE]
            vectors = encoder.encode_passages([passage for _, passage in batch])
            writer.keep_vectors([content for content, _ in batch], encoder.fingerprint, vectors)
            advance(len(batch))
    return len(missing)


def _is_sound(site: _Site, generation: int) -> bool:
    """Tell whether a generation's files can be built upon."""
    manifest = _manifest(site.writer)
    if manifest is None or manifest.glossary_sha256 != site.glossary.sha256:
        return False
    return not generations.problems(site.folder, generation, manifest.files)


def _new_manifest(site: _Site, files: dict[str, str]) -> Manifest:
    encoder = site.encoder
    matrix = site.writer.passage_matrix(encoder.fingerprint, encoder.dim)
    return Manifest(
        model=encoder.name,
        model_sha256=encoder.fingerprint,
        dim=encoder.dim,
        passage_rule=passages.RULE_VERSION,
        lexical_rule=lexical.RULE_VERSION,
        glossary_sha256=site.glossary.sha256,
        version=version("fingerpost"),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        documents=site.writer.count(),
        passages=len(matrix.documents),
        files=files,
        calibration=_calibration(site, matrix),
    )


def _calibration(site: _Site, matrix: PassageMatrix) -> dict[str, float]:
    """Ask the library what it cannot know and what it says itself; see `calibrate`."""
    rows = dict(site.writer.rows()) if len(matrix.documents) else {}
    sentences = [
        (row, document.abstract[start:end])
        for row, document in rows.items()
        for start, end in passages.sentences(document.abstract)
    ]
    own = [sentences[at] for at in calibrate.choose(len(sentences))]
    everyday = calibrate.everyday_questions() if rows else []
    vectors = _embed_texts(site, "Asking", [*everyday, *(text for _, text in own)])
    cosines = cosine(vectors, matrix.vectors)
    asked, said = cosines[: len(everyday)], cosines[len(everyday) :].copy()
    said[np.asarray([row for row, _ in own])[:, None] == matrix.documents[None, :]] = -1.0
    foreign = said.max(axis=1, initial=-1.0)
    return calibrate.calibrate(asked.max(axis=1, initial=-1.0), foreign[foreign > -1.0])


def _rings(glossary: Glossary, document: Document) -> list[int]:
    """Give the numbers of the glossary's rings in a document, as often as they stand there."""
    text = words(f"{document.title}\n{document.abstract}")
    return [each.ring.number for each in glossary.find(text)]


def _embed_words(site: _Site, index: lexical.LexicalIndex) -> None:
    """Embed the library's words that have no vectors yet."""
    _embed_texts(site, "Words", kept_words(index.vocabulary()))


def _embed_texts(site: _Site, name: str, texts: Sequence[str]) -> Rows:
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
