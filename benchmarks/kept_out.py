"""The invented library entries that the encoder did not see, and the questions to them.

`../shared/training/*.jsonl` holds entries of invented libraries, one a line: `title`, `abstract`,
and questions that the entry answers: `practitioner`, `plain` (people's own words), `situation`
and `keywords`, the plain one in French, Spanish and Arabic (`fr`, `es`, `ar`), and of every third
entry in two more languages (`more`). Which of them the encoder did not see is in
`../shared/encoder/README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedder.errors import SourceError
from embedder.files import read_text

# The files in the order in which their entries were numbered, and how many entries of each, from
# its beginning, the encoder was made from; the others came later.
SPLIT = {
    "labour": 130,
    "children-and-violence": 130,
    "migration-and-policy": 130,
    "health-and-advice": 130,
    "other-fields": 116,
    "siblings": 112,
    "situations": 64,
    "overviews": 90,
}
KINDS = ("practitioner", "plain", "situation", "keywords")
LANGUAGES = ("fr", "es", "ar")


@dataclass(frozen=True, slots=True)
class KeptOutEntry:
    """An entry that the encoder did not see.

    `id` is the name of its file and its line, from 1. `questions` are in English, by kind;
    `in_other_languages` has the plain one by language (ISO 639).
    """

    id: str
    title: str
    abstract: str
    questions: Mapping[str, str]
    in_other_languages: Mapping[str, str]


def is_kept_out(number: int) -> bool:
    """Return whether an entry was kept out: four neighbours, siblings, of every forty.

    `number` is its place, from 0, among those that the encoder was made from.
    """
    return (number // 4) % 10 == 7


def kept_out_entries(folder: Path) -> list[KeptOutEntry]:
    """Read the entries that the encoder did not see, in the order of the files.

    Raises SourceError, with file and line, for a file that is not there or not of this form.
    """
    return list(_kept_out(folder))


def _kept_out(folder: Path) -> Iterator[KeptOutEntry]:
    before = 0  # how many entries the files before this one have in the split
    for name, in_split in SPLIT.items():
        path = folder / f"{name}.jsonl"
        for index, line in enumerate(read_text(path).split("\n")):
            if line.strip() and (index >= in_split or is_kept_out(before + index)):
                yield _read_entry(path, index + 1, line)
        before += in_split


def _read_entry(path: Path, number: int, line: str) -> KeptOutEntry:
    try:
        entry: dict[str, Any] = json.loads(line)
        return KeptOutEntry(
            id=f"{path.stem}-{number}",
            title=entry["title"],
            abstract=entry["abstract"],
            questions={kind: entry[kind] for kind in KINDS},
            in_other_languages={
                **{language: entry[language] for language in LANGUAGES},
                **(entry.get("more") or {}),
            },
        )
    except (ValueError, TypeError, KeyError) as error:
        raise SourceError(
            path, number, "expected a JSON object with title, abstract and questions"
        ) from error
