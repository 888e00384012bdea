"""Find the sentences of a text."""

from __future__ import annotations

import itertools
import re

from sentencex import segment

# An item of a list that begins with a capital is a sentence of its own.
_ITEM = re.compile(r"•\s*(\w)")


# What is shown to sentencex, one for one, so that places stay what they are: version 1.0 stops the
# process at some white space of several bytes, and takes all that follows a bullet for a sentence.
_READABLE = (
    {ord(each): " " for each in map(chr, range(0x3001)) if each.isspace()}
    | {10: "\n"}
    | {ord("•"): "-"}
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Give the places of a text's sentences, as (start, end) in characters, in order.

    The sentences leave out the white space between them and nothing else.
    """
    places = []
    items = [found.start() for found in _ITEM.finditer(text) if found[1].isupper()]
    for begin, end in itertools.pairwise((0, *items, len(text))):
        at = begin
        for piece in segment("en", text[begin:end].translate(_READABLE)):
            left = len(piece) - len(piece.lstrip())
            if piece.strip():
                places.append((at + left, at + len(piece.rstrip())))
            at += len(piece)
    return places
