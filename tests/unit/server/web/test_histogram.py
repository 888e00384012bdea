"""Bars of the chart of years."""

from __future__ import annotations

import pytest

from embedder.records import FacetCount
from server.web.histogram import BAR_WIDTH, CHART_HEIGHT, MAX_BARS, Bar, Histogram


def counts(**years: int) -> list[FacetCount]:
    return [FacetCount(int(year[1:]), count) for year, count in years.items()]


def test_bars_stand_in_a_row_without_a_gap() -> None:
    histogram = Histogram.from_counts(counts(y2012=4, y2009=1, y2010=2))
    assert [(each.first, each.last, each.count) for each in histogram.bars] == [
        (2009, 2009, 1),
        (2010, 2010, 2),
        (2011, 2011, 0),
        (2012, 2012, 4),
    ]
    assert [each.left for each in histogram.bars] == [0, BAR_WIDTH, 2 * BAR_WIDTH, 3 * BAR_WIDTH]
    assert [each.height for each in histogram.bars] == [
        CHART_HEIGHT / 4,
        CHART_HEIGHT / 2,
        0,
        CHART_HEIGHT,
    ]
    assert histogram.width == 4 * BAR_WIDTH


def test_a_long_time_is_drawn_in_steps() -> None:
    histogram = Histogram.from_counts(counts(y1900=3, y1903=2, y2024=5))
    assert len(histogram.bars) <= 40
    assert (histogram.bars[0].first, histogram.bars[-1].last) == (1900, 2024)
    assert [each.first for each in histogram.bars[1:]] == [
        each.last + 1 for each in histogram.bars[:-1]
    ]
    assert sum(each.count for each in histogram.bars) == 10
    assert histogram.bars[0].count == 5


def test_one_year_is_one_bar_of_full_height() -> None:
    histogram = Histogram.from_counts(counts(y2012=3))
    assert histogram.bars == (Bar(0, 2012, 2012, 3, CHART_HEIGHT),)
    assert histogram.width == BAR_WIDTH


@pytest.mark.parametrize(
    ("last", "bars", "years_per_bar"), [(1939, 40, 1), (1940, 21, 2), (1999, 34, 3)]
)
def test_there_are_never_more_bars_than_fit(last: int, bars: int, years_per_bar: int) -> None:
    histogram = Histogram.from_counts([FacetCount(1900, 1), FacetCount(last, 1)])
    assert len(histogram.bars) == bars <= MAX_BARS
    assert histogram.bars[0].last == 1900 + years_per_bar - 1
    assert histogram.bars[-1].last == last


def test_no_years_are_no_bars() -> None:
    assert Histogram.from_counts([]) == Histogram(())
