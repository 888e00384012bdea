"""The sets of judged questions: their kinds, languages, documents and judgements."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.judged import (
    JudgedSet,
    in_english,
    in_other_languages,
    read_set,
)
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


def test_a_library_is_read_with_its_kinds_and_languages(rural_health: JudgedSet) -> None:
    assert groups(rural_health) == {"question": 1, "plain": 2, "es": 1, "near": 1, "off": 1}
    answerable = [question.answerable for question in rural_health.questions]
    assert answerable == [True] * 4 + [False] * 2
    (documents,) = rural_health.documents
    assert isinstance(documents, Path)
    assert documents.name == "documents.jsonl"
    assert rural_health.qrels["q2"] == {"otters": 3}


ENGLISH = {"question": 20, "plain": 35, "situation": 20, "keyword": 15, "near": 40, "off": 25}


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("migration-guidance", {"fr": 4, "es": 4, "ar": 3, "pt": 2, "uk": 2}),
        ("rural-health", {"fr": 3, "es": 3, "ar": 3, "pt": 3, "sw": 3}),
    ],
)
def test_questions_to_the_libraries_are_in_the_languages_that_they_are_in(
    name: str, others: dict[str, int]
) -> None:
    assert groups(read_set(name)) == ENGLISH | others


def test_of_a_collection_judged_questions_are_asked(data: Path) -> None:
    judged = read_set("cisi", data)
    assert [(each.id, each.kind) for each in judged.questions] == [
        ("1", "question"),
        ("2", "question"),
    ]
    assert judged.qrels == {"1": {"0": 1}, "2": {"1": 1}}


def test_a_document_of_another_field_answers_its_three_questions() -> None:
    judged = read_set("other-fields")
    ids = [each.id for each in judged.documents if isinstance(each, Document)]
    assert len(set(ids)) == len(judged.documents) > 1000
    assert groups(judged) == dict.fromkeys(("question", "plain", "keywords"), len(ids))
    first, second = judged.questions[0], judged.questions[3]
    assert judged.qrels[first.id] == {ids[0]: 3}
    assert judged.qrels[second.id] == {ids[1]: 3}


@pytest.mark.parametrize("name", ["kept-out", "development"])
def test_an_entry_alone_answers_its_questions(name: str) -> None:
    judged = read_set(name)
    ids = [each.id for each in judged.documents if isinstance(each, Document)]
    # All that were not trained on: 88 of the first 902, and 140 that came later.
    assert len(set(ids)) == len(judged.documents) == 228
    assert "labour-28" not in ids
    assert "labour-29" in ids
    assert len({question.id for question in judged.questions}) == len(judged.questions)
    for question in judged.questions:
        ((document, grade),) = judged.qrels[question.id].items()
        assert question.id.rpartition("-")[0] == document
        assert document in ids
        assert grade == 3


def test_the_entries_of_two_sets_are_one_library() -> None:
    kept_out, development = read_set("kept-out"), read_set("development")
    assert kept_out.library == development.library
    assert kept_out.documents == development.documents
    counts = [groups(judged) for judged in (kept_out, development)]
    every = ("practitioner", "plain", "situation", "keywords", "fr", "es", "ar")
    assert [len({count[kind] for kind in every}) for count in counts] == [1, 1]
    assert sum(count["plain"] for count in counts) == 228
    assert not kept_out.qrels.keys() & development.qrels.keys()
    assert {"pt", "uk", "ru", "tr", "fa"} <= kept_out_languages(kept_out)


def kept_out_languages(judged: JudgedSet) -> set[str]:
    return {question.language for question in judged.questions} - {"en"}


def test_a_set_may_be_asked_by_language(rural_health: JudgedSet) -> None:
    english, others = in_english(rural_health), in_other_languages(rural_health)
    assert english.name == "rural-health"
    assert groups(english) == {"question": 1, "plain": 2, "near": 1, "off": 1}
    assert others.name == "rural-health, other languages"
    assert groups(others) == {"es": 1}
    assert list(others.qrels) == ["q4"]
    assert others.library == rural_health.library


@pytest.mark.parametrize("name", ["cranfield", "cisi"])
def test_a_set_that_is_not_there_is_an_error_with_the_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=str(tmp_path)):
        read_set(name, tmp_path)
