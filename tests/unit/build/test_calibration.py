"""The calibration: which questions are asked, their best cosines, and what these give."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedder.build.calibration import (
    BestCosines,
    calibrate,
    embed_everyday_questions,
    embed_own_sentences,
    everyday_questions,
    sample,
)
from embedder.build.context import BuildContext
from embedder.records import Document
from embedder.vectors import Float32Array, Float64Array
from tests.conftest import Silent
from tests.support.words import WordEncoder
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


def numpy_best(questions: Float32Array, passages: Float32Array) -> list[float]:
    """The best cosines with plain numpy, a question and a passage at a time."""
    best = []
    for question in questions.astype(np.float16).astype(np.float64):
        cosines = [float((question * passage).sum()) for passage in passages.astype(np.float16)]
        best.append(min(1.0, max(-1.0, *cosines)))
    return best


def compared(questions: Float32Array, passages: Float32Array) -> Float64Array:
    cosines = BestCosines(questions)
    cosines.add(passages)
    return cosines.best


DIM, COUNT = 96, 150
QUESTIONS = some_vectors(30, DIM, seed=2)
PASSAGES = some_vectors(COUNT, DIM, seed=3)


def test_the_best_cosines_are_those_of_numpy() -> None:
    best = compared(QUESTIONS, PASSAGES)
    assert best.dtype == np.float64
    assert best.shape == (30,)
    assert best.tolist() == numpy_best(QUESTIONS, PASSAGES)


def test_the_vectors_are_rounded_to_float16() -> None:
    question = np.asarray([[0.6, 0.8]], dtype=np.float32)
    # The nearest numbers of float16 to 0.6 and 0.8: 1229 / 2048 and 1638 / 2048.
    found = compared(question, question)
    assert found.tolist() == [(1229**2 + 1638**2) / 2048**2]
    assert abs(found[0] - 1) > 1e-5


def test_a_cosine_is_at_most_one() -> None:
    vector = unit(np.ones((1, 5)))
    rounded = vector.astype(np.float16).astype(np.float64)
    assert float((rounded * rounded).sum()) > 1
    assert compared(vector, vector).tolist() == [1.0]
    assert compared(vector, -vector).tolist() == [-1.0]


def test_the_best_of_all_passages_counts_in_whichever_block_it_is() -> None:
    axes = np.eye(3, dtype=np.float32)
    halves = unit(np.asarray([[1, 1, 0], [0, 1, 1]]))
    half = float(np.float16(0.5**0.5))
    cosines = BestCosines(axes)
    cosines.add(-axes[:2])
    assert cosines.best.tolist() == [0.0, 0.0, 0.0]
    cosines.add(halves[:1])
    assert cosines.best.tolist() == [half, half, 0.0]
    cosines.add(np.concatenate((axes[:1], halves[1:])))
    assert cosines.best.tolist() == [1.0, half, half]
    cosines.add(-axes)
    assert cosines.best.tolist() == [1.0, half, half]


@pytest.mark.slow
def test_best_cosines_are_the_same_bit_for_bit_in_any_order_and_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.random.default_rng(6)
    # Some questions are passages, and the last ones are the opposite of passages.
    questions = np.concatenate((QUESTIONS, PASSAGES[::20], -PASSAGES[::30]))
    wanted = compared(questions, PASSAGES)
    for _ in range(300):
        order = chance.permutation(len(PASSAGES))
        cuts = np.sort(chance.integers(0, len(PASSAGES), size=chance.integers(0, 12)))
        asked = chance.permutation(len(questions))
        size = int(chance.choice((3, 16, 63, 64, COUNT, 4096)))
        monkeypatch.setattr("embedder.build.calibration._PASSAGES_PER_PRODUCT", size)
        found = BestCosines(questions[asked])
        for block in np.split(order, cuts):
            found.add(PASSAGES[block])
        assert found.best.tobytes() == wanted[asked].tobytes()


@pytest.mark.parametrize("count", [0, 3])
def test_without_passages_no_question_has_a_cosine(count: int) -> None:
    cosines = BestCosines(QUESTIONS[:count])
    assert cosines.best.tolist() == []
    cosines.add(PASSAGES[:0])
    assert cosines.best.tolist() == []
    assert cosines.best.dtype == np.float64


def test_without_questions_there_are_no_cosines() -> None:
    assert compared(QUESTIONS[:0], PASSAGES).tolist() == []


# What is taken from them. With their median m and their upper quartile q, `chance` is
# m + 3.2 (q - m) / 0.6745: 3.2 / 0.6745 is 4.744 255 003 7.


def cosines(*values: float) -> Float64Array:
    return np.asarray(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("everyday", "median", "chance"),
    [
        pytest.param(
            (0.1, 0.15, 0.2, 0.25, 0.9),
            0.2,
            0.437212750185,  # 0.2 + 4.744255 * 0.05
            id="of five",
        ),
        pytest.param(
            (0.30, 0.20, 0.10, 0.22),
            0.21,
            0.352327650111,  # 0.21 + 4.744255 * 0.03: the quartile is at 1 / 4 from 0.22 to 0.3
            id="between two, in any order",
        ),
        pytest.param((0.3,), 0.3, 0.3, id="one"),
        pytest.param((-0.2, -0.2, -0.2), -0.2, -0.2, id="all alike"),
    ],
)
def test_the_calibration_is_that_computed_by_hand(
    everyday: tuple[float, ...], median: float, chance: float
) -> None:
    found = calibrate(cosines(*everyday))
    assert found == {
        "median": pytest.approx(median, abs=1e-11),
        "chance": pytest.approx(chance, abs=1e-11),
    }
    assert {type(value) for value in found.values()} == {float}


def test_a_few_everyday_questions_that_are_answered_change_nothing() -> None:
    unanswered = [0.1 + at / 1000 for at in range(200)]
    answered = [*unanswered[:-20], *[0.95] * 20]
    assert calibrate(cosines(*answered)) == calibrate(cosines(*unanswered))


def test_an_empty_library_takes_every_question_for_answered() -> None:
    assert calibrate(cosines()) == {"median": -1.0, "chance": -1.0}


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


def everyday_of(context: BuildContext) -> Float32Array:
    with context.writer.transaction():
        return embed_everyday_questions(context)


def sentences_of(context: BuildContext) -> Float32Array:
    with context.writer.transaction():
        return embed_own_sentences(context)


def encoded(*texts: str) -> Float32Array:
    """The stand-in's vectors, rounded as they are stored."""
    return WordEncoder().encode_queries(texts).astype(np.float16).astype(np.float32)


def sentences(document: Document) -> list[str]:
    return [f"{text}." for text in document.abstract.removesuffix(".").split(". ") if text]


def ids_by_vector(given: list[Document]) -> dict[bytes, str]:
    """The id of the document that each sentence is from, by the sentence's vector."""
    return {
        vector.tobytes(): document.id
        for document in given
        for vector in encoded(*sentences(document))
    }


def test_every_library_is_asked_the_everyday_questions(
    context: BuildContext, progress: Silent
) -> None:
    put(context, *documents(1))
    asked = everyday_of(context)
    assert asked.dtype == np.float32
    assert np.array_equal(asked, encoded(*everyday_questions()))
    assert progress.steps == [("Asking", 200)]


def test_of_a_small_library_all_sentences_are_chosen(
    context: BuildContext, progress: Silent
) -> None:
    given = documents(12)
    put(context, *given)
    chosen = sentences_of(context)
    ids = ids_by_vector(given)
    assert chosen.dtype == np.float32
    assert len(chosen) == len(ids) == 30
    assert {vector.tobytes() for vector in chosen} == ids.keys()
    assert progress.steps == [("Asking", 30)]


def test_documents_are_chosen_by_a_hash_of_their_ids(
    context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.build.calibration.SENTENCE_DOCUMENTS", 5)
    given = documents(24)
    put(context, *given)
    ids = ids_by_vector(given)
    found = [ids[vector.tobytes()] for vector in sentences_of(context)]
    by_hash = sorted(
        given, key=lambda each: hashlib.blake2b(each.id.encode(), digest_size=8).digest()
    )
    assert sorted(found) == sorted(each.id for each in by_hash[:5] for _ in sentences(each))


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
    one = sentences_of(context)
    with building(tmp_path / "w", Silent()) as backwards:
        put(backwards, *given[::-1])
        other = sentences_of(backwards)
        assert list(backwards.writer.ids()) != list(context.writer.ids())
    ids = ids_by_vector(given)
    assert 1 < len(one) <= of_sentences
    assert len({ids[vector.tobytes()] for vector in one}) <= of_documents
    assert one.tobytes() == other.tobytes()


def test_a_library_that_changed_is_asked_as_one_built_at_once(
    context: BuildContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("embedder.build.calibration.OWN_SENTENCES", 10)
    given = documents(24)
    gone = Document(id="gone", abstract="It is removed again. So is this.")
    put(context, gone, *given[9:], replace(given[0], abstract="Its first sentence."))
    before = sentences_of(context)
    context.writer.remove_document("gone")
    put(context, *given[:9])
    changed = sentences_of(context)
    with building(tmp_path / "w", Silent()) as at_once:
        put(at_once, *given)
        fresh = sentences_of(at_once)
    assert before.shape == changed.shape == (10, 16)
    assert before.tobytes() != changed.tobytes()
    assert changed.tobytes() == fresh.tobytes()


def test_an_empty_library_is_asked_nothing(context: BuildContext, progress: Silent) -> None:
    assert everyday_of(context).shape == sentences_of(context).shape == (0, 16)
    assert progress.steps == [("Asking", 0), ("Asking", 0)]


def test_a_library_without_abstracts_is_asked_everyday_questions_only(
    context: BuildContext,
) -> None:
    put(context, Document(id="a", title="Only a title"))
    assert everyday_of(context).shape == (200, 16)
    assert sentences_of(context).shape == (0, 16)
