"""Which words of a library have their vectors kept."""

from __future__ import annotations

import pytest

from embedder.text import vocabulary
from embedder.text.vocabulary import MAX_VOCABULARY, kept_words


def test_words_are_kept_the_commonest_first_then_by_the_alphabet() -> None:
    assert kept_words({"b": 2, "c": 5, "a": 2, "d": 1}) == ["c", "a", "b", "d"]


@pytest.mark.parametrize(
    ("limit", "kept"), [(0, []), (1, ["c"]), (2, ["c", "a"]), (4, ["c", "a", "b", "d"])]
)
def test_of_a_large_vocabulary_the_rarest_are_left_out(
    limit: int, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "MAX_VOCABULARY", limit)
    assert kept_words({"b": 2, "c": 5, "a": 2, "d": 1}) == kept


def test_the_limit_is_fifty_thousand_words() -> None:
    words = {f"{number:05}": 1 for number in range(MAX_VOCABULARY + 1)}
    kept = kept_words(words)
    assert len(kept) == 50_000
    assert kept == sorted(words)[:-1]


def test_no_words_are_kept_of_none() -> None:
    assert kept_words({}) == []
