r"""Lists as one line of text.

`Lebanon; Viet Nam`: a semicolon and a space between values. A semicolon inside a value is
written as `\;` and a backslash as `\\`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"[\\;]")
_PART = re.compile(r"(?:[^\\;]|\\[\\;]|\\)+")
_ESCAPED = re.compile(r"\\([\\;])")


def join(values: Iterable[str]) -> str:
    """Return values as one text, which `split` takes apart into the same values."""
    return "; ".join(_SPECIAL.sub(r"\\\g<0>", value) for value in values)


def split(text: str) -> tuple[str, ...]:
    """Return the values of a text; spaces around them and empty ones are dropped.

    A backslash is an escape only before a semicolon or another backslash.
    """
    parts = (part.strip(" ") for part in _PART.findall(text))
    return tuple(_ESCAPED.sub(r"\1", part) for part in parts if part)
