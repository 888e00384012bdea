"""Example questions and situations, of which only those that the library answers are offered."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from embedder.records import Question
from fingerpost import Library
from server.http.admission import TooMany
from server.http.context import encoding

_EXTENSION = "fingerpost.examples"

_QUESTIONS = (
    "How do I recognise a victim of trafficking at a border?",
    "What should a referral mechanism contain?",
    "Which rights do trafficked children have?",
)
_SITUATIONS = (
    "A woman came to our clinic with old injuries and an infection. The man with her answers "
    "every question and keeps her passport. Alone with the nurse she said that he makes her work "
    "without pay and that she is afraid. As health workers, how do we treat her, talk with her "
    "safely and refer her?",
    "A boy of fifteen was found working on a fishing boat. He says that his uncle was given "
    "money for him two years ago. He wants to go home but does not know the name of his village, "
    "and we have no interpreter for his language.",
)


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples to offer: short questions, and longer descriptions of a situation."""

    questions: tuple[str, ...]
    situations: tuple[str, ...]


def examples(library: Library) -> Examples:
    """Return the examples that a library answers; they are tried once for each generation.

    While the server is too busy to try them, no examples are returned.
    """
    generation, _ = library.status()
    cached: tuple[int, Examples] | None = current_app.extensions.get(_EXTENSION)
    if cached is None or cached[0] != generation:
        try:
            with encoding():
                result = Examples(_answered(library, _QUESTIONS), _answered(library, _SITUATIONS))
        except TooMany:
            return Examples((), ())
        cached = current_app.extensions[_EXTENSION] = (generation, result)
    return cached[1]


def _answered(library: Library, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if library.ask(Question(text, limit=1)).verdict != "none")
