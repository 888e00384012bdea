"""Tokens counted and decoded with a tokenizer of six words."""

from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from embedder.encoders.tokens import count_tokens, decode, prompts_of
from embedder.errors import EncoderError


@pytest.fixture
def tokenizer() -> Tokenizer:
    words = ["[PAD]", "[UNK]", "they", "were", "paid", "never"]
    vocabulary = {word: number for number, word in enumerate(words)}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=words[1]))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[PAD]", "[UNK]"])
    return made


@pytest.mark.parametrize("texts", [["they were paid"], ["they were paid", "", "never so"]])
def test_tokens_are_counted_text_by_text(tokenizer: Tokenizer, texts: list[str]) -> None:
    assert count_tokens(tokenizer, texts) == [3, 0, 2][: len(texts)]


def test_no_texts_have_no_counts(tokenizer: Tokenizer) -> None:
    assert count_tokens(tokenizer, []) == []


def test_special_tokens_are_left_out_but_for_unknown_words(tokenizer: Tokenizer) -> None:
    assert decode(tokenizer, [0, 2, 3, 1, 0]) == "they were [UNK]"
    assert decode(tokenizer, []) == ""


@pytest.mark.parametrize("number", [-1, 6, 2**40])
def test_an_id_outside_the_vocabulary_is_refused_without_being_shown(
    tokenizer: Tokenizer, number: int
) -> None:
    with pytest.raises(EncoderError) as caught:
        decode(tokenizer, [2, number])
    assert caught.value.message == (
        "a token is not in the model's vocabulary of 6: it is of another tokenizer"
    )


def test_prompts_that_a_model_does_not_have_are_left_out() -> None:
    assert prompts_of("query: ", "") == {"query": "query: "}
    assert prompts_of("q: ", "d: ") == {"query": "q: ", "document": "d: "}
    assert prompts_of("", "") == {}
