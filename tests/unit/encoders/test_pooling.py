"""Sentence vectors by pooling: which tokens belong to a span, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from embedder.encoders.pooling import check_lengths, each_alone, pool
from embedder.errors import EncoderError
from embedder.records import Passage, Span
from embedder.vectors import Float32Array

# [CLS], three words of a text, [SEP]; the special ones have empty offsets.
TOKENS = np.array([[9, 9], [1, 0], [0, 1], [0, 3], [9, 9]], dtype=np.float32)
OFFSETS = np.array([[0, 0], [0, 4], [5, 9], [10, 14], [0, 0]])
PASSAGE = np.array([0.6, 0.8], dtype=np.float32)


def pooled(*spans: tuple[int, int]) -> Float32Array:
    return pool(TOKENS, OFFSETS, np.asarray(spans).reshape(-1, 2), PASSAGE)


def test_a_span_has_the_normalised_mean_of_its_tokens() -> None:
    half = np.sqrt(0.5)
    wanted = np.array([[half, half], [0, 1], [1, 0]], dtype=np.float32)
    np.testing.assert_allclose(pooled((0, 9), (10, 14), (0, 4)), wanted, atol=1e-7)


def test_a_token_belongs_to_each_span_that_it_overlaps() -> None:
    wanted = np.array([[1, 0], [1, 0]], dtype=np.float32)
    np.testing.assert_allclose(pooled((0, 2), (3, 5)), wanted, atol=1e-7)


def test_a_span_without_tokens_has_the_vector_of_the_passage() -> None:
    np.testing.assert_allclose(pooled((14, 20), (4, 5)), np.stack([PASSAGE, PASSAGE]), atol=1e-7)


def test_no_spans_give_no_rows() -> None:
    assert pooled().shape == (0, 2)


def a_passage(text: str, *offsets: tuple[int, int]) -> Passage:
    return Passage(text, tuple(Span("abstract", *each) for each in offsets), offsets)


def test_a_passage_of_as_many_tokens_as_fit_is_read_and_a_longer_one_is_refused() -> None:
    passages = [a_passage("short"), a_passage("x" * 30)]
    check_lengths(passages, [10, 9], 10, "m")
    with pytest.raises(EncoderError) as caught:
        check_lengths(passages, [10, 11], 10, "m")
    assert caught.value.message == (
        "a passage of 11 tokens (30 characters) is longer than the 10 that m reads"
    )


def test_sentences_read_alone_stay_with_their_passage() -> None:
    def encode(texts: Sequence[str]) -> Float32Array:
        return np.array([[len(text), ord(text[0])] for text in texts], dtype=np.float32)

    passages = [a_passage("ab cde", (0, 2), (3, 6)), a_passage("f", (0, 1))]
    one, other = each_alone(passages, encode)
    assert one.passage.tolist() == [6, ord("a")]
    assert one.sentences.tolist() == [[2, ord("a")], [3, ord("c")]]
    assert (other.passage.tolist(), other.sentences.tolist()) == ([1, ord("f")], [[1, ord("f")]])
    assert each_alone([], lambda _: np.empty((0, 2), dtype=np.float32)) == []
