"""Group texts by their token counts, so that little of a batch is padding."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

# The share of a batch that may be padding, and the number of padding tokens that is always
# allowed: a batch of their own would cost as much, as each reads all weights.
_MAX_PADDING_SHARE = 0.05
_MAX_PADDING_TOKENS = 72


def pack_rows(lengths: Sequence[int], capacity: int) -> Iterator[list[int]]:
    """Pack texts of these token counts into rows of at most `capacity`: lists of their indexes.

    First-fit decreasing: each row begins with the longest text that is left and goes on with the
    longest that still fits. A text longer than `capacity` has a row to itself.
    """
    remaining = sorted(range(len(lengths)), key=lengths.__getitem__)
    sizes = [lengths[index] for index in remaining]
    while remaining:
        row, used = [remaining.pop()], sizes.pop()
        while (fitting := bisect_right(sizes, capacity - used)) > 0:
            row.append(remaining.pop(fitting - 1))
            used += sizes.pop(fitting - 1)
        yield row


def batch_by_length(lengths: Sequence[int], max_tokens: int) -> Iterator[list[int]]:
    """Group texts of these token counts into padded batches: lists of their indexes.

    Longest first. A batch holds at most `max_tokens`, padding included (a longer text is a batch
    of its own), and at most 5 % of it is padding, or a few dozen tokens. All but the last batch
    hold a number of texts that `round_up` leaves as it is.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    begin = 0
    while begin < len(order):
        longest = lengths[order[begin]]
        tokens, end = longest, begin + 1
        while end < len(order):
            size = longest * (end + 1 - begin)
            tokens += lengths[order[end]]
            padding = size - tokens
            if size > max_tokens or padding > max(_MAX_PADDING_SHARE * size, _MAX_PADDING_TOKENS):
                break
            end += 1
        if end < len(order):
            end = begin + round_down(end - begin)
        yield order[begin:end]
        begin = end


def round_down(count: int) -> int:
    """Return the largest of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … that is at most `count`."""
    power = 1 << (count.bit_length() - 1)
    return power + power // 2 if count >= power + power // 2 else power


def round_up(count: int) -> int:
    """Return the smallest of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, … that is at least `count`."""
    below = round_down(count)
    return below if below == count else round_down(below + (below + 1) // 2)
