"""Words as the keyword index has them, by language."""

from __future__ import annotations

import pytest

from embedder.index.word_analysis import content_words, names, stems


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        pytest.param("en", "The children of a shelter", ["children", "shelter"], id="English"),
        pytest.param("fr", "Les femmes bloquées à l'école", ["femm", "bloqu", "ecol"], id="French"),
        pytest.param("fr", "femme bloquee, ecole", ["femm", "bloque", "ecol"], id="no accents"),
        pytest.param("es", "las mujeres y los niños", ["mujer", "nin"], id="Spanish"),
        pytest.param("ar", "المساعدة للنساء", ["مساعد", "نساء"], id="Arabic"),
        pytest.param("ru", "Хозяин забрал паспорта", ["хозяин", "забра", "паспорт"], id="Russian"),
        pytest.param("uk", "Паспорти, паспорт", ["паспорти", "паспорт"], id="without a stemmer"),
        pytest.param("hi", "क्षेत्र में मदद", ["क्षेत्र", "में", "मदद"], id="letters with marks"),
        pytest.param("zh", "护照 ILO 2019", ["护", "照", "ilo", "2019"], id="Chinese"),
        pytest.param("fr", "x" * 300 + " aide", ["aid"], id="giant word"),
        pytest.param("fr", "le la les", [], id="stop words"),
        pytest.param("fr", "", [], id="nothing"),
    ],
)
def test_words_are_stems_of_their_language(language: str, text: str, found: list[str]) -> None:
    assert stems(text, language) == found


@pytest.mark.parametrize("word", ["2019", "COVID19", "ILO"])
def test_numbers_and_acronyms_are_the_same_in_all_languages(word: str) -> None:
    assert {tuple(stems(word, language)) for language in ("en", "fr", "ru", "uk", "zh", "ar")} == {
        (word.lower(),)
    }


def test_stop_words_are_no_content() -> None:
    assert content_words("Les femmes de Kinshasa sont à Turin", "fr") == "femmes kinshasa turin"
    assert content_words("жінки у Турині", "uk") == "жінки у турині"


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("fr", "Les femmes de Kinshasa sont à Turin", "Kinshasa Turin"),
        ("fr", "des femmes au nigeria", "nigeria"),
        ("fr", "Kinshasa", ""),  # the first word of a sentence has a capital anyway
        ("en", "it is in Lebanon", "Lebanon"),  # `it` and `in` are codes of countries
        ("de", "Die Hilfe für Opfer in Nigeria", "Nigeria"),
        ("ar", "من لبنان", ""),
    ],
)
def test_names_are_countries_and_capitals_inside_a_sentence(
    language: str, text: str, found: str
) -> None:
    assert names(text, language) == found
