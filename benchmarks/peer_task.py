"""Gives every system of `peers.py` the same task, and prints what it took as one JSON line.

It runs in the environment of the system that is measured: the standard library alone.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

LIMIT = 10
# Asked before the clock runs, so that what is made with a first question is there.
_WARM_UP = (
    "which of these documents are about the weather?",
    "a second question, somewhat longer than the first, that nobody has judged",
    "ships",
)


class System(Protocol):
    """A system whose model is loaded."""

    def index(self, corpus: Path) -> None:
        """Read a BEIR corpus, embed it, and have all that is needed on disk."""
        ...

    def ask(self, question: str) -> list[str]:
        """Give the ids of the `LIMIT` best documents, best first."""
        ...


def documents(corpus: Path) -> list[dict[str, str]]:
    """Read the documents of a BEIR corpus."""
    lines = corpus.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip()]


def text_of(document: dict[str, str]) -> str:
    """Give the text that is embedded, the same for all systems that are given one text."""
    return f"{document['title']}. {document['text']}"


def main(load: Callable[[str, Path], System]) -> None:
    """Index, then ask question by question; `load` takes a model's path and a folder."""
    parser = argparse.ArgumentParser()
    for name in ("corpus", "queries", "model", "folder"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    system = load(str(given.model), given.folder)
    began = time.perf_counter()
    system.index(given.corpus)
    seconds = time.perf_counter() - began
    for question in _WARM_UP:
        system.ask(question)
    found, took = {}, []
    for each in documents(given.queries):
        began = time.perf_counter()
        found[each["_id"]] = system.ask(each["text"])
        took.append(1000 * (time.perf_counter() - began))
    print(json.dumps({"seconds": seconds, "milliseconds": took, "found": found}))
