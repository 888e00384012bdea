"""The task of every system: index, answer, and print the times and answers as one JSON line.

This runs in the environment of the system that is measured: only the standard library is there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LIMIT = 10
# Asked before the clock runs, so that what a system sets up at its first question is ready.
_WARM_UP = (
    "which of these documents are about the weather?",
    "a second question, somewhat longer than the first, that nobody has judged",
    "ships",
)


class System(Protocol):
    """A system whose model is loaded."""

    def index(self, corpus: Path) -> None:
        """Read a BEIR corpus, embed it, and write all that is needed to disk."""
        ...

    def ask(self, question: str) -> list[str]:
        """Return the ids of the `LIMIT` best documents, best first."""
        ...


def documents(corpus: Path) -> list[dict[str, str]]:
    """Read the documents of a BEIR corpus."""
    lines = corpus.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def text_of(document: dict[str, str]) -> str:
    """Return the text that is embedded by every system that takes one text for a document."""
    return f"{document['title']}. {document['text']}"


def main(load: Callable[[str, Path], System]) -> None:
    """Index, then ask question by question; `load` takes a model's path and a folder."""
    parser = argparse.ArgumentParser()
    for name in ("corpus", "queries", "model", "folder"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    system = load(str(arguments.model), arguments.folder)
    began = time.perf_counter()
    system.index(arguments.corpus)
    seconds = time.perf_counter() - began
    for question in _WARM_UP:
        system.ask(question)
    found, milliseconds = {}, []
    for each in documents(arguments.queries):
        began = time.perf_counter()
        found[each["_id"]] = system.ask(each["text"])
        milliseconds.append(1000 * (time.perf_counter() - began))
    print(json.dumps({"seconds": seconds, "milliseconds": milliseconds, "found": found}))
