"""The languages of a text and of its sentences."""

from __future__ import annotations

import pytest

from embedder.text.languages import language_of, recognise
from embedder.text.sentences import split_sentences

FRENCH = (
    "Ma voisine travaille chez une famille depuis deux ans. Elle ne sort jamais seule, et son "
    "patron garde ses papiers."
)
ENGLISH = (
    "My neighbour has worked for a family for two years. She never goes out alone, and her "
    "employer keeps her papers."
)


def languages_of(text: str) -> tuple[str, ...]:
    """The languages of a text, by its sentences."""
    return recognise(text, split_sentences(text)).of_text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mon patron a pris mon passeport", "fr"),
        ("MON PATRON A PRIS MON PASSEPORT", "fr"),
        ("ma soeur est bloquee a Dubai, que faire", "fr"),  # without accents
        ("mi jefe tiene mi pasaporte", "es"),
        ("trata de personas", "es"),
        ("meu patrão ficou com meu passaporte", "pt"),
        ("Mein Chef hat meinen Pass", "de"),
        ("pasaportum patronumda, ne yapabilirim", "tr"),
        ("waxaan rabaa inaan caawiyo gabar yar", "so"),
        ("poslodavac mi je uzeo pasoš, šta da radim", "sr"),
        ("хозяин забрал мой паспорт", "ru"),
        ("роботодавець забрав мій паспорт", "uk"),
        ("الكفيل أخذ جواز سفري", "ar"),
        ("پاسپورت منو گرفته", "fa"),
        ("ፓስፖርቴን ወስዶብኛል", "am"),
        ("ፓስፖርተይ ወሲድዎ ኣሎ", "ti"),
        ("他拿走了我的护照", "zh"),
    ],
)
def test_a_short_question_in_another_language_is_recognised(text: str, code: str) -> None:
    assert languages_of(text) == (code,)
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "passport referral Lebanon",
        "guardians greece uasc evaluation delays",
        "laissez-passer consulates",
        "au pair visa",
        "shelter in Port-au-Prince",
        "clinic in Bình Phước",
        "legal aid in Għargħur",
        "Maria Rodriguez de la Cruz passport",
        "jablanički shelter",
        "Côte d'Ivoire",
        "el salvador",
        "wich organisatons hlep victms of trafiking",
        "im a new inspector",
        "im a boda rider",
        "Auntie Faith na my name, I get small shop for Benin",
        "NGO IOM UNHCR SOP",
        "trafficking",
        "protection",
        "Menschenhandel",  # one word alone is never certain
        "traite",
        "x",
        "",
        " \n",
        "2015 – 2019",
        "?!",
        "😀😀",
        "https://example.org/fr/aide-aux-victimes",
        "12/03/2015 a@example.org",
    ],
)
def test_what_is_not_certain_is_english(text: str) -> None:
    assert languages_of(text) == ("en",)
    assert language_of(text) == "en"


@pytest.mark.parametrize("times", [1, 2, 10])
def test_a_page_is_recognised_as_a_sentence_is(times: int) -> None:
    assert languages_of(" ".join([FRENCH] * times)) == ("fr",)
    assert languages_of(" ".join([ENGLISH] * times)) == ("en",)


def test_a_mixed_text_has_two_languages_the_longer_first() -> None:
    assert languages_of(f"{FRENCH} Who can help her?") == ("fr",)
    assert languages_of(f"{FRENCH} {FRENCH} {ENGLISH}") == ("fr", "en")
    assert languages_of(f"{FRENCH} {ENGLISH} {ENGLISH}") == ("en", "fr")


def test_a_quotation_leaves_a_page_in_its_language() -> None:
    assert languages_of(f"{ENGLISH} {ENGLISH} She said: «Je ne sais pas.» {ENGLISH}") == ("en",)


def test_sentences_too_short_to_tell_are_recognised_together() -> None:
    assert languages_of("Hola. Ayuda, por favor. Mi hermana.") == ("es",)


def test_a_part_that_is_too_short_has_a_language_of_the_text() -> None:
    text = f"Bonjour. {FRENCH} {ENGLISH} Thanks."
    spans = split_sentences(text)
    recognised = recognise(text, spans)
    assert set(recognised.of_text) == {"en", "fr"}
    assert recognised.of_parts == ("fr", "fr", "fr", "en", "en", "en")
    assert len(spans) == 6


def test_a_part_in_a_language_that_the_text_hardly_has_gets_one_that_it_has() -> None:
    text = f"{ENGLISH} {ENGLISH} {ENGLISH} Je ne sais pas."
    recognised = recognise(text, split_sentences(text))
    assert recognised.of_text == ("en",)
    assert set(recognised.of_parts) == {"en"}


def test_a_text_without_parts_is_english() -> None:
    recognised = recognise("", [])
    assert (recognised.of_text, recognised.of_parts) == (("en",), ())


def test_the_language_of_a_document_is_that_of_most_of_it() -> None:
    assert language_of(f"Guide for judges\n{FRENCH}") == "fr"
    assert language_of("Traite des êtres humains au Maroc: guide pratique pour les juges") == "fr"
    assert language_of(f"Maison d'accueil\n{ENGLISH} {ENGLISH}") == "en"
