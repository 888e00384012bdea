"""Sources to a served library: ordered calls, progress, and one atomic switch.

    read → compare with what is there → embed what is new → write it all and the new
    generation in one transaction

Vectors are kept as they are made, so a build that is cut off goes on where it stopped.
Everything else becomes visible at the commit that ends the build, or not at all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.build import diff
from embedder.build import generation as derive
from embedder.build.diff import Changes
from embedder.build.generation import BuildContext, RowChanges
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL, load_encoder
from embedder.errors import LibraryDamaged, LibraryError, LibraryMissing
from embedder.formats import registry
from embedder.index import lexical
from embedder.progress import Progress
from embedder.records import Document, Entry, Manifest, Passage
from embedder.store import generations
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot
from embedder.store.writer import Writer
from embedder.text import passages
from embedder.text.glossary import DEFAULT_GLOSSARY, read_glossary

_EMBED_AT_ONCE = 256


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
    files = registry.find_files(paths)
    field = read_glossary(glossary)
    store = Store(folder)
    told = _read(files, _known_to(store), progress)
    with store.writing() as writer:
        told = _catch_up(writer, files, told, progress)
        before = _manifest(writer)
        encoder = load(model or _own_model(writer))
        forgotten = _forgotten(writer, files, paths, replace=replace)
        told = dataclasses.replace(
            told, forgotten=[each for each in forgotten if each not in told.unread]
        )
        found = _find_changes(writer, told)
        full_rebuild = (
            before is None or not _same_rules(before, encoder) or not _whole(writer, before)
        )
        work = _work(writer, encoder, found, progress, full_rebuild=full_rebuild)
        embedded = _embed(writer, encoder, work.cut.values(), progress)
        context = BuildContext(writer, folder, progress, encoder, glossary, field)
        generation = _switch(context, work, told)
        keys = [entry.document.id for entry in told.entries]
        kept = [key for path in sorted(told.unread) for key in writer.keys_of(path)]
        touched = {document.id for document in work.touched}
        return Report(
            read=len(keys) + len(kept),
            merged=len(keys) + len(kept) - len({*keys, *kept}),
            new=len(found.new),
            changed=len(found.changed),
            unchanged=found.unchanged + len({*kept} - {*keys} - touched),
            removed=len(found.removed),
            embedded=embedded,
            without_text=sum(not cut for cut in work.cut.values()),
            documents=writer.count(),
            generation=generation,
            model=encoder.name,
        )


@dataclass(frozen=True, slots=True)
class _ReadSources:
    """What was read: entries, identified, and the SHA-256 of all files, by path.

    `unread` are the paths of files that the library holds as they are, `forgotten` those of
    sources whose earlier words no longer count.
    """

    entries: Sequence[Entry]
    hashes: Mapping[str, bytes]
    unread: frozenset[str]
    forgotten: Sequence[str] = ()

    def with_later(self, other: _ReadSources) -> _ReadSources:
        return _ReadSources(
            (*self.entries, *other.entries),
            {**self.hashes, **other.hashes},
            (self.unread - other.hashes.keys()) | other.unread,
        )


@dataclass(frozen=True, slots=True)
class _PendingWork:
    """What there is to write: documents, passages with their content hashes, by id, removals.

    With `full_rebuild`, nothing that was built before is used again; `replaces` tells whether
    anything stored is dropped.
    """

    touched: tuple[Document, ...]
    cut: dict[str, list[tuple[Passage, bytes]]]
    removed: tuple[str, ...]
    full_rebuild: bool
    replaces: bool


def _work(
    writer: Writer, encoder: Encoder, found: Changes, progress: Progress, *, full_rebuild: bool
) -> _PendingWork:
    """Cut what is new or changed into passages, and what is to be embedded again."""
    touched = (*found.new, *found.changed)
    settled = {document.id for document in touched} | set(found.removed)
    if full_rebuild:
        again = [document for _, document in writer.rows()]
    else:
        again = writer.without_sound_vectors(encoder.fingerprint)
    wanted = (*touched, *(document for document in again if document.id not in settled))
    cut: dict[str, list[tuple[Passage, bytes]]] = {}
    with progress.step("Cutting", len(wanted)) as advance:
        for document in wanted:
            found_in = passages.passages(document, encoder.count_tokens, encoder.max_tokens)
            cut[document.id] = [(each, passages.content_hash(each)) for each in found_in]
            advance(1)
    replaces = full_rebuild or bool(found.changed or found.removed)
    return _PendingWork(touched, cut, found.removed, full_rebuild, replaces)


def _switch(context: BuildContext, work: _PendingWork, told: _ReadSources) -> int:
    """Write everything and the generation it makes in one transaction, and give its number."""
    writer = context.writer
    current = writer.generation()
    before = None if work.full_rebuild else _sound_manifest(context, current)
    with writer.transaction():
        writer.replace_entries(told.forgotten, map(diff.to_store, told.entries), told.hashes)
        gone = [writer.remove_document(key) for key in work.removed]
        added = {writer.put_document(document): document for document in work.touched}
        for key, cut in work.cut.items():
            writer.put_passages(writer.row_of(key), cut)
        if before and not gone and not work.cut:
            return current
        # Documents taken out of an index still count in its BM25 weights until it is merged. A
        # small library is indexed anew, so that the same documents give the same answers.
        base = before if writer.count() > derive.FULL_REBUILD_UP_TO else None
        manifest = derive.derive(context, current + 1, RowChanges(added, gone), base)
        writer.add_generation(current + 1, manifest)
        if work.replaces:
            writer.drop_unused_vectors(context.encoder.fingerprint)
    generations.drop_old(context.folder, current + 1)
    return current + 1


def _read(files: Sequence[Path], known: Mapping[str, bytes], progress: Progress) -> _ReadSources:
    """Read files but for those whose SHA-256 is the `known` one, by path."""
    entries: list[Entry] = []
    hashes: dict[str, bytes] = {}
    unread: set[str] = set()
    with progress.step("Reading", len(files)) as advance:
        for path in files:
            # Before the file is read: one that changes meanwhile is read again the next time.
            found = hashes[str(path)] = registry.content_hash(path)
            if found == known.get(str(path)):
                unread.add(str(path))
            else:
                entries += registry.read(path)
            advance(1)
    return _ReadSources(diff.identify(entries), hashes, frozenset(unread))


def _catch_up(
    writer: Writer, files: Sequence[Path], told: _ReadSources, progress: Progress
) -> _ReadSources:
    """Read the unread files of which another build has changed meanwhile what the library holds.

    A file that itself changed meanwhile need not be looked at: the library goes on with what it
    held when this build came by, under the hash of that, so the next build reads it.
    """
    known = _known(writer)
    late = [
        each
        for each in files
        if str(each) in told.unread and told.hashes[str(each)] != known.get(str(each))
    ]
    return told.with_later(_read(late, known, progress)) if late else told


def _known_to(store: Store) -> Mapping[str, bytes]:
    """Give the SHA-256 of each file that need not be read, as the library stands now, by path."""
    try:
        with store.snapshot() as snapshot:
            return _known(snapshot)
    except LibraryError:
        # There is none yet, or what is wrong with it is said when it is written to.
        return {}


def _known(snapshot: Snapshot) -> Mapping[str, bytes]:
    damaged = snapshot.sources_of_damaged()
    hashes = snapshot.source_hashes()
    return {path: sha256 for path, sha256 in hashes.items() if path not in damaged}


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


def _find_changes(writer: Writer, told: _ReadSources) -> Changes:
    before = [key for path in told.forgotten for key in writer.keys_of(path)]
    keys = list(dict.fromkeys((*(entry.document.id for entry in told.entries), *before)))
    gone = set(told.forgotten)
    kept = [each for each in writer.entries(keys=keys) if each.path not in gone]
    return diff.find_changes(told.entries, kept, writer.by_key(keys), before)


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


def _sound_manifest(context: BuildContext, generation: int) -> Manifest | None:
    """Give the manifest of a generation whose files can be built upon, else None."""
    manifest = _manifest(context.writer)
    if manifest is None or manifest.glossary_sha256 != context.glossary.sha256:
        return None
    broken = generations.problems(context.folder, generation, manifest.files)
    return None if broken else manifest
