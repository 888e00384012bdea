"""The map as it is drawn, and the chart of years."""

from __future__ import annotations

import math

import pytest

from embedder.records import Document, FacetCount, Map, MapPoint
from server.web.histogram import HEIGHT, WIDTH, Years
from server.web.map_view import MARKS, SIZE, Drawing, Topic, View


def point(name: str, *topics: str, x: float = 0.5, y: float = 0.5) -> MapPoint:
    return MapPoint(Document(name, name, "", topics=topics), x, y, None)


def test_a_drawing_has_a_margin_and_keeps_places() -> None:
    drawing = Drawing.of(Map((point("a", x=0, y=0), point("b", x=1, y=0.5)), 2))
    assert [(each.x, each.y) for each in drawing.points] == [(30, 30), (970, 500)]
    assert drawing.place((0.5, 1.0)) == (500, 970)


def test_topics_have_marks_the_commonest_first() -> None:
    points = (point("a", "Sea"), point("b", "Land"), point("c", "Land"), point("d", "Land", "Sea"))
    drawing = Drawing.of(Map(points, 4))
    assert drawing.topics == (Topic("Land", 0, 2), Topic("Land + Sea", 1, 1), Topic("Sea", 2, 1))
    assert [each.mark for each in drawing.points] == [2, 0, 0, 1]


def test_very_many_topics_share_the_last_mark() -> None:
    points = tuple(point(f"{at}", f"Topic {at % 9}") for at in range(30))
    drawing = Drawing.of(Map(points, 30))
    assert [each.mark for each in drawing.topics] == list(range(MARKS))
    assert drawing.topics[-1].name == "…"
    assert sum(each.count for each in drawing.topics) == 30
    assert {each.mark for each in drawing.points} == set(range(MARKS))


def test_an_empty_map_is_an_empty_drawing() -> None:
    assert Drawing.of(Map((), 7)) == Drawing((), ())


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({}, (0.5, 0.5, 1.0)),
        ({"zoom": "2", "x": "0.3", "y": "0.6"}, (0.3, 0.6, 2.0)),
        ({"zoom": "2", "x": "0", "y": "9"}, (0.25, 0.75, 2.0)),  # never beyond the edge
        ({"zoom": "0.1"}, (0.5, 0.5, 1.0)),
        ({"zoom": "99"}, (0.5, 0.5, 16.0)),
        ({"zoom": "nan", "x": "inf", "y": "-inf"}, (0.5, 0.5, 1.0)),
        ({"zoom": "<b>", "x": "", "y": "1e400"}, (0.5, 0.5, 1.0)),
    ],
)
def test_a_view_is_read_from_an_address(sent: dict[str, str], wanted: tuple[float, ...]) -> None:
    view = View.read(sent)
    assert (view.x, view.y, view.zoom) == wanted
    assert all(map(math.isfinite, map(float, view.box.split())))


def test_a_view_is_a_square_around_its_middle() -> None:
    assert View().box == f"0 0 {SIZE} {SIZE}"
    assert View(0.3, 0.6, 2.0).box == "50 350 500 500"
    assert View(zoom=2.0).radius == View().radius / 2


def test_steps_from_view_to_view_come_back() -> None:
    view = View(0.4, 0.6, 4.0)
    assert View.read({k: str(v) for k, v in view.nearer(2).items()}).zoom == 8.0
    moved = View.read({k: str(v) for k, v in view.moved(1, 0).items()})
    assert moved == View(0.525, 0.6, 4.0)
    back = View.read({k: str(v) for k, v in moved.moved(-1, 0).items()})
    assert back == view


# Years.


def counts(**years: int) -> list[FacetCount]:
    return [FacetCount(int(year[1:]), count) for year, count in years.items()]


def test_bars_stand_in_a_row_without_a_gap() -> None:
    years = Years.of(counts(y2012=4, y2009=1, y2010=2))
    assert [(each.first, each.last, each.count) for each in years.bars] == [
        (2009, 2009, 1),
        (2010, 2010, 2),
        (2011, 2011, 0),
        (2012, 2012, 4),
    ]
    assert [each.left for each in years.bars] == [0, WIDTH, 2 * WIDTH, 3 * WIDTH]
    assert [each.height for each in years.bars] == [HEIGHT / 4, HEIGHT / 2, 0, HEIGHT]
    assert years.width == 4 * WIDTH


def test_a_long_time_is_drawn_in_steps() -> None:
    years = Years.of(counts(y1900=3, y1903=2, y2024=5))
    assert len(years.bars) <= 40
    assert (years.bars[0].first, years.bars[-1].last) == (1900, 2024)
    assert [each.first for each in years.bars[1:]] == [each.last + 1 for each in years.bars[:-1]]
    assert sum(each.count for each in years.bars) == 10
    assert years.bars[0].count == 5


def test_no_years_are_no_bars() -> None:
    assert Years.of([]) == Years(())
