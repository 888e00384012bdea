"""Questions are rewritten: cut into parts, corrected, followed by what their acronyms mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from embedder.library import Library
from embedder.records import Question, RankingWeights, Understood
from embedder.search.rewriting import Part, RewrittenQuery, rewrite, verbatim
from embedder.text.glossary import Glossary, read_glossary
from embedder.text.sentences import split_sentences
from embedder.text.spelling import Speller

VOCABULARY = {
    "trafficking": 9,
    "passport": 5,
    "children": 7,
    "women": 8,
    "shelter": 3,
    "earthquake": 2,
    "employer": 4,
    "about": 9,
}
PLAIN = {"there", "again", "their", "worker", "house", "works", "asked", "three", "taken"}

DEFAULT_WEIGHTS = RankingWeights()

Read = Callable[..., RewrittenQuery]


@pytest.fixture(scope="module")
def glossary(tmp_path_factory: pytest.TempPathFactory) -> Glossary:
    path = tmp_path_factory.mktemp("glossary") / "glossary.csv"
    path.write_text(
        "term,acronyms,synonyms,source\n"
        "retention of identity documents,,keep passport,ILO\n"
        "domestic worker,MDW,maid,ILO\n"
        "child trafficking,,trafficking of children,UN\n"
        "trafficking in persons,TIP,trafficking,UN\n",
        encoding="utf-8",
    )
    return read_glossary(path)


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller(VOCABULARY, PLAIN.__contains__)


@pytest.fixture
def read(glossary: Glossary, speller: Speller) -> Read:
    """Rewrite a question with the small glossary and vocabulary above."""

    def read_it(
        text: str, weights: RankingWeights = DEFAULT_WEIGHTS, ignore: Sequence[str] = ()
    ) -> RewrittenQuery:
        return rewrite(text, glossary, speller, weights, ignore)

    return read_it


def slices(text: str, understood: Sequence[Understood]) -> list[tuple[str, str, str]]:
    """Return what was understood as (kind, the piece of the question, meaning)."""
    return [(each.kind, text[each.start : each.end], each.meaning) for each in understood]


def uncovered(text: str, parts: Sequence[Part]) -> str:
    """Return the visible characters of a text that are in no part."""
    covered = {at for part in parts for at in range(part.start, part.end)}
    left = [each for at, each in enumerate(text) if at not in covered]
    return "".join(left).strip()


STORY = (
    "She came in May. Her employer keeps her pasport, she said! The maid asked about the shelter? "
)


# Verbatim questions.


@pytest.mark.parametrize(
    "text", ["my pasport", "traficking of TIP", " two  spaces ", "maid.\nMaid? Maid!", "x" * 10_000]
)
def test_a_verbatim_question_is_not_changed(text: str) -> None:
    rewritten = verbatim(text)
    assert rewritten.whole == text
    assert (rewritten.rings, rewritten.words_outside_glossary, rewritten.understood) == ((), (), ())
    assert all(part.text == text[part.start : part.end] for part in rewritten.parts)


def test_a_verbatim_question_is_cut_into_sentences() -> None:
    assert [part.text for part in verbatim(STORY).parts] == [
        "She came in May.",
        "Her employer keeps her pasport, she said!",
        "The maid asked about the shelter?",
    ]


@pytest.mark.parametrize("text", ["One sentence only.", "no full stop", "trafficking"])
def test_one_sentence_has_no_parts(text: str, read: Read) -> None:
    assert verbatim(text).parts == ()
    assert read(text).parts == ()


# Terms.


def test_a_term_is_shown_and_changes_no_text(read: Read) -> None:
    text = "The maid came. He keeps her passport. A maid again. All the women."
    rewritten = read(text)
    assert slices(text, rewritten.understood) == [
        ("term", "maid", "domestic worker"),
        ("term", "keeps her passport", "retention of identity documents"),
        ("term", "maid", "domestic worker"),
    ]
    assert rewritten.whole == text
    assert [part.text for part in rewritten.parts] == [
        "The maid came.",
        "He keeps her passport.",
        "A maid again.",
        "All the women.",
    ]
    assert [part.terms for part in rewritten.parts] == [
        ("domestic worker",),
        ("retention of identity documents",),
        ("domestic worker",),
        (),
    ]


def test_what_acronyms_mean_follows_the_whole_question(read: Read) -> None:
    text = "What is TIP? The maid came."
    rewritten = read(text)
    assert rewritten.whole == f"{text} (trafficking in persons)"
    assert [part.text for part in rewritten.parts] == ["What is TIP?", "The maid came."]
    assert slices(text, rewritten.understood) == [
        ("term", "TIP", "trafficking in persons"),
        ("term", "maid", "domestic worker"),
    ]


def test_meanings_are_added_once_in_order(read: Read) -> None:
    assert read("MDWs, TIP and MDW").whole == (
        "MDWs, TIP and MDW (domestic worker; trafficking in persons)"
    )


# The word `trafficking` is a phrase of the same ring: only the acronym is spelt out.
@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("trafficking", ""),
        ("trafficking in persons", ""),
        ("trafficking, TIP", " (trafficking in persons)"),
        ("tip", ""),
    ],
)
def test_only_an_acronym_is_spelt_out(text: str, meaning: str, read: Read) -> None:
    assert read(text).whole == text + meaning


def test_acronyms_may_be_left_as_they_stand(read: Read) -> None:
    rewritten = read("TIP and MDW", RankingWeights(acronyms=False))
    assert rewritten.whole == "TIP and MDW"
    assert len(rewritten.rings) == 2
    assert [each.meaning for each in rewritten.understood] == [
        "trafficking in persons",
        "domestic worker",
    ]


def test_an_acronym_of_a_sentence_in_another_language_stays(read: Read) -> None:
    text = "Ma voisine travaille dans un bureau de TIP, et son patron ne la paie pas."
    assert (read(text).whole, read(text).languages) == (text, ("fr",))


def test_the_numbers_of_rings_are_listed_once_in_order(read: Read, glossary: Glossary) -> None:
    numbers = {ring.term: ring.number for ring in glossary.rings}
    rewritten = read("TIP. A maid. Trafficking of a maid.")
    assert rewritten.rings == (numbers["trafficking in persons"], numbers["domestic worker"])


def test_nothing_recognised_adds_nothing(read: Read) -> None:
    rewritten = read("About women")
    assert (rewritten.whole, rewritten.rings, rewritten.understood) == ("About women", (), ())


# Spelling.


def test_a_misspelt_word_becomes_the_librarys(read: Read) -> None:
    rewritten = read("my pasport")
    assert rewritten.whole == "my passport"
    assert rewritten.understood == (Understood("spelling", 3, 10, "passport"),)


def test_a_term_is_recognised_in_corrected_words(read: Read) -> None:
    text = "Traficking of childrn?"
    rewritten = read(text)
    assert slices(text, rewritten.understood) == [
        ("spelling", "Traficking", "trafficking"),
        ("spelling", "childrn", "children"),
        ("term", "Traficking of childrn", "child trafficking"),
    ]
    assert rewritten.whole == "trafficking of children?"


@pytest.mark.parametrize("word", ["PASPORT", "TRAFICKING", "CHILDRN"])
def test_words_in_capitals_are_names_and_stay(word: str, read: Read) -> None:
    rewritten = read(f"about {word}")
    assert rewritten.whole == f"about {word}"
    assert [each for each in rewritten.understood if each.kind == "spelling"] == []


def test_without_spelling_nothing_is_corrected(read: Read) -> None:
    rewritten = read("my pasport, a maid", RankingWeights(spelling=False))
    assert rewritten.whole == "my pasport, a maid"
    assert slices("my pasport, a maid", rewritten.understood) == [
        ("term", "maid", "domestic worker")
    ]


def test_offsets_are_of_the_question_as_asked_with_corrections_before(read: Read) -> None:
    text = "Pasportt, pasport: the childrn. Then the maid's pasport — he keeps the pasport."
    assert slices(text, read(text).understood) == [
        ("spelling", "pasport", "passport"),
        ("spelling", "childrn", "children"),
        ("spelling", "pasport", "passport"),
        ("spelling", "pasport", "passport"),
        ("term", "maid", "domestic worker"),
        ("term", "keeps the pasport", "retention of identity documents"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\n\n  Traficking!\u2003\u2003The  maid 👩‍👩‍👧 keeps\nher pasport. İf ﬁve childrn…",
        "é" * 50 + ". Traficking of childrn; e\u0301 maid. 人口贩运。maid",
        "A maid\r\nA pasport\r\n\r\nTIP",
    ],
)
def test_offsets_hold_around_odd_characters(text: str, read: Read) -> None:
    found = slices(text, read(text).understood)
    assert found
    for kind, piece, meaning in found:
        assert piece == piece.strip()
        assert piece.isascii()
        if kind == "spelling":
            assert piece.lower()[0] == meaning[0]


# Ignored.


@pytest.mark.parametrize("ignored", ["domestic worker", "Domestic  WÖRKER "])
def test_an_ignored_term_is_not_recognised(ignored: str, read: Read, glossary: Glossary) -> None:
    text = "The maid came. He keeps her passport."
    rewritten = read(text, ignore=[ignored])
    assert slices(text, rewritten.understood) == [
        ("term", "keeps her passport", "retention of identity documents")
    ]
    numbers = {ring.term: ring.number for ring in glossary.rings}
    assert rewritten.rings == (numbers["retention of identity documents"],)
    assert [part.terms for part in rewritten.parts] == [(), ("retention of identity documents",)]
    assert rewritten.words_outside_glossary == ("the", "maid", "came")


def test_what_an_ignored_acronym_means_is_not_embedded(read: Read) -> None:
    rewritten = read("TIP and MDW", ignore=["trafficking in persons"])
    assert rewritten.whole == "TIP and MDW (domestic worker)"
    assert [each.meaning for each in rewritten.understood] == ["domestic worker"]


def test_a_word_whose_correction_is_ignored_stays(read: Read) -> None:
    text = "Traficking of childrn?"
    rewritten = read(text, ignore=["Children"])
    assert rewritten.whole == "trafficking of childrn?"
    assert slices(text, rewritten.understood) == [
        ("spelling", "Traficking", "trafficking"),
        ("term", "Traficking", "trafficking in persons"),
    ]


def test_to_ignore_what_is_not_recognised_has_no_effect(read: Read) -> None:
    # It is the meaning that is ignored, not what was written.
    text = "Traficking of TIP and a maid"
    for ignored in ("maid", "child trafficking", "traficking", "zebra", ""):
        assert read(text, ignore=[ignored]) == read(text)


# Parts.


def test_parts_have_the_offsets_of_their_sentences(read: Read) -> None:
    text = "My pasport. The maid, again. Women!"
    parts = read(text).parts
    assert [(part.start, part.end) for part in parts] == split_sentences(text)
    assert parts[0] == Part(0, 11, "My passport.")


@pytest.mark.parametrize("reader", ["verbatim", "rewritten"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param((STORY * 200)[:10_000], id="a page of sentences"),
        pytest.param("\n".join(f"{at}. the maid" for at in range(700)), id="a list"),
        pytest.param("No end " * 1400, id="one long sentence"),
        pytest.param("Yes. " * 2000, id="two thousand sentences"),
        pytest.param("a.b" * 3000, id="full stops without spaces"),
        pytest.param("• one; • two.\n" * 25, id="bullets"),
        pytest.param("人口贩运。" * 2000, id="another script"),
    ],
)
def test_nothing_of_a_long_question_is_left_out(text: str, reader: str, read: Read) -> None:
    rewritten = verbatim(text) if reader == "verbatim" else read(text)
    assert len(rewritten.parts) <= 24
    places = [(part.start, part.end) for part in rewritten.parts]
    assert places == sorted(places)
    assert all(one[1] <= two[0] for one, two in pairwise(places))
    if len(split_sentences(text)) > 1:
        assert uncovered(text, rewritten.parts) == ""
        for start, end in split_sentences(text):
            assert any(part.start <= start and end <= part.end for part in rewritten.parts)


@pytest.mark.parametrize(("number", "parts"), [(2, 2), (24, 24), (25, 13), (49, 17), (500, 24)])
def test_sentences_share_parts_only_where_there_are_many(
    number: int, parts: int, read: Read
) -> None:
    text = " ".join(f"Women came {at} times." for at in range(number))
    assert len(read(text).parts) == parts


def test_each_word_of_a_question_is_kept(read: Read) -> None:
    text = (STORY * 200)[:10_000]
    rewritten = read(text)
    plain = " ".join(part.text for part in rewritten.parts)
    for word in set(text.replace("pasport", "passport").split()):
        assert word in plain
        assert word in rewritten.whole


def test_words_of_two_sentences_are_not_a_phrase(read: Read) -> None:
    text = "What they keep. Passport of women."
    assert read(text).understood == ()


# Other languages.

FRENCH = "Ma voisine travaille comme maid chez une famille, et son patron garde son pasport."
ENGLISH = "The maid asks who keeps her pasport and what she can do about it."


def test_a_question_in_another_language_stays_as_it_is(read: Read) -> None:
    rewritten = read(FRENCH)
    assert rewritten.languages == ("fr",)
    assert (rewritten.whole, rewritten.parts) == (FRENCH, ())
    assert rewritten.pieces == (Part(0, len(FRENCH), FRENCH, "fr"),)
    assert (rewritten.rings, rewritten.understood) == ((), ())
    # No word of it is one that the English vocabulary could lack.
    assert (rewritten.word_count, rewritten.words_outside_glossary) == (0, ())
    assert ("voisine", "fr") in rewritten.foreign_words


def test_the_english_sentences_of_a_mixed_question_are_rewritten(read: Read) -> None:
    text = f"{FRENCH} {ENGLISH}"
    rewritten, alone = read(text), read(ENGLISH)
    assert rewritten.languages == ("fr", "en")
    assert [part.language for part in rewritten.parts] == ["fr", "en"]
    assert rewritten.parts[0].text == FRENCH
    assert rewritten.parts[1].text == alone.whole
    assert rewritten.whole == f"{FRENCH} {alone.whole}"
    assert rewritten.rings == alone.rings
    assert rewritten.word_count == alone.word_count
    assert rewritten.words_outside_glossary == alone.words_outside_glossary
    shift = len(FRENCH) + 1
    assert [each.start - shift for each in rewritten.understood] == [
        each.start for each in alone.understood
    ]
    assert {language for _, language in rewritten.foreign_words} == {"fr"}


def test_english_has_no_foreign_words(read: Read) -> None:
    rewritten = read(STORY)
    assert rewritten.languages == ("en",)
    assert rewritten.foreign_words == frozenset()


def test_a_verbatim_question_has_its_languages_too() -> None:
    assert verbatim(FRENCH).languages == ("fr",)
    rewritten = verbatim(f"{FRENCH} {ENGLISH}")
    assert rewritten.languages == ("fr", "en")
    assert [part.language for part in rewritten.parts] == ["fr", "en"]


@pytest.mark.parametrize("text", ["", "?", "  \n"])
def test_a_question_without_words_is_english(text: str, read: Read) -> None:
    assert read(text).languages == verbatim(text).languages == ("en",)


# Words outside the glossary.


def test_words_of_terms_are_not_outside_the_glossary(read: Read) -> None:
    assert read("the maid keeps her passport").words_outside_glossary == ("the",)


def test_words_outside_the_glossary_are_folded_corrected_and_listed_once(read: Read) -> None:
    found = read("Quake? QUAKE! Pasport, qüake.").words_outside_glossary
    assert found == ("quake", "passport")


@pytest.mark.parametrize("said", ["maids", "Domestic workers", "domestic worker"])
def test_a_term_in_another_number_or_case_is_not_shown(said: str, read: Read) -> None:
    found = [each.meaning for each in read(f"About {said} abroad.").understood]
    assert found == (["domestic worker"] if said == "maids" else [])


# The real glossary, vocabulary and model.


CASE = (
    "A woman of 23 came to us. She was promised a job as a maid abroad, but her employer took "
    "her pasport and she was not paid. She is afraid of the police. VoT? She wants to go home."
)


@pytest.fixture(scope="module")
def understood(seed_library: Library) -> Sequence[Understood]:
    return seed_library.ask(Question(CASE)).understood


def test_a_case_is_understood_in_the_fields_terms(understood: Sequence[Understood]) -> None:
    found = slices(CASE, understood)
    assert ("term", "maid", "domestic worker") in found
    assert ("term", "VoT", "victim of trafficking") in found
    assert ("term", "not paid", "withholding of wages") in found


def test_all_that_is_understood_lies_in_the_question(understood: Sequence[Understood]) -> None:
    assert understood
    assert all(0 <= each.start < each.end <= len(CASE) for each in understood)


def test_plain_english_is_not_corrected(understood: Sequence[Understood]) -> None:
    corrected = {each[1] for each in slices(CASE, understood) if each[0] == "spelling"}
    assert corrected <= {"pasport"}


def test_the_packaged_glossary_belongs_to_the_library(seed_vectors: Path) -> None:
    own = seed_vectors / "generations" / "1" / "glossary.csv"
    assert read_glossary(own).sha256 == read_glossary().sha256
