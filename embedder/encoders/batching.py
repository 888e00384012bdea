"""Texts put together so that little of a reading is padding."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

# The share of a batch that may be padding, and how many tokens of it cost no more than a batch
# of their own would: each begins with reading all weights.
_WASTE = 0.05
_LITTLE = 72


def filled(lengths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Group texts of so many tokens into rows of at most `room`: their indexes, each once.

    Each row begins with the longest text that is left and goes on with the longest that still
    fits. A text longer than `room` has a row to itself.
    """
    left = sorted(range(len(lengths)), key=lengths.__getitem__)
    sizes = [lengths[at] for at in left]
    while left:
        row, used = [left.pop()], sizes.pop()
        while (at := bisect_right(sizes, room - used)) > 0:
            row.append(left.pop(at - 1))
            used += sizes.pop(at - 1)
        yield row


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
