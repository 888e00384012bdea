"""The material: invented library entries, which of them are trained on, and their translations.

An entry is a document (title and abstract) and what people might ask that it answers. The split is
fixed here and depends on nothing but the order of the files and the titles of entries:

- *training*: 814 entries, which all readers learn from;
- *development*: about a tenth of all, to choose settings by;
- *test*: about an eighth, measured at the end and never chosen by.

The first adapter was made from 814 of the first 902 entries, before the last lines of four files
were written. The same 814 are the training entries, so that all that is measured on the others is
measured on entries that no reader has seen. Neighbours in a file are siblings, alike but for one
thing, so they are kept on one side in groups of up to four.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from training.general import General, read_general

MATERIAL = Path(__file__).parent / "material"
LIBRARIES = Path(__file__).parent / "libraries"

# The questions of an entry, in English, each of which its document answers.
QUESTIONS = ("practitioner", "plain", "situation", "keywords")

# Files in their order, their lines, and how many of these were there when the split was made.
FILES = (
    ("labour", 130, 130),
    ("children-and-violence", 130, 130),
    ("migration-and-policy", 130, 130),
    ("health-and-advice", 130, 130),
    ("other-fields", 130, 116),
    ("siblings", 132, 112),
    ("situations", 130, 64),
    ("overviews", 130, 90),
)
_FIRST = 902
_DEVELOPMENT_SHARE = 104 / 228  # a tenth of all 1,042 entries, of the 228 not trained on

_FIELDS = ("title", "abstract", *QUESTIONS, "near", "fr", "es", "ar")


class Part(StrEnum):
    """What an entry is used for."""

    TRAINING = "training"
    DEVELOPMENT = "development"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document and its questions; `line` is its line in `file`, from 0.

    `questions` are in English, by kind. `near` is a question that the document does not answer,
    though it is on the same subject. `others` has the plain question in other languages, by ISO
    639 code.
    """

    file: str
    line: int
    title: str
    abstract: str
    questions: Mapping[str, str]
    near: str
    others: Mapping[str, str]

    @property
    def document(self) -> str:
        """The text of the document as a reader reads it."""
        return f"{self.title}. {self.abstract}"


@dataclass(frozen=True, slots=True)
class Translation:
    """A text of an entry in another language; `entry` is the entry's index in the material.

    `kind` is a kind of question or `document`.
    """

    entry: int
    kind: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """All entries, the part of each, their translations, and texts of other fields."""

    entries: Sequence[Entry]
    parts: Sequence[Part]
    translations: Sequence[Translation]
    general: General = field(default_factory=General)

    def of(self, part: Part) -> list[int]:
        """Return the indexes of the entries of a part, ascending."""
        return [index for index, each in enumerate(self.parts) if each is part]

    @property
    def training(self) -> list[int]:
        """The indexes of the entries that are trained on, ascending."""
        return self.of(Part.TRAINING)


def read_material(folder: Path = MATERIAL) -> Material:
    """Read all of it; raises ValueError as the functions below do."""
    entries = read_entries(folder)
    parts = split(entries)
    translations = read_translations(entries, parts, folder)
    return Material(entries, parts, translations, read_general(folder))


def read_entries(folder: Path = MATERIAL) -> list[Entry]:
    """Read all entries in the order that the split depends on.

    Raises ValueError for a file with another number of lines, and for an entry without a field.
    """
    entries: list[Entry] = []
    for name, lines, _ in FILES:
        path = folder / f"{name}.jsonl"
        rows = path.read_text(encoding="utf-8").splitlines()
        if len(rows) != lines:
            raise ValueError(
                f"{path} has {len(rows)} lines, expected {lines}: the split of the material "
                "depends on it. Put new entries into a file of their own."
            )
        entries += [_entry(path, line, json.loads(row)) for line, row in enumerate(rows)]
    return entries


def _entry(path: Path, line: int, row: Mapping[str, Any]) -> Entry:
    missing = [field for field in _FIELDS if not row.get(field)]
    if missing:
        raise ValueError(f"{path}:{line + 1}: the entry has no {missing[0]}")
    return Entry(
        file=path.stem,
        line=line,
        title=str(row["title"]),
        abstract=str(row["abstract"]),
        questions={kind: str(row[kind]) for kind in QUESTIONS},
        near=str(row["near"]),
        others={
            **{language: str(row[language]) for language in ("fr", "es", "ar")},
            **{str(language): str(text) for language, text in row.get("more", {}).items()},
        },
    )


def split(entries: Sequence[Entry]) -> list[Part]:
    """Return the part of each entry of `read_entries`, in order."""
    first = {name: count for name, _, count in FILES}
    place = 0  # among the first 902
    unseen: list[int] = []
    for index, entry in enumerate(entries):
        if entry.line >= first[entry.file]:
            unseen.append(index)
            continue
        if (place // 4) % 10 == 7:
            unseen.append(index)
        place += 1
    if place != _FIRST:
        raise ValueError(f"{place} of the first entries are there, expected {_FIRST}")
    development = set(_development(entries, unseen))
    parts = [Part.TRAINING] * len(entries)
    for index in unseen:
        parts[index] = Part.DEVELOPMENT if index in development else Part.TEST
    return parts


def _development(entries: Sequence[Entry], unseen: Sequence[int]) -> list[int]:
    """Choose, in each file, its share of groups of siblings, by the hashes of their titles."""
    chosen: list[int] = []
    seen = 0
    for _, of_file in groupby(unseen, key=lambda index: entries[index].file):
        groups = _siblings(list(of_file))
        seen += sum(map(len, groups))
        groups.sort(key=lambda group: sha256(entries[group[0]].title.encode()).hexdigest())
        for group in groups:
            if len(chosen) + len(group) / 2 <= seen * _DEVELOPMENT_SHARE:
                chosen += group
    return chosen


def _siblings(indexes: Sequence[int]) -> list[list[int]]:
    """Cut runs of neighbours into groups of up to four, from the first of each run."""
    groups: list[list[int]] = []
    for index in indexes:
        if groups and groups[-1][-1] == index - 1 and len(groups[-1]) < 4:
            groups[-1].append(index)
        else:
            groups.append([index])
    return groups


def read_translations(
    entries: Sequence[Entry], parts: Sequence[Part], folder: Path = MATERIAL
) -> list[Translation]:
    """Read what training entries have in other languages: their own and `translations/*.jsonl`.

    Each line of such a file is {"file", "line", "kind", "language", "text"}, where `line` counts
    from 0 and `kind` is `situation`, `practitioner`, `plain` or `document`. Raises ValueError for
    a line that has another form or is of an entry that is not trained on.
    """
    found = [
        Translation(index, "plain", language, text)
        for index, part in enumerate(parts)
        if part is Part.TRAINING
        for language, text in entries[index].others.items()
    ]
    places = {(entry.file, entry.line): index for index, entry in enumerate(entries)}
    for path in sorted((folder / "translations").glob("*.jsonl")):
        for number, row in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                found.append(_translation(json.loads(row), places, parts))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error}") from error
    # The same text twice would count twice.
    return list(dict.fromkeys(found))


def _translation(
    row: Mapping[str, str], places: Mapping[tuple[str, int], int], parts: Sequence[Part]
) -> Translation:
    entry = places[row["file"], int(row["line"])]
    if parts[entry] is not Part.TRAINING:
        raise ValueError(f"line {row['line']} of {row['file']} is not trained on")
    if row["kind"] not in {"situation", "practitioner", "plain", "document"}:
        raise ValueError(f"the kind {row['kind']!r} is not known")
    if row["language"] == "en" or not row["text"].strip():
        raise ValueError("expected a text in another language than English")
    return Translation(entry, row["kind"], row["language"], row["text"])
