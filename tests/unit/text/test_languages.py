"""The language of a text, where it is certain."""

from __future__ import annotations

import pytest

from embedder.text.languages import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Health providers may come into contact with victims of trafficking.", "en"),
        ("Traite des êtres humains au Maroc: guide pratique pour les juges", "fr"),
        (
            "Este manual explica a los jueces cómo se protege a las personas que han sido víctimas "
            "de la trata, y qué derechos tienen durante el proceso y después de él.",
            "es",
        ),
        ("دليل عملي حول كيفية مساعدة ضحايا الاتجار بالأشخاص وحمايتهم في المنطقة العربية", "ar"),
        ("x", None),
        ("", None),
        ("2015 – 2019", None),
    ],
)
def test_a_language_is_detected_where_it_is_certain(text: str, code: str | None) -> None:
    assert language_of(text) == code


def test_a_language_without_a_code_of_two_letters_has_one_of_three() -> None:
    assert language_of("人口贩运是一种严重的犯罪，受害者需要保护和帮助。") == "cmn"
