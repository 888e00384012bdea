"""Marked documents change the order of an answer, and nothing that is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.errors import RequestError
from embedder.library import Library
from embedder.records import Answer, Question, RankingWeights
from embedder.search import feedback
from embedder.search.feedback import Marked
from embedder.search.fusion import estimated_minimum
from embedder.search.query import from_vector
from embedder.vectors import DocumentPositions, Float32Array
from tests.support.words import read_words
from tests.unit.search.conftest import facets, ids, positions_by_id, serving

QUESTION = "Herons wade. What do they hunt in rivers?"


def floats(*rows: list[float]) -> Float32Array:
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), 3)


def moved(liked: Float32Array, unliked: Float32Array, weights: RankingWeights) -> list[float]:
    """Move the first axis of a space of three by marked documents."""
    query = from_vector(floats([1, 0, 0])[0])
    nowhere = DocumentPositions(np.empty(0, dtype=np.int64))
    marked = Marked(liked, unliked, nowhere)
    refined = feedback.refine(query, marked, floats([0, 1, 0]), weights)
    assert refined.vector.tolist() == [1, 0, 0]
    vector: list[float] = refined.ranking_vector.tolist()
    return vector


# The vector.


def test_a_question_moves_towards_liked_documents_and_away_from_unliked_ones() -> None:
    # (1, 0.75, -0.15) has the length 1.2590.
    weights = RankingWeights(like_weight=0.75, unlike_weight=0.15)
    vector = moved(floats([0, 1, 0]), floats([0, 0, 1]), weights)
    assert vector == pytest.approx([0.7943, 0.5957, -0.1191], abs=1e-4)


def test_several_documents_move_it_by_their_mean() -> None:
    liked = floats([0, 1, 0], [0, 0, 1])
    assert moved(liked, floats(), RankingWeights(like_weight=2.0)) == pytest.approx([3**-0.5] * 3)
    unliked = floats([0, 1, 0], [0, 1, 0])
    found = moved(floats(), unliked, RankingWeights(unlike_weight=1.0))
    assert found == pytest.approx([0.5**0.5, -(0.5**0.5), 0])


def test_the_lowest_cosine_is_estimated_where_the_question_has_moved() -> None:
    query = from_vector(floats([1, 0, 0])[0])
    marked = Marked(floats([0, 1, 0]), floats(), DocumentPositions(np.empty(0, dtype=np.int64)))
    sample = floats([0, 1, 0], [1, 0, 0], [0, 0, 1])
    refined = feedback.refine(query, marked, sample, RankingWeights())
    assert refined.estimated_minimum == estimated_minimum(sample @ refined.ranking_vector)
    assert refined.estimated_minimum != query.estimated_minimum


# The documents.


def test_marked_documents_are_found_by_their_ids(words_folder: Path) -> None:
    with serving(words_folder) as (served, snapshot):
        positions = positions_by_id(served, snapshot)
        question = Question(QUESTION, like=("fish", "cats", "fish"), unlike=("dogs", "herons"))
        marked = feedback.look_up(served, snapshot, question)
        assert marked.unliked_positions.tolist() == [positions["dogs"], positions["herons"]]
        assert (marked.liked.shape, marked.unliked.shape) == ((2, 16), (2, 16))
        for vector, document_id in zip(
            [*marked.liked, *marked.unliked], ("fish", "cats", "dogs", "herons"), strict=True
        ):
            wanted = served.document_vector(snapshot.row_of(document_id))
            assert wanted is not None
            assert vector.tolist() == wanted.tolist()


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (Question(QUESTION), False),
        (Question(QUESTION, like=("cats",)), True),
        (Question(QUESTION, unlike=("cats",)), True),
    ],
)
def test_nothing_is_marked_unless_it_is(
    question: Question, found: bool, words_folder: Path
) -> None:
    with serving(words_folder) as (served, snapshot):
        assert bool(feedback.look_up(served, snapshot, question)) is found


@pytest.mark.parametrize("field", ["like", "unlike"])
@pytest.mark.parametrize(
    ("document_id", "message"),
    [
        ("wolves", "no document has the id 'wolves'. "),
        ("x" * 200, "no document has that id of 200 characters. "),
        ("\ud800", "no document has the id "),
        ("empty", "the document 'empty' has no text."),
    ],
    ids=["unknown", "long", "surrogate", "no text"],
)
def test_what_cannot_be_marked_is_named(
    field: str, document_id: str, message: str, library: Library
) -> None:
    marks: Any = {field: ("cats", document_id)}
    with pytest.raises(RequestError) as caught:
        library.ask(Question(QUESTION, **marks))
    assert caught.value.field == field
    assert str(caught.value).startswith(message)


def test_a_document_cannot_fit_and_not_fit(library: Library) -> None:
    with pytest.raises(RequestError) as caught:
        library.ask(Question(QUESTION, like=("dogs", "cats"), unlike=("fish", "cats")))
    assert caught.value.field == "unlike"
    assert str(caught.value) == (
        "the document 'cats' is in like and in unlike. Leave it in one of them."
    )


# The answer.


@pytest.fixture
def library(words_folder: Path) -> Iterator[Library]:
    opened = read_words(words_folder)
    yield opened
    opened.close()


def said(answer: Answer) -> dict[str, object]:
    """What an answer says of each document, beside its rank, score and similarity."""
    return {hit.document.id: (hit.evidence, hit.matched, hit.legs.keyword) for hit in answer}


def similarities(answer: Answer) -> dict[str, float]:
    assert all(hit.legs.semantic == hit.similarity for hit in answer)
    return {hit.document.id: hit.similarity for hit in answer}


MARKS: list[dict[str, tuple[str, ...]]] = [
    {"like": ("dogs",)},
    {"unlike": ("herons",)},
    {"like": ("dogs", "cats"), "unlike": ("herons", "fish")},
]


@pytest.mark.parametrize("mode", ["hybrid", "semantic"])
@pytest.mark.parametrize("marks", MARKS, ids=str)
def test_marks_change_nothing_but_the_order(
    mode: Any, marks: dict[str, tuple[str, ...]], library: Library
) -> None:
    plain = Question(QUESTION, mode=mode, min_similarity=-0.9)
    before = library.ask(plain)
    after = library.ask(replace(plain, like=marks.get("like", ()), unlike=marks.get("unlike", ())))
    assert ids(after) != ids(before)
    assert said(after) == said(before)
    assert similarities(after) == pytest.approx(similarities(before), abs=1e-5)
    assert (after.verdict, after.total) == (before.verdict, before.total) == (before.verdict, 4)
    assert facets(after) == facets(before)
    assert after.understood == before.understood
    scores = [hit.score for hit in after.hits]
    assert scores == sorted(scores, reverse=True)
    assert [hit.rank for hit in after.hits] == [1, 2, 3, 4]


def test_how_sure_an_answer_is_does_not_depend_on_marks(library: Library) -> None:
    plain = Question(QUESTION, mode="semantic")
    before = library.ask(plain)
    after = library.ask(replace(plain, like=("dogs",)), RankingWeights(like_weight=5))
    assert ids(after)[0] == "dogs" != ids(before)[0]
    assert (after.verdict, after.probability) == (before.verdict, before.probability)
    fits = [{hit.document.id: hit.fit for hit in each} for each in (before, after)]
    assert fits[0] == fits[1]
    assert len(set(fits[0].values())) > 1


def test_a_liked_document_and_those_near_it_come_first(library: Library) -> None:
    plain = Question("hunt mice at night", mode="semantic")
    assert ids(library.ask(plain))[0] == "cats"
    weights = RankingWeights(like_weight=99.0, sentence_weight=0.0)
    (near, *_) = library.similar("herons", limit=1)
    assert ids(library.ask(replace(plain, like=("herons",)), weights))[:2] == [
        "herons",
        near.document.id,
    ]


def test_unliked_documents_come_last_whatever_the_weight(library: Library) -> None:
    plain = Question(QUESTION)
    first, second, *_ = ids(library.ask(plain))
    for weight in (0.0, 0.15):
        answer = library.ask(
            replace(plain, unlike=(first, second)), RankingWeights(unlike_weight=weight)
        )
        assert set(ids(answer)[-2:]) == {first, second}
        assert answer.hits[1].score > answer.hits[2].score


def test_all_documents_can_be_unliked(library: Library) -> None:
    answer = library.ask(Question(QUESTION, unlike=("cats", "dogs", "fish", "herons")))
    assert sorted(ids(answer)) == ["cats", "dogs", "fish", "herons"]


def test_without_weight_liked_documents_change_nothing(library: Library) -> None:
    plain = Question(QUESTION)
    before = library.ask(plain)
    after = library.ask(replace(plain, like=("dogs",)), RankingWeights(like_weight=0.0))
    assert after.hits == before.hits


def test_pages_of_a_refined_answer_together_are_the_whole(library: Library) -> None:
    question = Question(QUESTION, like=("dogs",), unlike=("herons",))
    pages = [library.ask(replace(question, limit=1, offset=at)) for at in range(4)]
    assert [hit for page in pages for hit in page] == list(library.ask(question).hits)


def test_a_liked_document_that_the_filters_leave_out_stays_out(library: Library) -> None:
    question = Question(QUESTION, like=("herons",))
    question = replace(question, filters=replace(question.filters, topics=("Pets",)))
    assert sorted(ids(library.ask(question))) == ["cats", "dogs"]


def test_a_cosine_that_is_asked_for_is_with_the_question(library: Library) -> None:
    plain = Question(QUESTION, mode="semantic")
    cosines = sorted(similarities(library.ask(plain)).values())
    asked = replace(plain, min_similarity=(cosines[1] + cosines[2]) / 2)
    before = library.ask(asked)
    assert before.total == 2
    assert set(ids(library.ask(replace(asked, like=("dogs",))))) == set(ids(before))
