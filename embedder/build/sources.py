"""Read the sources of a build: files that changed since the last one, and documents in memory."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from embedder.build import diff
from embedder.errors import LibraryError, RequestError, SourceError
from embedder.formats import fields, registry
from embedder.progress import Progress
from embedder.records import Document, Entry
from embedder.store.database import Store
from embedder.store.snapshot import Snapshot

# A document that a program gives is a source of its own, under a path that no file has.
_MEMORY = "memory:"


@dataclass(frozen=True, slots=True)
class ReadSources:
    """What was read: entries with their ids, and the SHA-256 of each file by path.

    `unread` are the paths of files that the library holds as they are, `superseded` those of
    sources whose earlier entries no longer count.
    """

    entries: Sequence[Entry] = ()
    hashes: Mapping[str, bytes] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    superseded: Sequence[str] = ()

    def joined(self, other: ReadSources) -> ReadSources:
        """Return both together; a file that `other` read is no longer unread."""
        return ReadSources(
            (*self.entries, *other.entries),
            {**self.hashes, **other.hashes},
            (self.unread - other.hashes.keys()) | other.unread,
        )

    def superseding(self, paths: Iterable[str]) -> ReadSources:
        """Return the same, with the earlier entries of some sources superseded."""
        read = [path for path in paths if path not in self.unread]
        return dataclasses.replace(self, superseded=read)


def read_files(
    files: Sequence[Path], known: Mapping[str, bytes], progress: Progress
) -> ReadSources:
    """Read files, except those whose SHA-256 is the `known` one of their path.

    Raises SourceError, with file and line, for a file that cannot be read.
    """
    entries: list[Entry] = []
    hashes: dict[str, bytes] = {}
    unread: set[str] = set()
    with progress.step("Reading", len(files)) as advance:
        for path in files:
            # Hashed before it is read: a file that changes meanwhile is read again next time.
            sha256 = hashes[str(path)] = registry.content_hash(path)
            if sha256 == known.get(str(path)):
                unread.add(str(path))
            else:
                entries += registry.read(path)
            advance(1)
    return ReadSources(diff.identify(entries), hashes, frozenset(unread))


def from_memory(documents: Sequence[Document]) -> ReadSources:
    """Check documents that a program gives, by the rules for files, and return them as entries.

    Raises RequestError for a value that cannot be right, and for two documents of one id.
    """
    entries: list[Entry] = []
    for number, document in enumerate(documents, start=1):
        place = f"document {number}" if not document.id else f"the document {document.id!r}"
        try:
            values = {name: getattr(document, name) for name in document.as_dict()}
            checked = fields.check(place, None, {**values, "id": document.id or None})
        except SourceError as error:
            raise RequestError("document", error.message) from error
        (entry,) = diff.identify(
            [Entry(dataclasses.replace(checked, sources=document.sources), Path(), 1)]
        )
        path = Path(_MEMORY + quote(entry.document.id, safe=""))
        entries.append(dataclasses.replace(entry, path=path))
    for document_id, count in Counter(entry.document.id for entry in entries).items():
        if count > 1:
            raise RequestError("document", f"{count} of the documents have the id {document_id!r}.")
    return ReadSources(entries)


def known_hashes(store: Store) -> Mapping[str, bytes]:
    """Return the SHA-256 of each file that need not be read, as the library is now, by path."""
    try:
        with store.snapshot() as snapshot:
            return _known(snapshot)
    except LibraryError:
        # There is no library yet, or the writer will say what is wrong with it.
        return {}


def catch_up(
    writer: Snapshot, files: Sequence[Path], read: ReadSources, progress: Progress
) -> ReadSources:
    """Read those unread files whose entries another build has changed meanwhile.

    A file that itself changed meanwhile need not be looked at: the library keeps the entries it
    had when this build looked, under the hash of that, so the next build reads the file.
    """
    known = _known(writer)
    late = [
        path
        for path in files
        if str(path) in read.unread and read.hashes[str(path)] != known.get(str(path))
    ]
    return read.joined(read_files(late, known, progress)) if late else read


def superseded(
    writer: Snapshot,
    read: ReadSources,
    files: Sequence[Path],
    paths: Sequence[Path],
    *,
    replace: bool,
) -> list[str]:
    """List the sources whose earlier entries no longer count.

    They are those given again, those that are gone from a folder among `paths`, and with
    `replace` all others.
    """
    folders = [path.resolve() for path in paths]
    given = {str(path) for path in files} | {str(entry.path) for entry in read.entries}
    return [
        path
        for path in writer.source_paths()
        if replace or path in given or any(folder in Path(path).parents for folder in folders)
    ]


def _known(snapshot: Snapshot) -> Mapping[str, bytes]:
    damaged = snapshot.sources_of_damaged()
    hashes = snapshot.source_hashes()
    return {path: sha256 for path, sha256 in hashes.items() if path not in damaged}
