"""The map as it is drawn, and the part of it that is seen."""

from __future__ import annotations

import math

import pytest

from embedder.records import Document, Map, MapPoint
from server.web.map_view import MAX_ZOOM, SIZE, SYMBOLS, Drawing, LegendEntry, View


def point(name: str, *topics: str, x: float = 0.5, y: float = 0.5) -> MapPoint:
    return MapPoint(Document(name, name, "", topics=topics), x, y, None)


def test_a_drawing_has_a_margin_and_keeps_places() -> None:
    drawing = Drawing.from_map(Map((point("a", x=0, y=0), point("b", x=1, y=0.5)), 2))
    assert [(each.x, each.y) for each in drawing.points] == [(30, 30), (970, 500)]
    assert drawing.position(0.5, 1.0) == (500, 970)


def test_topics_have_marks_the_commonest_first() -> None:
    points = (point("a", "Sea"), point("b", "Land"), point("c", "Land"), point("d", "Land", "Sea"))
    drawing = Drawing.from_map(Map(points, 4))
    assert drawing.legend == (
        LegendEntry("Land", 0, 2),
        LegendEntry("Land + Sea", 1, 1),
        LegendEntry("Sea", 2, 1),
    )
    assert [each.symbol for each in drawing.points] == [2, 0, 0, 1]


def test_very_many_topics_share_the_last_mark() -> None:
    points = tuple(point(f"{at}", f"Topic {at % 9}") for at in range(30))
    drawing = Drawing.from_map(Map(points, 30))
    assert [each.symbol for each in drawing.legend] == list(range(SYMBOLS))
    assert drawing.legend[-1].name == "…"
    assert sum(each.count for each in drawing.legend) == 30
    assert {each.symbol for each in drawing.points} == set(range(SYMBOLS))


def test_an_empty_map_is_an_empty_drawing() -> None:
    assert Drawing.from_map(Map((), 7)) == Drawing((), ())


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({}, (0.5, 0.5, 1.0)),
        ({"zoom": "2", "x": "0.3", "y": "0.6"}, (0.3, 0.6, 2.0)),
        ({"zoom": "2", "x": "0", "y": "9"}, (0.25, 0.75, 2.0)),  # never beyond the edge
        ({"zoom": "0.1"}, (0.5, 0.5, 1.0)),
        ({"zoom": "99"}, (0.5, 0.5, MAX_ZOOM)),
        ({"zoom": "nan", "x": "inf", "y": "-inf"}, (0.5, 0.5, 1.0)),
        ({"zoom": "<b>", "x": "", "y": "1e400"}, (0.5, 0.5, 1.0)),
    ],
)
def test_a_view_is_read_from_an_address(sent: dict[str, str], wanted: tuple[float, ...]) -> None:
    view = View.read(sent)
    assert (view.x, view.y, view.zoom) == wanted
    assert all(map(math.isfinite, map(float, view.view_box.split())))


def test_a_view_is_a_square_around_its_middle() -> None:
    assert View().view_box == f"0 0 {SIZE} {SIZE}"
    assert View(0.3, 0.6, 2.0).view_box == "50 350 500 500"
    assert View(zoom=2.0).symbol_size == View().symbol_size / 2


def test_steps_from_view_to_view_come_back() -> None:
    view = View(0.4, 0.6, 4.0)
    assert View.read({k: str(v) for k, v in view.zoomed(2).items()}).zoom == 8.0
    moved = View.read({k: str(v) for k, v in view.moved(1, 0).items()})
    assert moved == View(0.525, 0.6, 4.0)
    back = View.read({k: str(v) for k, v in moved.moved(-1, 0).items()})
    assert back == view
