"""Which words are corrected, and to which."""

from __future__ import annotations

import pytest

from embedder.library import Library
from embedder.text.spelling import Speller

DOCUMENTS = {
    "trafficking": 9,
    "passport": 5,
    "children": 7,
    "women": 8,
    "house": 2,
    "horse": 3,
    "mouse": 3,
    "house's": 1,
    "abc": 4,
    "shelter": 2,
    "shelters": 1,
    "identification": 3,
}


@pytest.fixture
def speller() -> Speller:
    return Speller(DOCUMENTS, {"their", "hause"}.__contains__)


def test_a_word_is_used_in_just_the_form_that_documents_have(speller: Speller) -> None:
    assert speller.uses("shelters")
    assert not speller.uses("houses")


@pytest.mark.parametrize(
    ("word", "right"),
    [
        pytest.param("pasport", "passport", id="a letter left out"),
        pytest.param("passsport", "passport", id="a letter too many"),
        pytest.param("passpirt", "passport", id="another letter"),
        pytest.param("childern", "children", id="two letters exchanged"),
        pytest.param("traficing", "trafficking", id="two slips in a long word"),
        pytest.param("idetificaton", "identification", id="two slips far apart"),
        pytest.param("womem", "women", id="of five letters"),
    ],
)
def test_a_misspelt_word_is_corrected(word: str, right: str, speller: Speller) -> None:
    assert speller.correct(word) == right


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("passport", id="the library's own"),
        pytest.param("shelters", id="the library's own, rare"),
        pytest.param("passports", id="the library's own with an s"),
        pytest.param("hause", id="a word all the same"),
        pytest.param("woma", id="too short"),
        pytest.param("abd", id="short"),
        pytest.param("pssprt", id="two slips in a short word"),
        pytest.param("trfcking", id="three slips"),
        pytest.param("trafixxxking", id="three slips in a long word"),
        pytest.param("rassport", id="another first letter"),
        pytest.param("zebras", id="like nothing"),
        pytest.param("xylophone", id="a first letter of no word"),
        pytest.param("", id="empty"),
    ],
)
def test_other_words_are_not_corrected(word: str, speller: Speller) -> None:
    assert speller.correct(word) is None


def test_the_nearest_word_wins_over_a_commoner_one() -> None:
    speller = Speller({"identifications": 1, "identificatory": 99}, lambda _: False)
    assert speller.correct("identificationss") == "identifications"


def test_of_equally_near_words_the_commonest_wins() -> None:
    assert Speller({"house": 2, "horse": 3}, lambda _: False).correct("hoose") == "horse"
    assert Speller({"house": 3, "horse": 2}, lambda _: False).correct("hoose") == "house"


def test_of_equally_common_words_the_first_in_the_alphabet_wins() -> None:
    for words in (["house", "horse"], ["horse", "house"]):
        speller = Speller(dict.fromkeys(words, 2), lambda _: False)
        assert speller.correct("hoose") == "horse"


def test_without_words_nothing_is_corrected() -> None:
    assert Speller({}, lambda _: False).correct("pasport") is None


def test_is_word_is_called_once_and_only_for_unknown_words() -> None:
    asked: list[str] = []

    def is_word(word: str) -> bool:
        asked.append(word)
        return False

    speller = Speller(DOCUMENTS, is_word)
    for word in ("passport", "abd", "pasport"):
        speller.correct(word)
    assert asked == ["pasport"]


# The library's own.


@pytest.fixture(scope="module")
def library_speller(seed_library: Library) -> Speller:
    seed_library.load()
    with seed_library._serving() as (served, _):
        return served.speller


@pytest.mark.parametrize(
    ("word", "right"),
    [
        ("traficking", "trafficking"),
        ("trafficing", "trafficking"),
        ("childern", "children"),
        ("prevension", "prevention"),
        ("erthquake", "earthquake"),
        ("exploitaton", "exploitation"),
        ("vulnerablity", "vulnerability"),
        ("goverment", "government"),
    ],
)
def test_common_slips_are_corrected_to_the_librarys_words(
    word: str, right: str, library_speller: Speller
) -> None:
    assert library_speller.correct(word) == right


@pytest.mark.parametrize(
    "word",
    ["employer", "passport", "bakery", "kitchen", "horses", "lebanon", "nairobi", "quake", "maid"],
)
def test_english_words_are_not_corrected(word: str, library_speller: Speller) -> None:
    assert library_speller.correct(word) is None


def test_names_of_authors_and_places_are_not_corrected(
    library_speller: Speller, seed_library: Library
) -> None:
    names = {
        word.lower()
        for each in seed_library.documents()
        for name in (*each.authors, *each.countries, *each.regions)
        for word in name.replace("-", " ").split()
        if word.isalpha()
    }
    assert len(names) > 50
    corrected = {name: library_speller.correct(name) for name in names}
    assert {name: each for name, each in corrected.items() if each} == {}
