"""The words of a text, and their singulars."""

from __future__ import annotations

from typing import Any

import pytest

from embedder.text.words import Word, folded_words, singular, word_set, words


def written(text: str) -> list[str]:
    return [word.written for word in words(text)]


def forms(text: str) -> list[str]:
    return [word.form for word in words(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("One, two; three.", ["One", "two", "three"], id="signs"),
        pytest.param("live-in help", ["live", "in", "help"], id="hyphen"),
        pytest.param("don't", ["don", "t"], id="apostrophe"),
        pytest.param("the maid's room", ["the", "maid", "room"], id="possessive"),
        pytest.param("the maid’s room", ["the", "maid", "room"], id="curly possessive"),
        pytest.param("the maids' room", ["the", "maids", "room"], id="possessive plural"),
        pytest.param("UN.GIFT and M&E", ["UN.GIFT", "and", "M&E"], id="acronyms of two parts"),
        pytest.param("SDG 8.7", ["SDG", "8.7"], id="number"),
        pytest.param("Asked the UN. Then left", ["Asked", "the", "UN", "Then", "left"], id="end"),
        pytest.param("EU countries.This", ["EU", "countries", "This"], id="no space"),
        pytest.param("Türkiye café", ["Türkiye", "café"], id="accents"),
        pytest.param("помощь 人口", ["помощь", "人口"], id="other scripts"),
        pytest.param("", [], id="empty"),
        pytest.param(" …!? •\n", [], id="no word"),
        # BUG: a capital after a full stop without a space is torn off its word: `UK.T`, `he`.
        pytest.param("in the UK.The police", ["in", "the", "UK", "The", "police"], id="UK.The"),
        pytest.param("since 2015.This is", ["since", "2015", "This", "is"], id="2015.This"),
        # BUG: an accent that is a character of its own (as macOS writes) parts the word.
        pytest.param("Tu\u0308rkiye", ["Tu\u0308rkiye"], id="decomposed accent"),
    ],
)
def test_a_text_is_split_into_words(text: str, parts: list[str] | list[Any]) -> None:
    assert written(text) == parts


@pytest.mark.parametrize(
    "text", ["She’s a live-in maid; M&E!", "  UN.GIFT\n\tTürkiye", "İstanbul ﬁnds 👩‍👩‍👧 a maid"]
)
def test_each_word_is_at_its_offsets(text: str) -> None:
    found = words(text)
    assert found
    assert [text[word.start : word.end] for word in found] == [word.written for word in found]
    assert [word.start for word in found] == sorted({word.start for word in found})


def test_a_word_has_its_place_and_form() -> None:
    assert words("Two Maids") == [Word("Two", "two", 0, 3), Word("Maids", "maid", 4, 9)]


@pytest.mark.parametrize("text", ["policies", "Policy", "POLICIES", "pólicy"])
def test_the_form_is_without_case_accents_and_number(text: str) -> None:
    assert forms(text) == ["policy"]


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("victims", "victim"),
        ("cases", "case"),
        ("houses", "house"),
        ("policies", "policy"),
        ("families", "family"),
        ("abuses", "abuse"),
        ("shoes", "shoe"),
        ("trainees", "trainee"),
        ("abuse", "abuse"),
        ("abroad", "abroad"),
        ("us", "us"),
        ("gas", "gas"),
        ("virus", "virus"),
        ("process", "process"),
        ("ies", "ies"),
        ("s", "s"),
        ("", ""),
    ],
)
def test_the_singular_of_a_word(word: str, form: str) -> None:
    assert singular(word) == form


@pytest.mark.parametrize("word", ["victims", "cases", "policies", "houses", "virus", "shoes"])
def test_the_singular_of_a_singular_is_itself(word: str) -> None:
    assert singular(singular(word)) == singular(word)


@pytest.mark.parametrize(
    ("plural", "one"), [("children", "child"), ("women", "woman"), ("men", "man"), ("omen", "omen")]
)
def test_plurals_without_an_ending_have_a_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


def test_the_words_of_a_name_are_without_case_accents_and_dots() -> None:
    assert folded_words("Côte d'Ivoire, U.S.A.") == ("cote", "d", "ivoire", "usa")
    assert folded_words("") == ()


def test_a_list_of_words_is_a_set() -> None:
    assert word_set("one two  one\nthree") == {"one", "two", "three"}
