"""Texts of like length together, so that little of a reading is padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# The share of a batch that may be padding.
_WASTE = 0.1


def by_tokens(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Group texts of so many tokens: their indexes, each once, longest first.

    A batch holds at most `most` tokens, padding counted (a longer text is a batch of its own),
    and at most a tenth of it is padding.
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    batch: list[int] = []
    filled = 0
    for at in order:
        size = lengths[batch[0]] * (len(batch) + 1) if batch else 0
        if batch and (size > most or filled + lengths[at] < (1 - _WASTE) * size):
            yield batch
            batch, filled = [], 0
        batch.append(at)
        filled += lengths[at]
    if batch:
        yield batch
