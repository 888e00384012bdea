"""Words as the keyword index has them: stems of the language that a text is in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tantivy

from embedder.text.countries import country_code
from embedder.text.languages import ENGLISH
from embedder.text.words import words

# The languages that tantivy can stem, by ISO 639 code, and those whose stop words it knows.
_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_STOP_WORDS = frozenset(_STEMMERS) - {"ar", "el", "ro", "ta", "tr"}
_MAX_WORD_BYTES = 256
# Letters with their marks, as Indian scripts need; a Chinese character is a word of its own.
_WORD = r"\p{Han}|[\p{L}\p{M}\p{N}--\p{Han}]+"
_CODE_LETTERS = 3  # a country's code is also a word: `it`, `de`
# In German every noun has a capital: there it tells no names.
_NOUNS_IN_CAPITALS = frozenset({"de"})


def stems(text: str, language: str = ENGLISH) -> list[str]:
    """Return the words of a text in a language: their stems, without case, accents, stop words.

    Words of a language that has no stemmer are whole.
    """
    found: list[str] = _analyser(language).analyze(text)
    return found


def content_words(text: str, language: str) -> str:
    """Return the words of a text that are no stop words of its language, in lower case."""
    return " ".join(_without_stop_words(language).analyze(text))


def names(text: str, language: str = ENGLISH) -> str:
    """Return the words of a text that are names, and so stand in texts of other languages too.

    These are countries, and what has a capital inside a sentence.
    """
    return " ".join(
        word.written
        for word in words(text)
        if (len(word.written) > _CODE_LETTERS and country_code(word.written))
        or (word.start > 0 and word.written[:1].isupper() and language not in _NOUNS_IN_CAPITALS)
    )


@cache
def english_analyser() -> tantivy.TextAnalyzer:
    """Return what splits a text into English stems."""
    return chain(
        tantivy.Tokenizer.simple(),
        tantivy.Filter.remove_long(_MAX_WORD_BYTES),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.stemmer("english"),
    )


@cache
def _analyser(language: str) -> tantivy.TextAnalyzer:
    """Return what splits a text in a language into stems."""
    if language == ENGLISH:
        return english_analyser()
    # Accents are left out last: stop words and endings have them.
    return chain(
        tantivy.Tokenizer.regex(_WORD),
        tantivy.Filter.remove_long(_MAX_WORD_BYTES),
        tantivy.Filter.lowercase(),
        *_filters(language),
        tantivy.Filter.ascii_fold(),
    )


def _filters(language: str) -> Iterator[tantivy.Filter]:
    if language in _STOP_WORDS:
        yield tantivy.Filter.stopword(_STEMMERS[language])
    if language in _STEMMERS:
        yield tantivy.Filter.stemmer(_STEMMERS[language])


@cache
def _without_stop_words(language: str) -> tantivy.TextAnalyzer:
    stop_words = [tantivy.Filter.stopword(_STEMMERS[language])] if language in _STOP_WORDS else []
    return chain(tantivy.Tokenizer.regex(_WORD), tantivy.Filter.lowercase(), *stop_words)


def chain(tokenizer: tantivy.Tokenizer, *filters: tantivy.Filter) -> tantivy.TextAnalyzer:
    """Return an analyser: a tokenizer, and filters in their order."""
    builder = tantivy.TextAnalyzerBuilder(tokenizer)
    for token_filter in filters:
        builder = builder.filter(token_filter)
    return builder.build()
