"""Libraries of judged sets are built once; their questions become runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.asking import Libraries, answerable, by_language, qrels_by_id, run_of
from benchmarks.judged import JudgedQuestion, JudgedSet, read_set
from embedder.evaluation import SearchSettings
from embedder.records import Document
from tests.support.words import WordEncoder
from tests.unit.benchmarks.conftest import ANIMALS

KEYWORDS = SearchSettings().changed(["mode=keyword", "ring_weight=0"])
READERS = JudgedSet(
    "readers",
    "readers",
    (
        Document(id="one", title="A child", abstract="One child reads."),
        Document(id="many", title="The pupils", abstract="All pupils read."),
        Document(id="none", title="Otters", abstract="Otters swim."),
    ),
    (JudgedQuestion("q1", "child", "keyword"), JudgedQuestion("q2", "swim", "keyword")),
    {"q1": {"one": 3}, "q2": {"Otters": 3}},
)


@pytest.fixture
def libraries(tmp_path: Path) -> Iterator[Libraries]:
    made = Libraries(tmp_path / "libraries", WordEncoder())
    yield made
    made.close()


def test_sets_share_a_library_that_is_built_once(
    libraries: Libraries, rural_health: JudgedSet
) -> None:
    library = libraries.of(rural_health)
    assert libraries.of(replace(rural_health, name="another")) is library
    assert [document.id for document in library.documents()] == sorted(ANIMALS)


def test_a_library_of_an_earlier_run_is_not_embedded_again(tmp_path: Path) -> None:
    for passages in (3, 0):
        encoder = WordEncoder()
        libraries = Libraries(tmp_path, encoder)
        assert libraries.of(READERS).status()[1].documents == 3
        assert encoder.encoded == passages
        libraries.close()


def test_answerable_questions_are_asked(libraries: Libraries, rural_health: JudgedSet) -> None:
    library = libraries.of(rural_health)
    assert [(query.id, query.kind) for query in answerable(rural_health)] == [
        ("q1", "question"),
        ("q2", "plain"),
        ("q3", "plain"),
        ("q4", "es"),
    ]
    run = run_of(library, rural_health, KEYWORDS)
    assert list(run) == ["q1", "q2", "q3", "q4"]
    assert [next(iter(run[query])) for query in ("q1", "q2", "q3")] == [
        "herons",
        "otters",
        "salmon",
    ]
    assert run["q2"] == {"otters": 100.0}
    assert run["q4"] == {}


def test_settings_reach_the_search(libraries: Libraries, rural_health: JudgedSet) -> None:
    library = libraries.of(rural_health)
    everything = run_of(library, rural_health, SearchSettings())
    # In meaning every document is a candidate.
    assert {len(documents) for documents in everything.values()} == {6}


def test_judgements_are_by_id_and_of_questions_with_answers(
    libraries: Libraries, rural_health: JudgedSet
) -> None:
    assert qrels_by_id(libraries.of(READERS), READERS) == {"q1": {"one": 3}, "q2": {"none": 3}}
    assert list(qrels_by_id(libraries.of(rural_health), rural_health)) == ["q1", "q2", "q3", "q4"]


def test_questions_are_asked_by_language(rural_health: JudgedSet, data: Path) -> None:
    sets = [rural_health, read_set("cisi", data)]

    def names(languages: str) -> list[str]:
        return [judged.name for judged in by_language(sets, languages)]

    assert names("english") == ["rural-health", "cisi"]
    assert names("others") == ["rural-health, other languages"]
    assert names("all") == ["rural-health", "rural-health, other languages", "cisi"]
