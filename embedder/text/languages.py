"""Detects the language of a text."""

from __future__ import annotations

from typing import Any

import pycountry
import whatlang


def language_of(text: str) -> str | None:
    """Return the ISO 639 code of the language of a text, None if that is not certain.

    The code has two letters (ISO 639-1) where the language has one, otherwise three (ISO 639-3).
    """
    try:
        detected: Any = whatlang.detect(text)  # its types leave the attributes out
    except ValueError:  # the text has no letters
        return None
    if detected is None or not detected.is_reliable:
        return None
    language = pycountry.languages.get(alpha_3=detected.lang)
    return str(getattr(language, "alpha_2", detected.lang))
