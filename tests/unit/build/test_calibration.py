"""The calibration: which questions are asked, their best cosines, and the thresholds of these."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.calibration import (
    BestCosines,
    CalibrationQuestions,
    calibration_questions,
    everyday_questions,
    sample,
    thresholds,
)
from embedder.build.context import BuildContext
from embedder.records import Document
from embedder.vectors import DocumentRows, Float32Array, Float64Array
from tests.conftest import Silent
from tests.support.words import WordEncoder, build_words
from tests.unit.build.conftest import building

# The everyday questions.


def test_there_are_200_everyday_questions() -> None:
    questions = everyday_questions()
    assert len(questions) == len(set(questions)) == 200
    assert all(each == each.strip() and each for each in questions)
    assert not any("\r" in each for each in questions)


# Samples.


def keyed(*keys: str) -> list[tuple[int, str]]:
    return list(enumerate(keys))


KEYS = tuple(f"d{at}" for at in range(1000))


def test_a_sample_does_not_depend_on_the_order_of_the_keys() -> None:
    chance = random.Random(1)  # noqa: S311
    pairs = keyed(*KEYS)
    chosen = sample(pairs, 50)
    assert len(set(chosen)) == 50
    assert set(chosen) <= set(pairs)
    for _ in range(100):
        chance.shuffle(pairs)
        assert sample(iter(pairs), 50) == chosen


def test_a_sample_does_not_depend_on_the_numbers() -> None:
    chosen = [key for _, key in sample(keyed(*KEYS), 50)]
    assert [key for _, key in sample([(-at, key) for at, key in keyed(*KEYS)], 50)] == chosen
    assert [key for _, key in sample([(0, key) for key in KEYS], 50)] == chosen


def test_a_smaller_sample_is_the_beginning_of_a_larger_one() -> None:
    chosen = sample(keyed(*KEYS), len(KEYS))
    assert [sample(keyed(*KEYS), size) for size in (0, 1, 7, 999)] == [
        chosen[:size] for size in (0, 1, 7, 999)
    ]


def test_few_of_a_sample_change_when_keys_are_added_or_removed() -> None:
    before = {key for _, key in sample(keyed(*KEYS), 200)}
    more = {key for _, key in sample(keyed(*KEYS, *(f"new{at}" for at in range(50))), 200)}
    assert more - before <= {f"new{at}" for at in range(50)}
    assert 0 < len(more - before) <= 25  # of 50 new ones among 1050, about 200 * 50 / 1050
    fewer = {key for _, key in sample(keyed(*KEYS[:-50]), 200)}
    assert before - fewer == before & set(KEYS[-50:])


def test_a_sample_larger_than_what_there_is_has_all() -> None:
    assert sorted(sample(keyed("b", "a", "c"), 4)) == [(0, "b"), (1, "a"), (2, "c")]
    assert sample(keyed("b", "a", "c"), 4) == sample(keyed("b", "a", "c"), 3)


def test_a_sample_of_nothing_is_empty() -> None:
    assert sample([], 10) == []
    assert sample(keyed("a"), 0) == []


def test_keys_of_one_hash_are_chosen_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedder.build.calibration._hash", lambda _: b"same")
    for keys in (("c", "a", "b"), ("b", "a", "c"), ("a", "c", "b")):
        assert [key for _, key in sample(keyed(*keys), 2)] == ["a", "b"]


# The best cosines.


def unit(rows: Any) -> Float32Array:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


def some_vectors(count: int, dim: int, seed: int) -> Float32Array:
    """Unit vectors: dense ones, equal ones, axes, and some with numbers that float16 rounds off."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(count, dim))
    rows[1::5] = rows[0::5][: len(rows[1::5])]
    rows[2::5] *= 10.0 ** chance.integers(-9, 0, size=rows[2::5].shape)
    rows[3::5] = np.where(chance.random(rows[3::5].shape) < 0.9, 0, rows[3::5])
    rows[3::5, 0] -= 0.5
    rows[4::10] = -np.eye(dim)[chance.integers(0, dim, size=len(rows[4::10]))]
    return unit(rows)


def numpy_best(
    questions: Float32Array, own: list[int] | None, passages: Float32Array, rows: list[int]
) -> list[float]:
    """The best cosines with plain numpy, a question and a passage at a time."""
    best = []
    for at, question in enumerate(questions.astype(np.float16).astype(np.float64)):
        cosines = [
            float((question * passage).sum())
            for passage, row in zip(passages.astype(np.float16), rows, strict=True)
            if own is None or row != own[at]
        ]
        best += [min(1.0, max(-1.0, *cosines))] if cosines else []
    return best


def of_rows(*rows: int) -> DocumentRows:
    return DocumentRows(np.asarray(rows, dtype=np.int64))


def compared(
    questions: Float32Array, own: list[int] | None, passages: Float32Array, rows: list[int]
) -> Float64Array:
    cosines = BestCosines(questions, None if own is None else of_rows(*own))
    cosines.add(passages, of_rows(*rows))
    return cosines.best


DIM, COUNT = 96, 150
QUESTIONS = some_vectors(30, DIM, seed=2)
PASSAGES = some_vectors(COUNT, DIM, seed=3)
ROWS = np.random.default_rng(4).integers(0, 60, size=COUNT).tolist()
OWN = np.random.default_rng(5).integers(0, 60, size=30).tolist()


@pytest.mark.parametrize("own", [None, OWN], ids=["everyday", "own sentences"])
def test_the_best_cosines_are_those_of_numpy(own: list[int] | None) -> None:
    best = compared(QUESTIONS, own, PASSAGES, ROWS)
    assert best.dtype == np.float64
    assert best.shape == (30,)
    assert best.tolist() == numpy_best(QUESTIONS, own, PASSAGES, ROWS)


def test_the_vectors_are_rounded_to_float16() -> None:
    question = np.asarray([[0.6, 0.8]], dtype=np.float32)
    # The nearest numbers of float16 to 0.6 and 0.8: 1229 / 2048 and 1638 / 2048.
    found = compared(question, None, question, [1])
    assert found.tolist() == [(1229**2 + 1638**2) / 2048**2]
    assert abs(found[0] - 1) > 1e-5


def test_a_cosine_is_at_most_one() -> None:
    vector = unit(np.ones((1, 5)))
    rounded = vector.astype(np.float16).astype(np.float64)
    assert float((rounded * rounded).sum()) > 1
    assert compared(vector, None, vector, [1]).tolist() == [1.0]
    assert compared(vector, None, -vector, [1]).tolist() == [-1.0]


def test_passages_of_the_document_itself_do_not_count() -> None:
    axes = np.eye(3, dtype=np.float32)
    halves = unit(np.asarray([[1, 1, 0], [0, 1, 1]]))
    passages = np.concatenate((axes, halves))
    half = float(np.float16(0.5**0.5))
    # All of row 7 is left out for the first question, of row 8 for the second.
    assert compared(axes[:2], [7, 8], passages, [7, 8, 9, 7, 8]).tolist() == [0.0, half]
    assert compared(axes[:2], None, passages, [7, 8, 9, 7, 8]).tolist() == [1.0, 1.0]
    assert compared(axes[:2], [1, 1], passages, [7, 8, 9, 7, 8]).tolist() == [1.0, 1.0]


def test_a_question_whose_document_has_all_passages_has_no_cosine() -> None:
    axes = np.eye(3, dtype=np.float32)
    assert compared(axes, [7, 8, 7], -axes, [7, 7, 7]).tolist() == [0.0]
    assert compared(axes, [7, 7, 7], -axes, [7, 7, 7]).tolist() == []


@pytest.mark.slow
def test_best_cosines_are_the_same_bit_for_bit_in_any_order_and_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.random.default_rng(6)
    # Every third question is a passage, and the last ones are far from all.
    questions = np.concatenate((QUESTIONS, PASSAGES[::20], -PASSAGES[::30]))
    own = of_rows(*chance.integers(0, 60, size=len(questions)).tolist())
    wanted = BestCosines(questions), BestCosines(questions, own)
    for each in wanted:
        each.add(PASSAGES, of_rows(*ROWS))
    for _ in range(300):
        order = chance.permutation(len(PASSAGES))
        cuts = np.sort(chance.integers(0, len(PASSAGES), size=chance.integers(0, 12)))
        asked = chance.permutation(len(questions))
        size = int(chance.choice((3, 16, 63, 64, COUNT, 4096)))
        monkeypatch.setattr("embedder.build.calibration._PASSAGES_PER_PRODUCT", size)
        found = BestCosines(questions[asked]), BestCosines(questions[asked], of_rows(*own[asked]))
        for block in np.split(order, cuts):
            for each in found:
                each.add(PASSAGES[block], of_rows(*(ROWS[at] for at in block)))
        for one, other in zip(found, wanted, strict=True):
            assert one.best.tobytes() == other.best[asked].tobytes()


@pytest.mark.parametrize("count", [0, 3])
def test_without_passages_no_question_has_a_cosine(count: int) -> None:
    cosines = BestCosines(QUESTIONS[:count], of_rows(*range(count)))
    assert cosines.best.tolist() == []
    cosines.add(PASSAGES[:0], of_rows())
    assert cosines.best.tolist() == []
    assert cosines.best.dtype == np.float64


@pytest.mark.parametrize("own", [None, []], ids=["everyday", "own sentences"])
def test_without_questions_there_are_no_cosines(own: list[int] | None) -> None:
    assert compared(QUESTIONS[:0], own, PASSAGES, ROWS).tolist() == []


# The thresholds. With the median m and the upper quartile q of the everyday questions, `none` is
# m + 3.2 (q - m) / 0.6745: 3.2 / 0.6745 is 4.744 255 004 8.


def cosines(*values: float) -> Float64Array:
    return np.asarray(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("everyday", "foreign", "none", "strong"),
    [
        pytest.param(
            (0.1, 0.15, 0.2, 0.25, 0.9),
            (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
            0.437212750240,  # 0.2 + 4.744255 * 0.05
            0.7,  # of six, the third is at 2 / 5
            id="of five and six",
        ),
        pytest.param(
            (0.30, 0.20, 0.10, 0.22),
            (0.9, 0.8),
            0.352327650142,  # 0.21 + 4.744255 * 0.03: the quartile is at 1 / 4 from 0.22 to 0.3
            0.84,
            id="between two, in any order",
        ),
        pytest.param(
            (0.1, 0.15, 0.2, 0.25, 0.3), (0.1, 0.2), 0.437212750240, 0.437212750240, id="low"
        ),
        pytest.param((0.3,), (0.8,), 0.3, 0.8, id="one of each"),
        pytest.param((-0.2, -0.2, -0.2), (), -0.2, -0.2, id="a single document"),
    ],
)
def test_thresholds_are_those_computed_by_hand(
    everyday: tuple[float, ...], foreign: tuple[float, ...], none: float, strong: float
) -> None:
    found = thresholds(cosines(*everyday), cosines(*foreign))
    assert found == {"none": pytest.approx(none, abs=1e-9), "strong": pytest.approx(strong)}
    assert {type(value) for value in found.values()} == {float}


def test_a_few_everyday_questions_that_are_answered_change_nothing() -> None:
    unanswered = [0.1 + at / 1000 for at in range(200)]
    answered = [*unanswered[:-20], *[0.95] * 20]
    foreign = cosines(0.6)
    assert thresholds(cosines(*answered), foreign) == thresholds(cosines(*unanswered), foreign)


def test_an_empty_library_takes_every_question_for_answered() -> None:
    assert thresholds(cosines(), cosines()) == {"none": -1.0, "strong": 1.0}


# The questions of a library.


def documents(count: int) -> list[Document]:
    """Documents of one to four sentences, no two alike, and one without text."""
    texts = [
        Document(
            id=f"d{at}",
            title=f"Title {at}",
            abstract=" ".join(
                f"Sentence {number} of document {at}." for number in range(at % 4 + 1)
            ),
        )
        for at in range(count)
    ]
    return [*texts, Document(id="empty", title="Only a title")]


def put(context: BuildContext, *given: Document) -> None:
    """Put documents into the store; nothing else of them is looked at."""
    with context.writer.transaction():
        for document in given:
            context.writer.put_document(document)


def asked_of(context: BuildContext) -> tuple[CalibrationQuestions, list[str]]:
    """Return the questions for a library, with the ids of their documents."""
    with context.writer.transaction():
        questions = calibration_questions(context)
    ids: dict[int, str] = {row: key for row, key in context.writer.ids()}  # noqa: C416
    return questions, [ids[row] for row in questions.sentence_rows.tolist()]


def encoded(*texts: str) -> Float32Array:
    """The stand-in's vectors, rounded as they are stored."""
    return WordEncoder().encode_queries(texts).astype(np.float16).astype(np.float32)


def sentences(document: Document) -> list[str]:
    return [f"{text}." for text in document.abstract.removesuffix(".").split(". ") if text]


def test_the_sentences_belong_to_their_rows(tmp_path: Path) -> None:
    given = documents(12)
    build_words(tmp_path / "v", *given)
    with building(tmp_path / "v", Silent()) as context:
        questions, ids = asked_of(context)
    assert np.array_equal(questions.everyday, encoded(*everyday_questions()))
    wanted = {
        (document.id, vector.tobytes())
        for document in given
        for vector in encoded(*sentences(document))
    }
    found = zip(ids, (vector.tobytes() for vector in questions.sentences), strict=True)
    assert len(ids) == len(wanted) == 30
    assert set(found) == wanted
    assert questions.sentence_rows.dtype == np.int64
    assert questions.everyday.dtype == questions.sentences.dtype == np.float32


@pytest.mark.parametrize(("of_documents", "of_sentences"), [(2000, 10), (5, 200), (7, 6)])
def test_the_choice_does_not_depend_on_the_order_of_indexing(
    context: BuildContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    of_documents: int,
    of_sentences: int,
) -> None:
    monkeypatch.setattr("embedder.build.calibration.SENTENCE_DOCUMENTS", of_documents)
    monkeypatch.setattr("embedder.build.calibration.OWN_SENTENCES", of_sentences)
    given = documents(24)
    put(context, *given)
    one, of_one = asked_of(context)
    with building(tmp_path / "w", Silent()) as backwards:
        put(backwards, *given[::-1])
        other, of_other = asked_of(backwards)
    assert 1 < len(of_one) <= of_sentences
    assert len(set(of_one)) <= of_documents
    assert of_one == of_other
    assert one.sentence_rows.tolist() != other.sentence_rows.tolist()
    assert np.array_equal(one.sentences, other.sentences)


def test_a_library_that_changed_is_asked_as_one_built_at_once(
    context: BuildContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.build.calibration.OWN_SENTENCES", 10)
    given = documents(24)
    gone = Document(id="gone", abstract="It is removed again. So is this.")
    put(context, gone, *given[9:], replace(given[0], abstract="Its first sentence."))
    asked_of(context)
    context.writer.remove_document("gone")
    put(context, *given[:9])
    changed, of_changed = asked_of(context)
    with building(tmp_path / "w", Silent()) as at_once:
        put(at_once, *given)
        fresh, of_fresh = asked_of(at_once)
    assert of_changed == of_fresh
    assert np.array_equal(changed.sentences, fresh.sentences)


def test_an_empty_library_is_asked_nothing(context: BuildContext, progress: Silent) -> None:
    questions = calibration_questions(context)
    assert questions.everyday.shape == questions.sentences.shape == (0, 16)
    assert questions.sentence_rows.shape == (0,)
    assert progress.steps == [("Asking", 0)]


def test_a_library_without_abstracts_is_asked_everyday_questions_only(
    context: BuildContext,
) -> None:
    put(context, Document(id="a", title="Only a title"))
    questions, ids = asked_of(context)
    assert ids == []
    assert questions.everyday.shape == (200, 16)
    assert questions.sentences.shape == (0, 16)
    cosines = BestCosines(questions.sentences, questions.sentence_rows)
    cosines.add(encoded("Only a title"), of_rows(1))
    assert cosines.best.tolist() == []
