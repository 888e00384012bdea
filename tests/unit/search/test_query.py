"""Questions, encoded: vectors of the whole and of its parts, and what keywords look for."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

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
    ignore: tuple[str, ...] = (),
) -> EncodedQuery:
    question = Question(text, expand=expand, ignore=ignore)
    return query.encode(served, question, weights or RankingWeights())


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


def test_keywords_are_the_words_of_each_sentence(served: ServedGeneration) -> None:
    encoded = encode(served, STORY, expand=False)
    assert encoded.lexical.phrases == [
        Phrase(STORY[start:end]) for start, end in encoded.part_spans
    ]


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
    assert encoded.known_share == pytest.approx(3 / 5)
    assert encode(served, "Herons hunt fish").known_share == 1.0


def test_a_question_that_is_not_expanded_has_no_unknown_words(served: ServedGeneration) -> None:
    encoded = encode(served, "quokkas hunt fish", expand=False)
    assert encoded.known_share == 1.0
    assert encoded.lexical.phrases == [Phrase("quokkas hunt fish")]
    assert (encoded.lexical.rings, encoded.understood) == ((), ())


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


def test_words_of_other_languages_may_be_unknown(served: ServedGeneration) -> None:
    encoded = encode(served, FRENCH)
    # No document is in French. Of six words two are stop words, and `hérons` is much like English.
    assert encoded.known_share == pytest.approx(3 / 6)
    assert encode(served, FRENCH, expand=False).known_share == 1.0
    assert encode(served, "Herons hunt quokkas").known_share == pytest.approx(2 / 3)


def test_weights_reach_the_keyword_search(served: ServedGeneration) -> None:
    encoded = encode(served, "fish", RankingWeights(ring_weight=3.0))
    assert encoded.lexical.ring_weight == 3.0


def test_a_question_in_another_language_has_the_keywords_of_its_language(
    served: ServedGeneration,
) -> None:
    encoded = encode(served, FRENCH)
    assert encoded.lexical.phrases == [Phrase(FRENCH, "fr")]
    assert (encoded.lexical.rings, encoded.understood) == ((), ())


def test_parts_weigh_by_the_terms_of_the_glossary_too(served: ServedGeneration) -> None:
    encoded = encode(served, "A maid swims. Herons wade.")
    information = [
        served.lexical.information(Phrase(text))
        for text in ("A maid swims. domestic worker", "Herons wade.")
    ]
    wanted = [value / max(information) for value in information]
    assert encoded.part_weights.tolist() == pytest.approx(wanted)
    assert wanted[0] > wanted[1]


# The glossary.

# The packaged glossary has `boss` for an employer, `maid` for a domestic worker, `THB` for
# trafficking in persons.
COLLOQUIAL = "My boss shouts at the herons"


def ring_number(served: ServedGeneration, term: str) -> int:
    (number,) = (ring.number for ring in served.glossary.rings if ring.term == term)
    return number


@pytest.mark.parametrize(
    ("text", "phrase", "term"),
    [
        (COLLOQUIAL, "boss", "employer"),
        (f"{COLLOQUIAL}. Herons wade.", "boss", "employer"),
        ("A maid swims in rivers", "maid", "domestic worker"),
    ],
)
def test_a_phrase_of_the_glossary_is_a_keyword_and_changes_no_vector(
    text: str, phrase: str, term: str, served: ServedGeneration
) -> None:
    encoded, plain = encode(served, text), encode(served, text, expand=False)
    assert encoded.vectors.tolist() == plain.vectors.tolist()
    assert [(text[each.start : each.end], each.meaning) for each in encoded.understood] == [
        (phrase, term)
    ]
    assert encoded.lexical.rings == (ring_number(served, term),)
    assert encoded.lexical.phrases == plain.lexical.phrases


def test_what_an_acronym_means_is_embedded_with_the_whole_question(
    served: ServedGeneration,
) -> None:
    text = "Herons and THB. A maid swims."
    encoded = encode(served, text)
    wanted = [f"{text} (trafficking in persons)", "Herons and THB.", "A maid swims."]
    assert encoded.vectors.tolist() == served.encoder.encode_queries(wanted).tolist()
    assert len(encoded.lexical.rings) == 2
    # The meaning of an acronym is no keyword beside its ring.
    assert [phrase.text for phrase in encoded.lexical.phrases] == wanted[1:]


def test_acronyms_may_stay_as_they_stand(served: ServedGeneration) -> None:
    text = "Herons and THB"
    encoded = encode(served, text, RankingWeights(acronyms=False))
    assert encoded.vectors.tolist() == served.encoder.encode_queries([text]).tolist()
    assert encoded.lexical.rings == (ring_number(served, "trafficking in persons"),)
    assert [each.meaning for each in encoded.understood] == ["trafficking in persons"]


def test_what_is_ignored_is_no_keyword_and_not_embedded(served: ServedGeneration) -> None:
    text = "Herons and THB. My boss shouts."
    encoded = encode(served, text, ignore=("Employer", "trafficking in persons"))
    assert encoded.vectors.tolist() == encode(served, text, expand=False).vectors.tolist()
    assert (encoded.lexical.rings, encoded.understood) == ((), ())
    one = encode(served, text, ignore=("Employer",))
    assert one.lexical.rings == (ring_number(served, "trafficking in persons"),)


def test_a_vector_is_a_query_without_words() -> None:
    vector = np.asarray([0.6, 0.8], dtype=np.float32)
    encoded = from_vector(vector)
    assert encoded.vectors.tolist() == [vector.tolist()]
    assert encoded.known_share == 1.0
    assert encoded.lexical.phrases == ()
    assert encoded.evidence_rows().tolist() == [0]


# With the real model.


@pytest.mark.parametrize("text", ["THB and traficking of childern", "My maid. VoT?"])
def test_without_expanding_nothing_is_understood(text: str, ask: Ask) -> None:
    assert ask(text).understood != ()
    assert ask(text, expand=False).understood == ()
