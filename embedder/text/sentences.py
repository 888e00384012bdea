"""Splits a text into sentences."""

from __future__ import annotations

import itertools
import re

from sentencex import segment

# A list item that begins with a capital is a sentence of its own.
_ITEM = re.compile(r"•\s*(\w)")

# Characters replaced for sentencex, one for one so that offsets stay the same: version 1.0 ends
# the process at some white space of several bytes, and takes all that follows a bullet for one
# sentence.
_REPLACEMENTS = (
    {ord(char): " " for char in map(chr, range(0x3001)) if char.isspace()}
    | {10: "\n"}
    | {ord("•"): "-"}
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return where the sentences of a text stand, as (start, end) in characters, in order.

    They leave out the white space between them and nothing else.
    """
    spans = []
    items = [item.start() for item in _ITEM.finditer(text) if item[1].isupper()]
    for begin, end in itertools.pairwise((0, *items, len(text))):
        start = begin
        for piece in segment("en", text[begin:end].translate(_REPLACEMENTS)):
            left = len(piece) - len(piece.lstrip())
            if piece.strip():
                spans.append((start + left, start + len(piece.rstrip())))
            start += len(piece)
    return spans
