"""Short texts are embedded once, and their vectors are the same ever after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from embedder.build.context import BuildContext
from embedder.vectors import Float16Array, Float32Array
from tests.conftest import Silent
from tests.support.words import WordEncoder


class Noting(WordEncoder):
    """The stand-in, noting the texts of each call."""

    def __init__(self, name: str = "words") -> None:
        super().__init__(name)
        self.asked: list[list[str]] = []
        self.reproducible: set[bool] = set()

    def encode_queries(self, texts: Sequence[str], *, reproducible: bool = False) -> Float32Array:
        self.asked.append(list(texts))
        self.reproducible.add(reproducible)
        return super().encode_queries(texts, reproducible=reproducible)


@pytest.fixture
def encoder() -> Noting:
    return Noting()


@pytest.fixture
def context(context: BuildContext, encoder: Noting) -> BuildContext:
    """As in the room's conftest, with an encoder that notes what it is asked."""
    return replace(context, encoder=encoder)


def rounded(*texts: str, name: str = "words") -> Float16Array:
    return WordEncoder(name).encode_queries(texts).astype(np.float16)


def test_texts_are_embedded_reproducibly_and_rounded(
    context: BuildContext, encoder: Noting, progress: Silent
) -> None:
    vectors = context.embed_texts("Asking", ["wage", "night shift", "wages"])
    assert vectors.dtype == np.float16
    assert vectors.shape == (3, 16)
    assert np.array_equal(vectors, rounded("wage", "night shift", "wages"))
    assert not np.array_equal(vectors, WordEncoder().encode_queries(["wage", "x", "wages"]))
    assert encoder.asked == [["wage", "night shift", "wages"]]
    assert encoder.reproducible == {True}
    assert progress.steps == [("Asking", 3)]


def test_stored_texts_are_not_embedded_again(
    context: BuildContext, encoder: Noting, progress: Silent
) -> None:
    first = context.embed_texts("Asking", ["a", "b"])
    again = context.embed_texts("Asking", ["a", "b"])
    more = context.embed_texts("Asking", ["c", "b", "d", "a"])
    assert encoder.asked == [["a", "b"], ["c", "d"]]
    assert progress.steps == [("Asking", 2), ("Asking", 0), ("Asking", 2)]
    assert again.dtype == more.dtype == np.float16
    assert again.tobytes() == first.tobytes()
    assert more.tobytes() == rounded("c", "b", "d", "a").tobytes()


def test_vectors_are_the_same_first_and_later_and_may_be_changed(context: BuildContext) -> None:
    first = context.embed_texts("Asking", ["a", "b"])
    kept = first.copy()
    first[:] = 0
    later = context.embed_texts("Asking", ["b", "a"])
    assert later.tobytes() == kept[::-1].tobytes()
    later[:] = 0
    assert context.embed_texts("Asking", ["a", "b"]).tobytes() == kept.tobytes()


def test_a_text_given_twice_is_embedded_once(
    context: BuildContext, encoder: Noting, progress: Silent
) -> None:
    vectors = context.embed_texts("Asking", ["a", "b", "a", "a", "b"])
    assert encoder.asked == [["a", "b"]]
    assert progress.steps == [("Asking", 2)]
    assert vectors.tobytes() == rounded("a", "b", "a", "a", "b").tobytes()
    assert context.embed_texts("Asking", ["b", "b"]).tobytes() == rounded("b", "b").tobytes()


def test_no_texts_have_no_vectors(context: BuildContext, encoder: Noting, progress: Silent) -> None:
    vectors = context.embed_texts("Asking", [])
    assert vectors.dtype == np.float16
    assert vectors.shape == (0, 16)
    assert encoder.asked == []
    assert progress.steps == [("Asking", 0)]


HOSTILE = (
    "",
    " ",
    "a",
    "A",
    "é",
    "e\u0301",
    "a\0b",
    "a\0c",
    "'; DROP TABLE texts; --",
    "🦊",
    "\u2028",
)


def test_texts_are_told_apart_to_the_letter(context: BuildContext, encoder: Noting) -> None:
    first = context.embed_texts("Asking", HOSTILE)
    assert encoder.asked == [list(HOSTILE)]
    assert first.tobytes() == rounded(*HOSTILE).tobytes()
    assert context.embed_texts("Asking", HOSTILE[::-1]).tobytes() == first[::-1].tobytes()
    assert len(encoder.asked) == 1


def test_another_model_embeds_them_again(context: BuildContext, encoder: Noting) -> None:
    context.embed_texts("Asking", ["a"])
    other = Noting("other words")
    vectors = replace(context, encoder=other).embed_texts("Asking", ["a"])
    assert vectors.tobytes() == rounded("a", name="other words").tobytes()
    assert vectors.tobytes() != rounded("a").tobytes()
    assert context.embed_texts("Asking", ["a"]).tobytes() == rounded("a").tobytes()
    assert (encoder.asked, other.asked) == ([["a"]], [["a"]])


def test_a_damaged_vector_is_embedded_again(context: BuildContext, encoder: Noting) -> None:
    context.embed_texts("Asking", ["a", "b"])
    context.writer._db.execute("UPDATE texts SET vector = zeroblob(32) WHERE text = 'a'")
    for _ in range(2):
        vectors = context.embed_texts("Asking", ["a", "b"])
        assert vectors.tobytes() == rounded("a", "b").tobytes()
    assert encoder.asked == [["a", "b"], ["a"]]


class Counting(Silent):
    """Progress that records how far each call went."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[int] = []

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        with super().step(name, total):
            yield self.done.append


@pytest.mark.parametrize("texts", [2, 3, 4, 7])
def test_many_texts_are_embedded_in_batches(
    context: BuildContext, encoder: Noting, monkeypatch: pytest.MonkeyPatch, texts: int
) -> None:
    monkeypatch.setattr("embedder.build.context._TEXTS_PER_BATCH", 3)
    progress = Counting()
    given = [f"word{at}" for at in range(texts)]
    vectors = replace(context, progress=progress).embed_texts("Asking", [*given, "word0"])
    assert encoder.asked == [given[at : at + 3] for at in range(0, texts, 3)]
    assert progress.done == [len(each) for each in encoder.asked]
    assert progress.steps == [("Asking", texts)]
    assert vectors.tobytes() == rounded(*given, "word0").tobytes()


def test_more_texts_than_one_query_of_the_database_can_name(
    context: BuildContext, encoder: Noting
) -> None:
    given = [f"word{at}" for at in range(1203)]
    with context.writer.transaction():
        first = context.embed_texts("Asking", given)
    assert first.tobytes() == rounded(*given).tobytes()
    assert context.embed_texts("Asking", given).tobytes() == first.tobytes()
    assert [len(each) for each in encoder.asked] == [1024, 179]


def test_texts_of_a_transaction_that_fails_are_not_kept(
    context: BuildContext, encoder: Noting
) -> None:
    def interrupted() -> None:
        with context.writer.transaction():
            context.embed_texts("Asking", ["a"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert context.embed_texts("Asking", ["a"]).tobytes() == rounded("a").tobytes()
    assert encoder.asked == [["a"], ["a"]]
