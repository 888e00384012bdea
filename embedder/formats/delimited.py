r"""Joins the values of a list in one line of text, and takes them apart again.

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
    """Write values as one text, of which `split` makes the same values."""
    return "; ".join(_SPECIAL.sub(r"\\\g<0>", value) for value in values)


def split(text: str) -> tuple[str, ...]:
    """Give the values of a text; spaces around them and empty ones are dropped.

    A backslash counts only before a semicolon or another backslash.
    """
    parts = (part.strip(" ") for part in _PART.findall(text))
    return tuple(_ESCAPED.sub(r"\1", part) for part in parts if part)
