"""Documents by year, as a small chart of bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.records import FacetCount

# A longer time is drawn in steps of several years.
_MOST_BARS = 40
WIDTH, HEIGHT = 10, 48  # of a bar and of the chart, in units of its own


@dataclass(frozen=True, slots=True)
class Bar:
    """The documents of the years `first` to `last`, and where their bar stands and how high."""

    left: int
    first: int
    last: int
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class Years:
    """Bars without a gap from the first year to the last."""

    bars: tuple[Bar, ...]

    @classmethod
    def of(cls, counts: Sequence[FacetCount]) -> Years:
        """Draw the counts of a library's years."""
        by_year = {int(each.value): each.count for each in counts}
        if not by_year:
            return cls(())
        first, last = min(by_year), max(by_year)
        step = -(-(last - first + 1) // _MOST_BARS)
        steps = range(first, last + 1, step)
        sums = [sum(by_year.get(start + at, 0) for at in range(step)) for start in steps]
        tallest = max(sums)
        return cls(
            tuple(
                Bar(
                    at * WIDTH,
                    start,
                    min(start + step - 1, last),
                    count,
                    round(HEIGHT * count / tallest, 1),
                )
                for at, (start, count) in enumerate(zip(steps, sums, strict=True))
            )
        )

    @property
    def width(self) -> int:
        """The width of the chart."""
        return WIDTH * len(self.bars)
