"""Texts of like length together, so that little of a reading is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# The share of a batch that may be padding, and how many tokens of it cost no more than a batch
# of their own would: each begins with reading all weights.
_WASTE = 0.05
_LITTLE = 72


def by_tokens(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Group texts of so many tokens: their indexes, each once, longest first.

    A batch holds at most `most` tokens, padding counted (a longer text is a batch of its own),
    and at most a twentieth of it is padding, or a few dozen tokens. All but the last hold a
    number of texts that `round_up` leaves as it is.
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    begin = 0
    while begin < len(order):
        longest = lengths[order[begin]]
        filled, end = longest, begin + 1
        while end < len(order):
            size = longest * (end + 1 - begin)
            filled += lengths[order[end]]
            if size > most or size - filled > max(_WASTE * size, _LITTLE):
                break
            end += 1
        if end < len(order):
            end = begin + round_down(end - begin)
        yield order[begin:end]
        begin = end


def round_down(count: int) -> int:
    """Give the largest of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … that is not over a count."""
    power = 1 << (count.bit_length() - 1)
    return power + power // 2 if count >= power + power // 2 else power


def round_up(count: int) -> int:
    """Give the smallest of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … that is not under a count."""
    found = round_down(count)
    return found if found == count else round_down(found + (found + 1) // 2)
