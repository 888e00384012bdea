"""Questions, encoded: vectors of the whole and of its parts, and what keywords look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from embedder.search.related_words import RelatedWords

from embedder.encoders.encoder import Encoder
from embedder.index.lexical import Phrase
from embedder.records import Question, RankingWeights
from embedder.search import query
from embedder.search.fusion import estimated_minimum
from embedder.search.query import EncodedQuery, from_vector
from embedder.search.served import ServedGeneration
from embedder.vectors import normalise
from tests.support.words import WordEncoder
from tests.unit.search.conftest import Ask

pytestmark = pytest.mark.slow

STORY = "Herons wade. My tabby naps all day! Fish swim in rivers."


def encode(
    served: ServedGeneration,
    text: str,
    weights: RankingWeights | None = None,
    *,
    expand: bool = True,
) -> EncodedQuery:
    return query.encode(served, Question(text, expand=expand), weights or RankingWeights())


def test_one_sentence_is_one_vector(served: ServedGeneration) -> None:
    encoded = encode(served, "Fish swim in rivers.", expand=False)
    (wanted,) = served.encoder.encode_queries(["Fish swim in rivers."])
    assert encoded.vectors.shape == (1, 16)
    assert encoded.vector.tolist() == wanted.tolist()
    assert (encoded.part_weights.tolist(), encoded.part_spans) == ([], ())
    assert encoded.evidence_rows().tolist() == [0]


def test_several_sentences_have_a_vector_each_after_the_whole(served: ServedGeneration) -> None:
    encoded = encode(served, STORY, expand=False)
    assert [STORY[start:end] for start, end in encoded.part_spans] == [
        "Herons wade.",
        "My tabby naps all day!",
        "Fish swim in rivers.",
    ]
    texts = [STORY, *(STORY[start:end] for start, end in encoded.part_spans)]
    assert encoded.vectors.tolist() == served.encoder.encode_queries(texts).tolist()


def test_parts_weigh_by_the_information_of_their_words(served: ServedGeneration) -> None:
    encoded = encode(served, "In the. Herons wade. Rivers.", expand=False)
    information = [
        served.lexical.information(Phrase(part)) for part in ("In the.", "Herons wade.", "Rivers.")
    ]
    wanted = [value / max(information) for value in information]
    assert encoded.part_weights.tolist() == pytest.approx(wanted)
    assert max(wanted) == 1.0
    assert wanted[0] == 0.0
    # A part that says nothing is not shown; the whole always is.
    assert encoded.evidence_rows().tolist()[:2] == [0, 2]


def test_parts_may_weigh_alike(served: ServedGeneration) -> None:
    weights = RankingWeights(informative_parts=False)
    encoded = encode(served, "In the. Herons wade. Rivers.", weights, expand=False)
    assert encoded.part_weights.tolist() == [1.0, 1.0, 1.0]
    assert encoded.evidence_rows().tolist() == [0, 1, 2, 3]


def test_keywords_may_weigh_alike_in_all_parts(served: ServedGeneration) -> None:
    encoded = encode(served, STORY, expand=False)
    alike = encode(served, STORY, RankingWeights(informative_words=False), expand=False)
    wanted = [Phrase(STORY[start:end]) for start, end in encoded.part_spans]
    assert encoded.lexical.phrases == wanted
    assert alike.lexical == replace(encoded.lexical, informative=False)
    assert alike.part_weights.tolist() == encoded.part_weights.tolist()


def test_the_glossarys_terms_may_be_one_more_part(served: ServedGeneration) -> None:
    text = "Herons wade. A maid swims."
    encoded = encode(served, text)
    assert encoded.vectors.shape == (4, 16)  # the whole, two parts, and the terms
    (terms,) = {each.meaning for each in encoded.understood if each.kind == "term"}
    assert encoded.vectors[3].tolist() == served.encoder.encode_queries([terms])[0].tolist()
    without = encode(served, text, RankingWeights(terms_as_part=False))
    assert without.vectors.tolist() == encoded.vectors[:3].tolist()


def test_a_question_longer_than_the_model_reads_is_the_mean_of_its_windows(
    served: ServedGeneration,
) -> None:
    sentences = [f"Herons wade in {number} rivers by night." for number in range(20)]
    encoded = encode(served, " ".join(sentences), expand=False)
    assert served.encoder.count_tokens([" ".join(sentences)])[0] > 3 * served.encoder.max_tokens
    # Windows of 40 words hold five sentences of seven words.
    windows = [" ".join(sentences[start : start + 5]) for start in range(0, 20, 5)]
    wanted = normalise(served.encoder.encode_queries(windows).mean(axis=0))
    assert encoded.vector.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


def test_the_estimated_minimum_is_of_the_sample(served: ServedGeneration) -> None:
    encoded = encode(served, "Fish", expand=False)
    assert encoded.estimated_minimum == estimated_minimum(served.sample @ encoded.vector)


def test_words_that_neither_library_nor_glossary_has_are_unknown(served: ServedGeneration) -> None:
    encoded = encode(served, "quokkas hunt fish and wallabies")
    assert (encoded.word_count, encoded.unknown_word_count) == (5, 2)
    known = encode(served, "Herons hunt fish")
    assert (known.word_count, known.unknown_word_count) == (3, 0)


def test_a_question_that_is_not_expanded_counts_no_words(served: ServedGeneration) -> None:
    encoded = encode(served, "quokkas hunt fish", expand=False)
    assert (encoded.word_count, encoded.unknown_word_count) == (0, 0)
    assert encoded.lexical.phrases == [Phrase("quokkas hunt fish")]
    assert (encoded.lexical.related, encoded.lexical.rings) == ({}, ())
    assert encoded.understood == ()


FRENCH = "Les hérons mangent les poissons dans la rivière."


class Reader(WordEncoder):
    """Reads by language: its vectors are those of a model of the name of the language."""

    def for_queries(self, language: str) -> Encoder:
        return cast("Encoder", WordEncoder(language))


@pytest.mark.parametrize(
    ("text", "languages", "reader"),
    [
        pytest.param(STORY, ("en",), "en", id="English"),
        pytest.param(FRENCH, ("fr",), "fr", id="French"),
        pytest.param(f"{FRENCH} {FRENCH} {STORY}", ("fr", "en"), "fr", id="French first"),
        pytest.param(f"{STORY} {STORY} {FRENCH}", ("en", "fr"), "fr", id="English first"),
    ],
)
@pytest.mark.parametrize("expand", [True, False])
def test_a_question_is_encoded_by_the_reader_of_its_language(
    text: str, languages: tuple[str, ...], reader: str, expand: bool, served: ServedGeneration
) -> None:
    of_languages = replace(served, encoder=cast("Encoder", Reader()))
    encoded = encode(of_languages, text, expand=expand)
    assert encoded.languages == languages
    (wanted,) = WordEncoder(reader).encode_queries(
        [text[slice(*encoded.part_spans[0])]] if encoded.part_spans else [text]
    )
    row = 1 if encoded.part_spans else 0
    assert encoded.vectors[row].tolist() == wanted.tolist()


def test_words_of_other_languages_are_not_unknown_but_may_lower_the_known_share(
    served: ServedGeneration,
) -> None:
    encoded = encode(served, FRENCH)
    assert (encoded.word_count, encoded.unknown_word_count) == (0, 0)
    # No document is in French. Of six words two are stop words, and `hérons` is much like English.
    assert encoded.known_share == pytest.approx(3 / 6)
    assert encode(served, FRENCH, expand=False).known_share == 1.0
    assert encode(served, "Herons hunt quokkas").known_share == pytest.approx(2 / 3)


def test_weights_reach_the_keyword_search(served: ServedGeneration) -> None:
    encoded = encode(served, "fish", RankingWeights(title_weight=0.25, ring_weight=3.0))
    assert (encoded.lexical.title_weight, encoded.lexical.ring_weight) == (0.25, 3.0)


class Near:
    """Finds the same related words for every vector, and remembers how many were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def in_their_script(self, word: str) -> bool:
        return word.isascii()

    def near(self, vectors: Sequence[object]) -> list[dict[str, float]]:
        self.asked = len(vectors)
        return [{"fish": 0.75, "rivers": 0.5} for _ in vectors]


@pytest.fixture
def near() -> Near:
    return Near()


@pytest.fixture
def served_near(served: ServedGeneration, near: Near) -> ServedGeneration:
    return replace(served, related=cast("RelatedWords", near))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("quokkas hunt", 1, id="an unknown word"),
        pytest.param("fish hunt", 0, id="known words"),
        pytest.param("emu yak", 0, id="short words"),
        pytest.param("fish by Quokkas in Italy", 0, id="names"),
        pytest.param("кенгуру hunt", 0, id="another script"),
        pytest.param(" ".join(f"quokk{letter}" for letter in "abcdefgh"), 8, id="eight"),
        pytest.param(" ".join(f"quokk{letter}" for letter in "abcdefghi"), 0, id="nine"),
    ],
)
def test_related_words_are_looked_for_where_they_help(
    text: str, asked: int, served_near: ServedGeneration, near: Near
) -> None:
    encode(served_near, text)
    assert near.asked == asked


def test_no_related_words_are_looked_for_in_other_languages(
    served_near: ServedGeneration, near: Near
) -> None:
    encoded = encode(served_near, FRENCH)
    assert near.asked == 0
    assert (encoded.lexical.related, encoded.lexical.rings, encoded.understood) == ({}, (), ())
    assert encoded.lexical.phrases == [Phrase(FRENCH, "fr")]


def test_related_words_count_by_their_cosine(served_near: ServedGeneration, near: Near) -> None:
    encoded = encode(served_near, "big quokkas", RankingWeights(related_weight=0.5))
    assert near.asked == 1
    assert encoded.lexical.related == {"fish": 0.375, "rivers": 0.25}
    (found,) = encoded.understood
    assert (found.kind, found.start, found.end) == ("related", 4, 11)
    assert found.meaning == "fish, rivers"


def test_related_words_without_weight_are_not_shown(
    served_near: ServedGeneration, near: Near
) -> None:
    encoded = encode(served_near, "quokkas", RankingWeights(related_weight=0.0))
    assert near.asked == 1
    assert set(encoded.lexical.related.values()) == {0.0}
    assert encoded.understood == ()


def test_a_vector_is_a_query_without_words() -> None:
    vector = np.asarray([0.6, 0.8], dtype=np.float32)
    encoded = from_vector(vector)
    assert encoded.vectors.tolist() == [vector.tolist()]
    assert (encoded.word_count, encoded.unknown_word_count) == (0, 0)
    assert encoded.lexical.phrases == ()
    assert encoded.evidence_rows().tolist() == [0]


# With the real model.


@pytest.mark.parametrize("text", ["THB and traficking of childern", "My maid. VoT?"])
def test_without_expanding_nothing_is_understood(text: str, ask: Ask) -> None:
    assert ask(text).understood != ()
    assert ask(text, expand=False).understood == ()


UNKNOWN = ("fountain", "violin", "sweeping", "balcony", "kettle", "biscuits", "velvet", "trousers")


def test_related_words_are_looked_for_while_few_words_are_unknown(ask: Ask) -> None:
    def related(words: Sequence[str]) -> int:
        text = f"Forced labour: {', '.join(words)}."
        return sum(each.kind == "related" for each in ask(text).understood)

    assert related(UNKNOWN) > 0
    assert related([*UNKNOWN, "umbrella"]) == 0
