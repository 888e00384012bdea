"""Questions and situations to try, of those that the library answers."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from embedder.library import Library
from embedder.records import Question
from server.http.admission import TooMany
from server.http.context import encoding

_KEPT = "fingerpost.examples"

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
    """What to try: questions, and situations."""

    questions: tuple[str, ...]
    situations: tuple[str, ...]


def examples(library: Library) -> Examples:
    """Give the examples that a library answers; each generation of it is asked once.

    There are none while others' questions have to wait.
    """
    generation, _ = library.status()
    known: tuple[int, Examples] | None = current_app.extensions.get(_KEPT)
    if known is None or known[0] != generation:
        try:
            with encoding():
                found = Examples(_answered(library, _QUESTIONS), _answered(library, _SITUATIONS))
        except TooMany:
            return Examples((), ())
        known = current_app.extensions[_KEPT] = (generation, found)
    return known[1]


def _answered(library: Library, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in texts if library.ask(Question(each, limit=1)).verdict != "none")
