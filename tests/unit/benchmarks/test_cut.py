"""Libraries cut out of invented documents, and the questions that are asked of them."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.cut import Candidate, cut, of_other_fields, untrained
from benchmarks.judged import HIGHEST_GRADE, JudgedQuestion
from embedder.records import Document
from training.general import NEAR_MISSES, QUESTIONS, General, read_general
from training.material import MATERIAL, Part, read_entries, split


def candidate(field: str, number: int, questions: int = 2) -> Candidate:
    own = f"{field}-{number}"
    return Candidate(
        Document(id=own, title=own),
        field,
        [JudgedQuestion(f"{own}-q{at}", f"{own} {at}", "plain") for at in range(questions)],
        [JudgedQuestion(f"{own}-near", f"near {own}", "near")],
    )


POOL = [candidate(field, number) for field in ("bees", "law", "rocks") for number in range(60)]


def test_the_library_is_of_some_fields_and_its_own_questions_are_answered() -> None:
    found = cut("made", POOL, ["bees", "law"], 20)
    ids = {each.id for each in found.documents if isinstance(each, Document)}
    assert len(found.documents) == len(ids) == 20
    assert {each.split("-")[0] for each in ids} == {"bees", "law"}
    answered = [each for each in found.questions if each.answerable]
    assert len(answered) == 40
    assert found.qrels == {each.id: {each.id.rsplit("-", 1)[0]: HIGHEST_GRADE} for each in answered}
    assert {each.id.rsplit("-", 1)[0] for each in answered} == ids


def test_questions_of_what_was_left_out_are_near_misses_and_of_other_fields_are_off() -> None:
    found = cut("made", POOL, ["bees"], 20)
    ids = {each.id for each in found.documents if isinstance(each, Document)}
    near = [each for each in found.questions if each.kind == "near"]
    of_own = [each for each in near if each.text.startswith("near ")]
    outside = [each for each in near if not each.text.startswith("near ")]
    assert {each.text.removeprefix("near ") for each in of_own} == ids
    assert len(outside) == 30
    assert {each.id.split("-")[0] for each in outside} == {"bees"}
    assert not {each.id.rsplit("-", 1)[0] for each in outside} & ids
    off = [each for each in found.questions if each.kind == "off"]
    assert len(off) == 40
    assert {each.id.split("-")[0] for each in off} == {"law", "rocks"}


def test_where_all_fields_are_alike_the_others_are_near_misses_too() -> None:
    found = cut("made", POOL, ["bees"], 20, others="near")
    assert {each.kind for each in found.questions} == {"plain", "near"}
    assert len(found.questions) == len(cut("made", POOL, ["bees"], 20).questions)


def test_no_more_is_asked_than_can_be_in_a_quarter_of_an_hour() -> None:
    found = cut("made", [candidate("bees", each, 9) for each in range(200)], ["bees"], 150)
    assert Counter(each.kind for each in found.questions) == {"plain": 110, "near": 70 + 30}


def test_a_cut_depends_on_its_name_alone() -> None:
    once = cut("made", POOL, ["bees"], 20)
    assert cut("made", POOL[::-1], ["bees"], 20) == once
    assert cut("other", POOL, ["bees"], 20).documents != once.documents


def test_a_pool_that_is_smaller_is_taken_whole() -> None:
    assert len(cut("made", POOL, ["rocks"], 500).documents) == 60


def test_documents_of_other_fields_keep_their_questions() -> None:
    texts = {kind: f"the {kind}" for kind in (*QUESTIONS, *NEAR_MISSES)}
    entry = {"field": "rivers", "title": "Bores", "abstract": "Where they form.", **texts}
    (found,) = of_other_fields(General([entry]))
    assert (found.document.title, found.field) == ("Bores", "rivers")
    assert [each.text for each in found.questions] == [f"the {kind}" for kind in QUESTIONS]
    assert [each.kind for each in found.near] == ["near", "near"]
    assert not any(each.answerable for each in found.near)


@pytest.mark.slow
def test_the_material_has_enough_to_cut_from() -> None:
    other = list(of_other_fields(read_general(MATERIAL)))
    assert len({each.field for each in other}) == 8
    assert len({each.document.id for each in other}) == len(other) > 1000
    entries = read_entries()
    kept = list(untrained(entries))
    assert len(kept) == sum(part is not Part.TRAINING for part in split(entries)) > 200
    assert all(each.near for each in kept)
