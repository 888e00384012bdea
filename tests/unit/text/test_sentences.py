"""Where the sentences of a text begin and end."""

from __future__ import annotations

import sys

import pytest

from embedder.formats import listing
from embedder.text.sentences import split_sentences
from tests.conftest import SEEDS
from tests.support.spans import uncovered


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("One. Two! Three?", ["One.", "Two!", "Three?"], id="three"),
        pytest.param("no end", ["no end"], id="no full stop"),
        pytest.param("", [], id="empty"),
        pytest.param(" \n\t", [], id="white space"),
        pytest.param("  One.   Two.\n", ["One.", "Two."], id="spaces around"),
        pytest.param("One.\n\nTwo.", ["One.", "Two."], id="paragraphs"),
        pytest.param(
            "while entering EU countries.This situation is new.",
            ["while entering EU countries.", "This situation is new."],
            id="seed, no space after a full stop",
        ),
        pytest.param(
            "along the migration routes.The research took place.",
            ["along the migration routes.", "The research took place."],
            id="seed, again",
        ),
        pytest.param(
            "Dr. Healy of the U.S. office spoke, e.g. in 2019. Art. 3(a) was named. It cost 8.7 m.",
            [
                "Dr. Healy of the U.S. office spoke, e.g. in 2019.",
                "Art. 3(a) was named.",
                "It cost 8.7 m.",
            ],
            id="abbreviations and numbers",
        ),
        pytest.param(
            "It aims to: • prevent; • protect. • To prosecute. Then more.",
            ["It aims to: • prevent; • protect.", "• To prosecute.", "Then more."],
            id="bullets",
        ),
        pytest.param(
            "First steps: • To see • Élan • To help Those who help. Similarly, others.The end.",
            [
                "First steps:",
                "• To see",
                "• Élan",
                "• To help Those who help.",
                "Similarly, others.",
                "The end.",
            ],
            id="seed, sentences behind a bullet",
        ),
        pytest.param("你好。世界！", ["你好。", "世界！"], id="other script"),
    ],
)
def test_a_text_is_split_into_sentences(text: str, parts: list[str]) -> None:
    assert split(text) == parts


SPACES = [chr(at) for at in range(sys.maxunicode) if chr(at).isspace()]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: f"U+{ord(space):04X}")
def test_offsets_are_right_around_any_white_space(space: str) -> None:
    text = "_“One._Two”__Dr. A._\n_Three.[1]_\n\nFour._".replace("_", space)
    places = split_sentences(text)
    assert uncovered(text, places) == []
    assert [part for part in split(text) if part != part.strip()] == []
    assert split(text)[-1] == "Four."


def test_seed_sentences_without_a_space_between_are_separated() -> None:
    abstracts = [
        each.document.abstract for path in SEEDS.glob("*.txt") for each in listing.read(path)
    ]
    ends = [part for text in abstracts for part in split(text) if part.endswith("EU countries.")]
    starts = [part for text in abstracts for part in split(text) if part.startswith("The research")]
    assert len(ends) == 2  # the same document on two pages
    assert starts
    assert not [part for text in abstracts for part in split(text) if "countries.This" in part]
    assert not [part for text in abstracts for part in split(text) if "routes.The" in part]
