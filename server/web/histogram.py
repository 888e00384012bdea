"""The documents of each year, as a small bar chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embedder.records import FacetCount

# A longer span is drawn with bars of several years each.
MAX_BARS = 40
# In the chart's own units. A bar's slot includes the gap to the next bar.
BAR_WIDTH, CHART_HEIGHT = 10, 48


@dataclass(frozen=True, slots=True)
class Bar:
    """The number of documents of the years `first` to `last`; `left` and `height` place the bar."""

    left: int
    first: int
    last: int
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """One bar after another from the first year to the last; years without documents included."""

    bars: tuple[Bar, ...]

    @classmethod
    def from_counts(cls, counts: Sequence[FacetCount]) -> Histogram:
        """Draw the counts of a library's years; no counts give no bars."""
        by_year = {int(each.value): each.count for each in counts}
        if not by_year:
            return cls(())
        first, last = min(by_year), max(by_year)
        years_per_bar = -(-(last - first + 1) // MAX_BARS)
        starts = range(first, last + 1, years_per_bar)
        sums = [
            sum(by_year.get(year, 0) for year in range(start, start + years_per_bar))
            for start in starts
        ]
        tallest = max(sums)
        return cls(
            tuple(
                Bar(
                    left=index * BAR_WIDTH,
                    first=start,
                    last=min(start + years_per_bar - 1, last),
                    count=count,
                    height=round(CHART_HEIGHT * count / tallest, 1),
                )
                for index, (start, count) in enumerate(zip(starts, sums, strict=True))
            )
        )

    @property
    def width(self) -> int:
        """The width of the chart, in its own units."""
        return BAR_WIDTH * len(self.bars)
