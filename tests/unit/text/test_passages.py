"""Passages and windows that fit the model, without loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from embedder.encoders.encoder import Encoder
from embedder.formats import listing
from embedder.records import Document, Passage, Span
from embedder.text.passages import content_hash, split_into_passages, split_into_windows
from tests.conftest import SEEDS
from tests.support.spans import uncovered

CountTokens = Callable[[Sequence[str]], list[int]]


def count_words(texts: Sequence[str]) -> list[int]:
    """Count as a plain model would: a token a word."""
    return [len(text.split()) for text in texts]


def count_characters(texts: Sequence[str]) -> list[int]:
    """Count as a model that reads white space too, a token a character."""
    return [len(text) for text in texts]


def document(title: str, abstract: str) -> Document:
    return Document(id="x", title=title, abstract=abstract)


def check(source: Document, found: Sequence[Passage], count: CountTokens, room: int) -> None:
    """Check what holds of every document's passages."""
    for passage in found:
        assert count([passage.text])[0] <= room
        for span, (start, end) in zip(passage.sentences, passage.offsets, strict=True):
            sentence = getattr(source, span.field)[span.start : span.end]
            assert passage.text[start:end] == sentence
            assert sentence.strip()
    spans = [span for passage in found for span in passage.sentences]
    abstract = [(span.start, span.end) for span in spans if span.field == "abstract"]
    assert abstract == sorted(abstract)
    assert uncovered(source.abstract, abstract) == []
    title = [(span.start, span.end) for span in spans if span.field == "title"]
    assert uncovered(source.title, title) == []


# Passages, in words.


def test_a_short_document_is_one_passage_under_its_title() -> None:
    found = split_into_passages(document("A title", "One two. Three four."), count_words, 20)
    assert found == [
        Passage(
            text="A title\nOne two. Three four.",
            sentences=(Span("title", 0, 7), Span("abstract", 0, 8), Span("abstract", 9, 20)),
            offsets=((0, 7), (8, 16), (17, 28)),
        )
    ]


def test_each_passage_stands_under_the_title_which_is_a_sentence_of_the_first() -> None:
    found = split_into_passages(
        document("A title", "One two. Three four. Five six."), count_words, 6
    )
    assert [each.text for each in found] == ["A title\nOne two. Three four.", "A title\nFive six."]
    assert [each.offsets for each in found] == [((0, 7), (8, 16), (17, 28)), ((8, 17),)]
    assert [each.sentences for each in found] == [
        (Span("title", 0, 7), Span("abstract", 0, 8), Span("abstract", 9, 20)),
        (Span("abstract", 21, 30),),
    ]


@pytest.mark.parametrize(("room", "texts"), [(6, 1), (5, 2), (4, 2)])
def test_sentences_fill_the_room_to_the_last_token(room: int, texts: int) -> None:
    assert (
        len(split_into_passages(document("A title", "One two. Three four."), count_words, room))
        == texts
    )


def test_a_sentence_that_does_not_fit_is_cut_at_a_space_near_its_middle() -> None:
    found = split_into_passages(
        document("", "one two three four five six seven eight"), count_words, 4
    )
    assert [each.text for each in found] == ["one two three four", "five six seven eight"]


def test_pieces_of_a_cut_sentence_are_its_places() -> None:
    (found,) = split_into_passages(document("T", "one two three. Four"), count_words, 5)
    assert found.sentences == (
        Span("title", 0, 1),
        Span("abstract", 0, 14),
        Span("abstract", 15, 19),
    )
    cut = split_into_passages(document("T", "one two three. Four"), count_words, 3)
    assert [[(s.field, s.start, s.end) for s in each.sentences] for each in cut] == [
        [("title", 0, 1), ("abstract", 0, 7)],
        [("abstract", 8, 14), ("abstract", 15, 19)],
    ]


def test_a_title_alone_is_a_passage_of_itself() -> None:
    assert split_into_passages(document(" A title ", ""), count_words, 20) == [
        Passage(text="A title", sentences=(Span("title", 1, 8),), offsets=((0, 7),))
    ]


def test_an_abstract_without_a_title_has_no_text_above() -> None:
    assert split_into_passages(document("", "One two."), count_words, 20) == [
        Passage(text="One two.", sentences=(Span("abstract", 0, 8),), offsets=((0, 8),))
    ]


@pytest.mark.parametrize(("title", "abstract"), [("", ""), (" ", "\n"), ("\u2003", "")])
def test_a_document_without_text_has_no_passages(title: str, abstract: str) -> None:
    assert split_into_passages(document(title, abstract), count_words, 20) == []


def test_a_title_may_take_half_of_the_room() -> None:
    found = split_into_passages(document("one two three", "Four five six. Seven."), count_words, 6)
    assert [each.text for each in found] == [
        "one two three\nFour five six.",
        "one two three\nSeven.",
    ]


def test_a_longer_title_is_read_as_passages_of_its_own() -> None:
    found = split_into_passages(document("one two three. four", "Five six. Seven."), count_words, 6)
    assert [(each.text, each.sentences[0].field) for each in found] == [
        ("one two three. four", "title"),
        ("Five six. Seven.", "abstract"),
    ]


@pytest.mark.parametrize("room", [1, 2, 3, 7, 50])
def test_any_room_holds_a_document(room: int) -> None:
    source = document("one two three", "Four five. Six seven eight nine ten! Eleven? 12.5 13 14")
    check(source, split_into_passages(source, count_words, room), count_words, room)


# BUG: `_runs` adds up the sentences' tokens and leaves out those of the white space between
# them. The default model has none there, others (byte-level BPE) do: the passage is too long.
def test_white_space_counts_where_the_model_reads_it() -> None:
    source = document("A title", "One two. Three four.\n\n\nFive six. Seven eight nine ten eleven.")
    for room in range(14, 80):
        check(source, split_into_passages(source, count_characters, room), count_characters, room)


# Passages, with the real model's tokens.


@pytest.fixture(scope="module")
def seeds() -> list[Document]:
    return [each.document for path in sorted(SEEDS.glob("*.txt")) for each in listing.read(path)]


def test_seeds_are_cut_without_loss(seeds: list[Document], encoder: Encoder) -> None:
    assert encoder.max_tokens == 254  # 256 with [CLS] and [SEP]
    for each in seeds:
        found = split_into_passages(each, encoder.count_tokens, encoder.max_tokens)
        check(each, found, encoder.count_tokens, encoder.max_tokens)
        assert all(passage.text.startswith(each.title + "\n") for passage in found)


def test_a_seed_that_fits_is_one_passage(seeds: list[Document], encoder: Encoder) -> None:
    for each in seeds:
        (tokens,) = encoder.count_tokens([each.title + "\n" + each.abstract])
        found = split_into_passages(each, encoder.count_tokens, encoder.max_tokens)
        assert (len(found) == 1) == (tokens <= encoder.max_tokens), each.title


def test_the_longest_seed_is_three_passages(seeds: list[Document], encoder: Encoder) -> None:
    longest = max(seeds, key=lambda each: len(each.abstract))
    assert longest.title.startswith("Trafficking Along Migration Routes to Europe.")
    assert encoder.count_tokens([longest.abstract])[0] > 450
    found = split_into_passages(longest, encoder.count_tokens, encoder.max_tokens)
    assert len(found) == 3
    assert found[0].text.startswith(f"{longest.title}\nThe years 2015-2016 saw")
    assert found[2].text.endswith(longest.abstract[-40:])


LONG_SENTENCE = "the person moved on and " * 300


@pytest.mark.parametrize(
    ("title", "abstract"),
    [
        pytest.param("A title", LONG_SENTENCE, id="a long sentence"),
        pytest.param("A title", "x" * 5000, id="a giant word"),
        pytest.param("A title", f"Before. {'x' * 5000} after. Last.", id="a giant word inside"),
        pytest.param("A title", "人口贩运" * 300, id="no spaces at all"),
        pytest.param("A title", "人口贩运。" * 300, id="sentences without spaces"),
        pytest.param("A title", "!?" * 600, id="signs only"),
        pytest.param("A title", "a.b" * 400, id="full stops without spaces"),
        pytest.param(LONG_SENTENCE, "A short abstract.", id="a very long title"),
        pytest.param(LONG_SENTENCE, LONG_SENTENCE, id="both long"),
        pytest.param(LONG_SENTENCE, "", id="a very long title alone"),
        pytest.param("x" * 5000, "One. Two.", id="a giant word as title"),
        pytest.param("A title", "One.\n\n\n" * 200, id="many paragraphs"),
        pytest.param("A title", "• One\n• Two; • three.\n" * 60, id="bullets"),
        pytest.param("A title", "https://example.org/a/b?c=d&e=f-g_h;" * 40, id="addresses"),
        pytest.param(
            "A\ttitle\n ", "\u200b\ufeff. e\u0301 \x00 \x1c 👩‍👩‍👧 ﬁ №", id="odd characters"
        ),
        # BUG: a word cut in the middle may take more tokens joined again than its halves did
        # apart; `_runs` joins halves by the sum of their counts, the passage is a token too
        # long, and `encode_passages` refuses it, and with it the whole build.
        pytest.param("", "/".join(["0123456789"] * 254), id="a giant word of many tokens"),
    ],
)
def test_whatever_is_written_fits_and_nothing_is_lost(
    title: Any, abstract: Any, encoder: Encoder
) -> None:
    source = document(title, abstract)
    found = split_into_passages(source, encoder.count_tokens, encoder.max_tokens)
    assert found
    check(source, found, encoder.count_tokens, encoder.max_tokens)


# fmt: off
WORDS = [
    "person", "trafficked", "Dr.", "e.g.", "U.S.", "No.", "I.", "A.", "(i)", "1.", "[1]", "3.5",
    "countries.This", "routes.The", "https://x.org/a.b?c=d", "a/b/c", "x" * 120, "a sentence. Next",
    "•", "…", "...", "!", "?", "(", ")", "“", "”", "’", "-", "–", ";", ":", "。", "؟", "।",
    "é", "e\u0301", "ß", "İ", "ﬁ", "№", "漢字", "العربية", "नमस्ते", "😀", "👩‍👩‍👧",
    "\n", "\n\n", "\r", "\t", "\u00a0", "\u2028", "\u200b", "\x00", "\x1c",
]
# fmt: on


# BUG: at 5 and 16 tokens, the same as the giant word of many tokens.
@pytest.mark.parametrize("room", [5, 16, 64, 254])
def test_random_texts_fit_and_nothing_is_lost(room: int, encoder: Encoder) -> None:
    random = np.random.default_rng(room)
    for _ in range(60):
        space = str(random.choice([" ", " ", ""]))
        title, abstract = (
            space.join(random.choice(WORDS, size=random.integers(longest)))
            for longest in (room // 2, 200)
        )
        source = document(title, abstract)
        check(
            source,
            split_into_passages(source, encoder.count_tokens, room),
            encoder.count_tokens,
            room,
        )


# Windows of a query.


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("One two. Three four.", ["One two. Three four."], id="fits"),
        pytest.param("One two. Three four. Five.", ["One two. Three four.", "Five."], id="two"),
        pytest.param("  One two.  \n", ["One two."], id="spaces around"),
        pytest.param(
            "one two three four five six. Seven",
            ["one two three", "four five six. Seven"],
            id="cut",
        ),
        pytest.param("", [], id="empty"),
        pytest.param(" \n", [], id="white space"),
    ],
)
def test_windows_are_runs_of_whole_sentences(text: str, parts: list[str] | list[Any]) -> None:
    assert [text[start:end] for start, end in split_into_windows(text, count_words, 4)] == parts


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("She was promised work. " * 400, id="a page"),
        pytest.param(LONG_SENTENCE, id="a long sentence"),
        pytest.param("x" * 10_000, id="a giant word"),
        pytest.param("人口贩运" * 500, id="no spaces"),
        # BUG: as above; here the last token of the question is not read, in silence.
        pytest.param("/".join(["0123456789"] * 254), id="a giant word of many tokens"),
    ],
)
def test_windows_fit_and_nothing_is_lost(text: Any, encoder: Encoder) -> None:
    found = split_into_windows(text, encoder.count_tokens, encoder.max_tokens)
    counts = encoder.count_tokens([text[start:end] for start, end in found])
    assert max(counts) <= encoder.max_tokens
    assert found == sorted(found)
    assert uncovered(text, found) == []


# Content hashes.


PASSAGE = Passage(
    "T\nOne. Two.", (Span("abstract", 0, 4), Span("abstract", 5, 9)), ((2, 6), (7, 11))
)


def test_the_same_passage_has_the_same_hash_of_32_bytes() -> None:
    assert content_hash(PASSAGE) == content_hash(replace(PASSAGE))
    assert len(content_hash(PASSAGE)) == 32


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"text": "T\nOne. Two!"}, id="text"),
        pytest.param({"offsets": ((2, 6),)}, id="fewer sentences"),
        pytest.param({"offsets": ((2, 7), (7, 11))}, id="other places"),
        pytest.param({"offsets": ((2, 11),)}, id="one sentence"),
    ],
)
def test_passages_with_other_vectors_have_another_hash(other: dict[str, Any]) -> None:
    assert content_hash(replace(PASSAGE, **other)) != content_hash(PASSAGE)


def test_the_hash_does_not_depend_on_where_a_sentence_stands_in_its_document() -> None:
    elsewhere = (Span("title", 10, 14), Span("title", 15, 19))
    assert content_hash(replace(PASSAGE, sentences=elsewhere)) == content_hash(PASSAGE)
