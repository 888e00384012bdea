"""Build a library from sources, in ordered steps with one atomic switch at the end.

    read -> compare with the library -> embed new passages -> write everything, with the new
    generation, in one transaction

Vectors are stored as soon as they are computed, so an interrupted build continues where it
stopped. Everything else becomes visible when the transaction commits, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from embedder.build import diff, generation, sources
from embedder.build.context import BuildContext
from embedder.build.diff import Changes
from embedder.build.generation import RowChanges
from embedder.build.sources import ReadSources
from embedder.encoders.documents import split_for
from embedder.encoders.encoder import Encoder
from embedder.encoders.loading import DEFAULT_MODEL, LoadEncoder, load_encoder
from embedder.errors import LibraryDamaged, LibraryError
from embedder.formats import registry
from embedder.index import lexical
from embedder.progress import Progress
from embedder.records import Document, Manifest, Passage, Report
from embedder.store import generations
from embedder.store.database import Store
from embedder.store.writer import Writer
from embedder.text import passages
from embedder.text.glossary import DEFAULT_GLOSSARY, read_glossary

_PASSAGES_PER_BATCH = 256


def index(
    folder: Path,
    given: Sequence[Path | Document],
    progress: Progress,
    model: str | None = None,
    *,
    replace: bool = False,
    glossary: Path = DEFAULT_GLOSSARY,
    load: LoadEncoder = load_encoder,
) -> Report:
    """Read files, folders and documents into the library in `folder`, as a new generation.

    A file read before is replaced by its present content, as is a document given before; other
    documents stay. With `replace` the library becomes what is given now and nothing else.
    `model` is a name or path; without it the library's own model is used, or the default for a
    new library.

    Raises SourceError if a file cannot be read (the library stays as it was), RequestError for a
    document that cannot be added, LibraryBusy if another build runs, EncoderError if the model
    cannot be loaded.
    """
    paths = [source for source in given if isinstance(source, Path)]
    files = registry.find_files(paths)
    in_memory = sources.from_memory([each for each in given if isinstance(each, Document)])
    rings = read_glossary(glossary)
    store = Store(folder)
    read = sources.read_files(files, sources.known_hashes(store), progress).joined(in_memory)
    with store.writing() as writer:
        read = sources.catch_up(writer, files, read, progress)
        before = _usable_manifest(writer)
        encoder = _load(writer, before, model, load)
        read = read.superseding(sources.superseded(writer, read, files, paths, replace=replace))
        changes = _find_changes(writer, read)
        context = BuildContext(writer, folder, progress, encoder, glossary, rings)
        keys = [entry.document.id for entry in read.entries]
        kept = [key for path in sorted(read.unread) for key in writer.keys_of(path)]
        return _apply(context, before, changes, read, keys, kept)


def remove(
    folder: Path,
    ids: Iterable[str],
    progress: Progress,
    *,
    load: LoadEncoder = load_encoder,
) -> Report:
    """Remove documents from the library in `folder`, as a new generation.

    A removed document comes back when a file that holds it is read again after a change.

    Raises DocumentNotFound for an id that no document has (nothing is removed then),
    LibraryMissing if there is no library, LibraryBusy if another build runs.
    """
    store = Store(folder)
    with store.snapshot():  # there must be a library: writing would make one
        pass
    with store.writing() as writer:
        removed = tuple(dict.fromkeys(ids))
        for document_id in removed:
            writer.row_of(document_id)
        before = _usable_manifest(writer)
        encoder = _load(writer, before, None, load)
        glossary = _own_glossary(folder, writer)
        changes = Changes((), (), removed, writer.count() - len(removed))
        context = BuildContext(writer, folder, progress, encoder, glossary, read_glossary(glossary))
        return _apply(context, before, changes, ReadSources(), [], [])


@dataclass(frozen=True, slots=True)
class _PendingWork:
    """What there is to write: documents, passages with their content hashes by id, removals.

    With `full_rebuild` nothing of the generation before is used again; `replaces` says whether
    anything stored before is dropped.
    """

    touched: tuple[Document, ...]
    passages: dict[str, list[tuple[Passage, bytes]]]
    removed: tuple[str, ...]
    full_rebuild: bool
    replaces: bool


def _apply(
    context: BuildContext,
    before: Manifest | None,
    changes: Changes,
    read: ReadSources,
    keys: Sequence[str],
    kept: Sequence[str],
) -> Report:
    """Embed and write changes; `keys` and `kept` are the ids in sources read and not read."""
    writer = context.writer
    full_rebuild = (
        before is None
        or not _same_rules(before, context.encoder)
        or writer.count_passages() != before.passages
    )
    work = _split(context, changes, full_rebuild=full_rebuild)
    embedded = _embed(context, work.passages.values())
    number = _switch(context, work, read)
    touched = {document.id for document in work.touched}
    return Report(
        read=len(keys) + len(kept),
        merged=len(keys) + len(kept) - len({*keys, *kept}),
        new=len(changes.new),
        changed=len(changes.changed),
        unchanged=changes.unchanged + len({*kept} - {*keys} - touched),
        removed=len(changes.removed),
        embedded=embedded,
        without_text=sum(not found for found in work.passages.values()),
        documents=writer.count(),
        generation=number,
        model=context.encoder.name,
    )


def _split(context: BuildContext, changes: Changes, *, full_rebuild: bool) -> _PendingWork:
    """Split into passages what is new or changed, and what must be embedded again."""
    writer, encoder = context.writer, context.encoder
    touched = (*changes.new, *changes.changed)
    settled = {document.id for document in touched} | set(changes.removed)
    if full_rebuild:
        again = [document for _, document in writer.rows()]
    else:
        again = writer.without_sound_vectors(encoder.fingerprint)
    wanted = (*touched, *(document for document in again if document.id not in settled))
    found: dict[str, list[tuple[Passage, bytes]]] = {}
    with context.progress.step("Splitting", len(wanted)) as advance:
        for document in wanted:
            own = split_for(encoder, document)
            found[document.id] = [(passage, passages.content_hash(passage)) for passage in own]
            advance(1)
    replaces = full_rebuild or bool(changes.changed or changes.removed)
    return _PendingWork(touched, found, changes.removed, full_rebuild, replaces)


def _embed(context: BuildContext, passages_of: Iterable[Sequence[tuple[Passage, bytes]]]) -> int:
    """Embed the passages that have no undamaged vectors yet, and return their number."""
    writer, encoder = context.writer, context.encoder
    wanted = {content: passage for own in passages_of for passage, content in own}
    stored = writer.sound_vectors(list(wanted), encoder.fingerprint)
    missing = [(content, wanted[content]) for content in wanted if content not in stored]
    with context.progress.step("Embedding", len(missing)) as advance:
        for start in range(0, len(missing), _PASSAGES_PER_BATCH):
            batch = missing[start : start + _PASSAGES_PER_BATCH]
            vectors = encoder.encode_passages([passage for _, passage in batch])
            writer.keep_vectors([content for content, _ in batch], encoder.fingerprint, vectors)
            advance(len(batch))
    return len(missing)


def _switch(context: BuildContext, work: _PendingWork, read: ReadSources) -> int:
    """Write everything and the new generation in one transaction, and return its number."""
    writer = context.writer
    current = writer.generation()
    before = None if work.full_rebuild else _undamaged_manifest(context, current)
    with writer.transaction():
        writer.replace_entries(
            read.superseded, map(diff.to_stored_entry, read.entries), read.hashes
        )
        writer.forget_entries(work.removed)
        gone = [writer.remove_document(document_id) for document_id in work.removed]
        added = {writer.put_document(document): document for document in work.touched}
        for document_id, found in work.passages.items():
            writer.put_passages(writer.row_of(document_id), found)
        if before and not gone and not work.passages:
            return current
        base = before if writer.count() > generation.FULL_REBUILD_UP_TO else None
        changes = RowChanges(added, gone, work.replaces)
        manifest = generation.derive(context, current + 1, changes, base)
        writer.add_generation(current + 1, manifest)
        if work.replaces:
            writer.drop_unused_vectors(context.encoder.fingerprint)
    generations.drop_old(context.folder, current + 1)
    return current + 1


def _find_changes(writer: Writer, read: ReadSources) -> Changes:
    before = [key for path in read.superseded for key in writer.keys_of(path)]
    keys = list(dict.fromkeys((*(entry.document.id for entry in read.entries), *before)))
    superseded = set(read.superseded)
    kept = [entry for entry in writer.entries(keys=keys) if entry.path not in superseded]
    return diff.find_changes(read.entries, kept, writer.by_key(keys), before)


def _load(writer: Writer, before: Manifest | None, model: str | None, load: LoadEncoder) -> Encoder:
    """Load the model to build with: at the library's precision where it is the library's model."""
    name = model or _own_model(writer)
    if before is None:
        return load(name)
    encoder = load(name, precision=before.precision)
    # Another model is read at the precision that is chosen for it.
    return encoder if encoder.fingerprint == before.model_sha256 else load(name)


def _own_model(writer: Writer) -> str:
    """Return the name of the library's model, the default for a library without generations.

    Raises LibraryDamaged if no manifest says which it was.
    """
    if not writer.generation():
        return DEFAULT_MODEL
    name = writer.claimed_model(writer.generation())
    if name is None:
        raise LibraryDamaged(
            "the library's manifest is damaged, so its model is not known. Name it, and "
            "everything is rebuilt: fingerpost index --model NAME_OR_PATH"
        )
    return name


def _own_glossary(folder: Path, writer: Writer) -> Path:
    """Return the glossary that the library was built with, the default if it has none."""
    own = generations.folder(folder, writer.generation()) / generations.GLOSSARY
    return own if own.is_file() else DEFAULT_GLOSSARY


def _usable_manifest(writer: Writer) -> Manifest | None:
    """Return the manifest of the generation that is served, None where there is none to use."""
    try:
        return writer.manifest(writer.generation())
    except LibraryError:
        return None


def _undamaged_manifest(context: BuildContext, number: int) -> Manifest | None:
    """Return the manifest of a generation that can be a base: same glossary, no damaged file."""
    manifest = _usable_manifest(context.writer)
    if manifest is None or manifest.glossary_sha256 != context.glossary.sha256:
        return None
    problems = generations.problems(context.folder, number, manifest.files)
    return None if problems else manifest


def _same_rules(manifest: Manifest, encoder: Encoder) -> bool:
    """Return whether what is stored was made the way it would be made now."""
    return (manifest.model_sha256, manifest.passage_rule, manifest.lexical_rule) == (
        encoder.fingerprint,
        passages.RULE_VERSION,
        lexical.RULE_VERSION,
    )
