"""The files of each generation: where they are, how they are made durable, and checked.

    vectors/generations/7/lexical/…      the keyword index
    vectors/generations/7/facets/…       the metadata of all documents
    vectors/generations/7/dense/…        the passages' vectors and their index, of very many
    vectors/generations/7/sentences/…    the vectors of all sentences
    vectors/generations/7/glossary.csv   the glossary that it was built with
    vectors/generations/7/map.npz        the map of the documents

A generation's files are written once, before the database names the generation as the one that
is served, and never again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from embedder.files import file_sha256

LEXICAL, FACETS, DENSE, SENTENCES = "lexical", "facets", "dense", "sentences"
GLOSSARY, MAP = "glossary.csv", "map.npz"
# In DENSE: the index, and the ids of the passages in it, in the order of adding. The files of
# their vectors are beside them.
INDEX, SLOTS = "index.faiss", "passages.npy"
_LOCK = ".lock"


def folder(vectors: Path, generation: int) -> Path:
    """Return the folder of a generation."""
    return vectors / "generations" / str(generation)


def begin(vectors: Path, generation: int, *, base: int | None) -> None:
    """Make the folder of a new generation.

    With `base`, it contains the keyword index and the sentence vectors of that generation, as
    hard links: neither generation writes to these files again.
    """
    shutil.rmtree(folder(vectors, generation), ignore_errors=True)
    for name in (LEXICAL, SENTENCES):
        place = folder(vectors, generation) / name
        place.mkdir(parents=True)
        if base is not None:
            for file in (folder(vectors, base) / name).iterdir():
                if file.suffix != _LOCK:
                    link(file, place / file.name)


def link(file: Path, target: Path) -> None:
    """Link a file of one generation into another, or copy it where that is needed."""
    # tantivy replaces its two lists of segments, and some arrays are rewritten; all are small.
    if file.suffix in (".json", ".npy"):
        shutil.copy2(file, target)
        return
    try:
        os.link(file, target)
    except OSError:  # a file system without hard links
        shutil.copy2(file, target)


def finish(
    vectors: Path, generation: int, *, base: int | None, known: Mapping[str, str]
) -> dict[str, str]:
    """Make a generation's files durable against a loss of power, and return their hashes.

    Files that were linked from the `base` generation are not read again: `known` are the hashes of
    that generation's files, which must have been checked. Returns SHA-256 (hex) by relative path.
    """
    place = folder(vectors, generation)
    earlier = None if base is None else folder(vectors, base)
    for file in place.rglob("*"):
        _sync(file)
    for directory in (place, place.parent):
        _sync(directory)
    linked = {
        name: sha256
        for name, sha256 in known.items()
        if earlier and (place / name).is_file() and (place / name).samefile(earlier / name)
    }
    return hashes(place, known=linked)


def hashes(place: Path, but: str = "", known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the SHA-256 (hex) of each file under a folder, by relative path, without lock files.

    Files whose relative path matches the pattern `but` are left out; those whose hash is known
    are not read.
    """
    known = known or {}
    files = {path.relative_to(place).as_posix(): path for path in _files(place)}
    return {
        name: known.get(name) or file_sha256(path).hex()
        for name, path in files.items()
        if not fnmatch(name, but)
    }


def problems(vectors: Path, generation: int, wanted: Mapping[str, str], but: str = "") -> list[str]:
    """Compare a generation's files with their hashes; return a sentence for each that differs.

    Files whose relative path matches the pattern `but` are not compared.
    """
    found = hashes(folder(vectors, generation), but)
    wanted = {name: sha256 for name, sha256 in wanted.items() if not fnmatch(name, but)}
    return [
        f"the file {name!r} of generation {generation} has SHA-256 {found.get(name)}, "
        f"not {wanted.get(name)}"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    ]


def drop_old(vectors: Path, current: int) -> None:
    """Remove unfinished generations, and those older than the one before the current."""
    place = vectors / "generations"
    for each in place.iterdir() if place.is_dir() else ():
        if each.name not in (str(current), str(current - 1)):
            shutil.rmtree(each, ignore_errors=True)


def _files(place: Path) -> Iterator[Path]:
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.suffix != _LOCK:
            yield path


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
