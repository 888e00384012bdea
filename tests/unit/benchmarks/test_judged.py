"""The sets of judged questions: their kinds, languages, documents and judgements."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.judged import (
    SETS,
    JudgedSet,
    in_english,
    in_other_languages,
    read_set,
)
from benchmarks.kept_out import SPLIT
from embedder.errors import SourceError
from embedder.records import Document


def groups(judged: JudgedSet) -> dict[str, int]:
    return dict(Counter(question.group for question in judged.questions))


def test_the_seeds_have_two_sets_to_one_library() -> None:
    dev, plain = read_set("seeds"), read_set("plain")
    assert dev.library == plain.library == "seeds"
    assert dev.documents == plain.documents
    assert groups(dev) == {
        "question": 20,
        "situation": 14,
        "keyword": 6,
        "known-item": 4,
        **dict.fromkeys(("es", "fr", "ar", "pt"), 1),
        "near": 12,
        "off": 10,
    }
    assert groups(plain) == {"plain": 54, "es": 2, "de": 1, "fr": 2, "ar": 1, "near": 20, "off": 50}


def test_a_library_is_read_with_its_kinds_and_languages(shared: Path) -> None:
    judged = read_set("rural-health", shared)
    assert groups(judged) == {"question": 1, "plain": 2, "es": 1, "near": 1, "off": 1}
    assert [question.answerable for question in judged.questions] == [True] * 4 + [False] * 2
    assert judged.documents == (
        shared / "training" / "libraries" / "rural-health" / "documents.jsonl",
    )
    assert judged.qrels["q2"] == {"otters": 3}


def test_of_a_collection_judged_questions_are_asked(shared: Path) -> None:
    judged = read_set("cisi", shared)
    assert [(each.id, each.kind) for each in judged.questions] == [
        ("1", "question"),
        ("2", "question"),
    ]
    assert judged.qrels == {"1": {"0": 1}, "2": {"1": 1}}


def test_a_kept_out_entry_alone_answers_its_questions(shared: Path) -> None:
    judged = read_set("kept-out", shared)
    ids = [each.id for each in judged.documents if isinstance(each, Document)]
    assert len(ids) == len(judged.documents) > len(SPLIT)
    assert ids[-1] == "overviews-91"
    assert groups(judged) == dict.fromkeys(
        ("practitioner", "plain", "situation", "keywords", "fr", "es", "ar"), len(ids)
    )
    assert len({question.id for question in judged.questions}) == len(judged.questions)
    for question in judged.questions:
        ((document, grade),) = judged.qrels[question.id].items()
        assert question.id.rpartition("-")[0] == document
        assert grade == 3


def test_a_set_may_be_asked_by_language(rural_health: JudgedSet) -> None:
    english, others = in_english(rural_health), in_other_languages(rural_health)
    assert english.name == "rural-health"
    assert groups(english) == {"question": 1, "plain": 2, "near": 1, "off": 1}
    assert others.name == "rural-health, other languages"
    assert groups(others) == {"es": 1}
    assert list(others.qrels) == ["q4"]
    assert others.library == rural_health.library


@pytest.mark.parametrize("name", [name for name in SETS if name not in ("seeds", "plain")])
def test_a_set_that_is_not_there_is_an_error_with_the_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=str(tmp_path)):
        read_set(name, tmp_path)
