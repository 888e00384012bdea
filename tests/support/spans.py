"""Which characters of a text some spans cover."""

from __future__ import annotations

from collections.abc import Sequence


def uncovered(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, str, int]]:
    """Return the visible characters that are not in exactly one span, as (index, char, times)."""
    times = [0] * len(text)
    for start, end in spans:
        for at in range(start, end):
            times[at] += 1
    pairs = enumerate(zip(text, times, strict=True))
    return [(at, each, n) for at, (each, n) in pairs if n != 1 and not each.isspace()]
