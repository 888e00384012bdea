"""Texts of all fields: they teach the small readers what lies outside the entries' own field.

Nothing is measured on them, so all of them are trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# The questions of a document of another field, which it answers.
QUESTIONS = ("question", "plain", "keywords")


@dataclass(frozen=True, slots=True)
class General:
    """Documents of other fields with their questions, and definitions of words.

    `texts` has, for `document` and each kind of question, one text for each document, in one
    order; and `gloss`, any number.
    """

    texts: Mapping[str, list[str]] = field(
        default_factory=lambda: {kind: [] for kind in (*QUESTIONS, "document", "gloss")}
    )


def read_general(folder: Path) -> General:
    """Read `general/*.jsonl` in a folder of material, in the order of names and lines.

    A line is {"title", "abstract", "question", "plain", "keywords"} or {"gloss"}. Raises
    ValueError for a line that is neither.
    """
    general = General()
    for path in sorted((folder / "general").glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                for kind, text in _texts(json.loads(line)).items():
                    general.texts[kind].append(text)
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number}: {error!r}") from error
    return general


def _texts(row: Mapping[str, Any]) -> dict[str, str]:
    if "gloss" in row:
        return {"gloss": str(row["gloss"])}
    questions = {kind: str(row[kind]) for kind in QUESTIONS}
    return {"document": f"{row['title']}. {row['abstract']}", **questions}
