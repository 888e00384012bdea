"""The library's map as it is drawn: which mark a point has, and the part that is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from embedder.records import Map, MapPoint

# As many topics have a mark of their own (a colour and a form); the others share the last.
MARKS = 6
SIZE = 1000  # of the drawing, in its own units
MARK = 36  # the size of a mark, however near one is
_MARGIN = 30
_STEP = 0.5  # of what is seen, by which it is moved
_LARGEST_ZOOM = 16.0


@dataclass(frozen=True, slots=True)
class Point:
    """A document on the drawing: where it lies, in the drawing's units, and its mark."""

    of: MapPoint
    x: float
    y: float
    mark: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its mark and how many documents on the map have it first; "" for none."""

    name: str
    mark: int
    count: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """The map as marks, and what the marks mean."""

    points: tuple[Point, ...]
    topics: tuple[Topic, ...]

    @classmethod
    def of(cls, shown: Map) -> Drawing:
        """Draw a map; a document is marked by all its topics together, as one topic."""
        names = [" + ".join(each.document.topics) for each in shown.points]
        commonest = sorted(Counter(names).items(), key=lambda each: (-each[1], each[0]))
        marks = {name: min(at, MARKS - 1) for at, (name, _) in enumerate(commonest)}
        points = tuple(
            Point(each, _scaled(each.x), _scaled(each.y), marks[name])
            for each, name in zip(shown.points, names, strict=True)
        )
        own = [Topic(name, marks[name], count) for name, count in commonest[: MARKS - 1]]
        rest = commonest[MARKS - 1 :]
        if len(rest) == 1:
            own.append(Topic(rest[0][0], MARKS - 1, rest[0][1]))
        elif rest:
            own.append(Topic("…", MARKS - 1, sum(count for _, count in rest)))
        return cls(points, tuple(own))

    def place(self, where: tuple[float, float]) -> tuple[float, float]:
        """Give a place on the map in the drawing's units."""
        return _scaled(where[0]), _scaled(where[1])


def _scaled(part: float) -> float:
    return round(_MARGIN + part * (SIZE - 2 * _MARGIN), 1)


@dataclass(frozen=True, slots=True)
class View:
    """The part of the drawing that is seen: its middle, in 0 to 1, and how much larger."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> View:
        """Read a view from an address; what is no number or too large is left out."""
        zoom = min(max(_number(sent.get("zoom"), 1.0), 1.0), _LARGEST_ZOOM)
        half = 0.5 / zoom
        x, y = (min(max(_number(sent.get(name), 0.5), half), 1 - half) for name in ("x", "y"))
        return cls(round(x, 4), round(y, 4), round(zoom, 2))

    @property
    def box(self) -> str:
        """The view as SVG has it (`viewBox`)."""
        side = SIZE / self.zoom
        numbers = (self.x * SIZE - side / 2, self.y * SIZE - side / 2, side, side)
        return " ".join(f"{each:g}" for each in (round(each, 1) for each in numbers))

    @property
    def radius(self) -> float:
        """The size of a mark, so that it looks the same however near one is."""
        return round(MARK / self.zoom, 2)

    def nearer(self, times: float) -> dict[str, float]:
        """Give the address of the view so many times nearer."""
        return {"x": self.x, "y": self.y, "zoom": round(self.zoom * times, 2)}

    def moved(self, right: float, down: float) -> dict[str, float]:
        """Give the address of the view moved by so many steps."""
        step = _STEP / self.zoom
        return {"x": self.x + right * step, "y": self.y + down * step, "zoom": self.zoom}


def _number(text: str | None, otherwise: float) -> float:
    try:
        found = float(text or "")
    except ValueError:
        return otherwise
    return found if -1e6 < found < 1e6 else otherwise  # not for NaN either
