"""What the tests of the benchmarks share: a folder as `../shared` is, with little in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judged import JudgedSet, read_set
from benchmarks.kept_out import SPLIT
from tests.conftest import write_jsonl

ANIMALS = ("herons", "otters", "badgers", "salmon", "beetles", "lizards")


def an_entry(name: str, **more: Any) -> dict[str, Any]:
    """An invented library entry about `name`, as a line of the training files."""
    return {
        "title": f"Guide to {name}",
        "abstract": f"All about {name}. Where they live.",
        "practitioner": f"Which guide is about {name}?",
        "plain": f"where do {name} live",
        "situation": f"I saw {name} today. They were in the garden.",
        "keywords": f"{name} guide",
        "near": f"What do {name} cost?",
        "fr": f"Où vivent les {name} ?",
        "es": f"¿Dónde viven {name}?",
        "ar": f"أين تعيش {name}؟",
        **more,
    }


def write_entries(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write the training files with so many entries each; entry n of a file is about `file-n`."""
    for name, size in sizes.items():
        entries = [an_entry(f"{name}-{number}") for number in range(1, size + 1)]
        write_jsonl(folder / f"{name}.jsonl", *entries)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder with a library of its own, a collection, and four entries kept out of each file."""
    folder = tmp_path / "shared"
    library = folder / "training" / "libraries" / "rural-health"
    write_jsonl(
        library / "documents.jsonl",
        *({"id": name, "title": f"On {name}", "abstract": f"Of {name}."} for name in ANIMALS),
    )
    write_jsonl(
        library / "questions.jsonl",
        {"id": "q1", "kind": "question", "query": "What of herons?", "relevant": {"herons": 3}},
        {"id": "q2", "kind": "plain", "query": "any otters", "relevant": {"otters": 3}},
        {"id": "q3", "kind": "plain", "query": "of salmon", "relevant": {"salmon": 1}},
        {
            "id": "q4",
            "kind": "crosslingual",
            "query": "¿Qué se sabe de los escarabajos y de sus enfermedades en el campo?",
            "relevant": {"beetles": 3},
        },
        {"id": "q5", "kind": "near", "query": "the price of lizards", "relevant": {}},
        {"id": "q6", "kind": "off", "query": "income tax", "relevant": {}},
    )
    collection = folder / "data" / "cisi"
    write_jsonl(
        collection / "corpus.jsonl",
        *(
            {"_id": str(at), "title": name, "text": f"Of {name}."}
            for at, name in enumerate(ANIMALS)
        ),
    )
    write_jsonl(
        collection / "queries.jsonl",
        {"_id": "1", "text": "herons"},
        {"_id": "2", "text": "otters"},
        {"_id": "3", "text": "not judged"},
    )
    (collection / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\t0\t1\n2\t1\t1\n", encoding="utf-8"
    )
    write_entries(folder / "training", {name: size + 1 for name, size in SPLIT.items()})
    return folder


@pytest.fixture
def rural_health(shared: Path) -> JudgedSet:
    return read_set("rural-health", shared)


def json_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
