"""What the tests of the benchmarks share: a small library and a small collection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import judged
from benchmarks.judged import JudgedSet, read_set
from tests.conftest import write_jsonl

ANIMALS = ("herons", "otters", "badgers", "salmon", "beetles", "lizards")


@pytest.fixture
def rural_health(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JudgedSet:
    """The set of this name, made small."""
    library = tmp_path / "judged-libraries" / "rural-health"
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
    monkeypatch.setattr(judged, "LIBRARIES", library.parent)
    return read_set("rural-health")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with the collection `cisi`, made small."""
    folder = tmp_path / "data"
    collection = folder / "cisi"
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
    return folder


def json_of(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
