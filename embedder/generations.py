"""Where the index files of each generation lie, and how they are made safe and checked.

    vectors/generations/7/lexical/…

A generation's files are written once, before the store names the generation as the one that
is served, and never again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_LOCK = ".lock"


def lexical_folder(vectors: Path, generation: int) -> Path:
    """Give the folder of a generation's keyword index."""
    return vectors / "generations" / str(generation) / "lexical"


def begin(vectors: Path, generation: int, *, upon: int | None) -> Path:
    """Give an empty folder for a new generation's keyword index.

    With `upon`, the files of that generation are in it: linked, not copied, for neither
    generation writes to them again.
    """
    folder = lexical_folder(vectors, generation)
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    if upon is not None:
        for file in lexical_folder(vectors, upon).iterdir():
            if file.suffix != _LOCK:
                _link(file, folder / file.name)
    return folder


def finish(folder: Path) -> dict[str, str]:
    """Make a folder's files safe against a loss of power, and give their hashes."""
    for file in folder.iterdir():
        _sync(file)
    for directory in (folder, folder.parent, folder.parent.parent):
        _sync(directory)
    return hashes(folder)


def hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 (hex) of each file in a folder that is no lock, by name."""
    found = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and path.suffix != _LOCK:
            with path.open("rb") as file:
                found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def problems(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Compare a folder's files with their hashes; give a sentence for each that differs."""
    found = hashes(folder)
    return [
        f"the keyword index's file {name!r} has SHA-256 {found.get(name)}, not {wanted.get(name)}"
        for name in sorted(found.keys() | wanted.keys())
        if found.get(name) != wanted.get(name)
    ]


def drop_old(vectors: Path, current: int) -> None:
    """Remove unfinished generations, and those that no running server can still be reading."""
    place = vectors / "generations"
    for each in place.iterdir() if place.is_dir() else ():
        if each.name not in (str(current), str(current - 1)):
            shutil.rmtree(each, ignore_errors=True)


def _link(file: Path, target: Path) -> None:
    # tantivy replaces its own two lists; they are small, so they are copied.
    if file.suffix == ".json":
        shutil.copy2(file, target)
        return
    try:
        os.link(file, target)
    except OSError:  # a file system without links
        shutil.copy2(file, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
