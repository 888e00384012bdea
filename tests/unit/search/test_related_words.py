"""Words of the library that are near a word that it does not use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.index.exact import ExactIndex
from embedder.search.related_words import RelatedWords
from embedder.vectors import Float32Array


def rows(*values: tuple[float, ...]) -> Float32Array:
    return np.asarray(values, dtype=np.float32)


# Cosines with (1, 0): 1, 0.8, 0.6, 0.5, 0.28, 0, -1.
WORDS = ["same", "near", "nearish", "just", "far", "none", "opposite"]
VECTORS = rows((1, 0), (0.8, 0.6), (0.6, -0.8), (0.5, 0.75**0.5), (0.28, 0.96), (0, 1), (-1, 0))


def of(words: Sequence[str], vectors: Float32Array) -> RelatedWords:
    return RelatedWords(words, ExactIndex(vectors).search)


@pytest.fixture
def words() -> RelatedWords:
    return of(WORDS, VECTORS)


def test_the_three_nearest_words_are_found_with_their_cosines(words: RelatedWords) -> None:
    (found,) = words.near(rows((1, 0)))
    assert found == pytest.approx({"same": 1.0, "near": 0.8, "nearish": 0.6}, abs=1e-6)
    assert list(found) == ["same", "near", "nearish"]


def test_words_below_a_half_are_not_near(words: RelatedWords) -> None:
    (found,) = words.near(rows((-1, 0)))
    assert found == pytest.approx({"opposite": 1.0})


def test_a_word_at_exactly_a_half_is_near() -> None:
    (found,) = of(["half", "less"], rows((0.5, 0), (0.499, 0))).near(rows((1, 0)))
    assert found == {"half": 0.5}


def test_each_row_has_its_own_words(words: RelatedWords) -> None:
    one, two = words.near(rows((1, 0), (0, 1)))
    assert "same" in one
    assert list(two) == ["none", "far", "just"]


def test_of_equally_near_words_the_first_are_found() -> None:
    near = of(list("abcde"), rows(*[(1, 0)] * 5)).near(rows((1, 0)))
    assert list(near[0]) == ["a", "b", "c"]


def test_nothing_is_near_when_all_are_far() -> None:
    assert of(["far"], rows((0, 1))).near(rows((1, 0))) == [{}]


def test_no_questions_have_no_words(words: RelatedWords) -> None:
    assert words.near(np.empty((0, 2), dtype=np.float32)) == []


def test_without_words_nothing_is_near() -> None:
    empty = of([], np.empty((0, 2), dtype=np.float32))
    assert empty.near(rows((1, 0), (0, 1))) == [{}, {}]


# With the real model.


@pytest.mark.parametrize(
    ("word", "near"), [("quake", "earthquake"), ("kids", "children"), ("cops", "police")]
)
def test_the_model_knows_which_words_are_near(word: str, near: str, encoder: Encoder) -> None:
    words = ["earthquake", "children", "police", "trafficking", "programme", "shelter"]
    (found,) = of(words, encoder.encode_queries(words)).near(encoder.encode_queries([word]))
    assert next(iter(found)) == near


def test_words_of_another_script_are_recognised() -> None:
    related_words = of(["shelter", "naïve"], np.eye(2, dtype=np.float32))
    assert related_words.in_their_script("Zuflucht")
    assert related_words.in_their_script("x-ray 2")
    assert not related_words.in_their_script("وأحيلهم")
    assert not related_words.in_their_script("shelterприют")
