"""Texts of all fields: they teach the small readers what lies outside the entries' own field.

They are trained on as a whole: only the full reader, which has not seen them, is measured on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The questions of a document of another field, which it answers.
QUESTIONS = ("question", "plain", "keywords")
# Questions near to its subject that it does not answer.
NEAR_MISSES = ("near", "near_plain")
_FIELDS = ("title", "abstract", *QUESTIONS, *NEAR_MISSES)


@dataclass(frozen=True, slots=True)
class General:
    """Documents of other fields with their questions, and definitions of words.

    Each of `entries` has `field`, the name of its file, `title`, `abstract` and the kinds of
    QUESTIONS and of NEAR_MISSES.
    """

    entries: Sequence[Mapping[str, str]] = ()
    glosses: Sequence[str] = ()

    @property
    def texts(self) -> dict[str, list[str]]:
        """The texts by kind: those of QUESTIONS and `document`, in one order, and `gloss`."""
        texts = {kind: [entry[kind] for entry in self.entries] for kind in QUESTIONS}
        texts["document"] = [f"{entry['title']}. {entry['abstract']}" for entry in self.entries]
        texts["gloss"] = list(self.glosses)
        return texts


def read_general(folder: Path) -> General:
    """Read `general/*.jsonl` in a folder of material, in the order of names and lines.

    A line is {"title", "abstract", "question", "plain", "keywords", "near", "near_plain"} or
    {"gloss"}. Raises ValueError for a line that is neither.
    """
    entries, glosses = [], []
    for path in sorted((folder / "general").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                if "gloss" in row:
                    glosses.append(str(row["gloss"]))
                else:
                    entries.append(
                        {"field": path.stem, **{name: str(row[name]) for name in _FIELDS}}
                    )
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error!r}") from error
    return General(entries, glosses)
