"""The library's map as it is drawn: the symbol of each document, and the part that is in view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from embedder.records import Map, MapPoint

# The commonest topics each have a symbol (a colour and a shape); the others share the last one.
SYMBOLS = 6
SIZE = 1000  # the drawing's side, in its own units
SYMBOL_SIZE = 36  # in the drawing's units at zoom 1; on the screen it is the same at every zoom
MAX_ZOOM = 16.0
_MARGIN = 30
_STEP = 0.5  # how far one step moves the view, as a share of its side


@dataclass(frozen=True, slots=True)
class DrawnPoint:
    """A document on the drawing: its position in the drawing's units, and its symbol's number."""

    source: MapPoint
    x: float
    y: float
    symbol: int


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A topic ("" for none), its symbol, and how many documents on the map have it."""

    name: str
    symbol: int
    count: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """The points of a map, and the legend of their symbols."""

    points: tuple[DrawnPoint, ...]
    legend: tuple[LegendEntry, ...]

    @classmethod
    def from_map(cls, library_map: Map) -> Drawing:
        """Draw a map; the topics of a document count together, as one topic."""
        names = [" + ".join(point.document.topics) for point in library_map.points]
        by_count = sorted(Counter(names).items(), key=lambda item: (-item[1], item[0]))
        symbols = {name: min(rank, SYMBOLS - 1) for rank, (name, _) in enumerate(by_count)}
        points = tuple(
            DrawnPoint(point, _scaled(point.x), _scaled(point.y), symbols[name])
            for point, name in zip(library_map.points, names, strict=True)
        )
        legend = [
            LegendEntry(name, symbols[name], count) for name, count in by_count[: SYMBOLS - 1]
        ]
        others = by_count[SYMBOLS - 1 :]
        if len(others) == 1:
            legend.append(LegendEntry(others[0][0], SYMBOLS - 1, others[0][1]))
        elif others:
            legend.append(LegendEntry("…", SYMBOLS - 1, sum(count for _, count in others)))
        return cls(points, tuple(legend))

    @staticmethod
    def position(x: float, y: float) -> tuple[float, float]:
        """Convert a position on the map, 0 to 1 each way, to the drawing's units."""
        return _scaled(x), _scaled(y)


def _scaled(coordinate: float) -> float:
    return round(_MARGIN + coordinate * (SIZE - 2 * _MARGIN), 1)


@dataclass(frozen=True, slots=True)
class View:
    """The part of the drawing that is seen: its centre, 0 to 1 each way, and its enlargement."""

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> View:
        """Read a view from the fields `x`, `y` and `zoom` of an address.

        What is not a number counts as missing; numbers out of range are brought into it, so that
        the view never reaches beyond the drawing's edge.
        """
        zoom = min(max(_number(fields.get("zoom"), 1.0), 1.0), MAX_ZOOM)
        half = 0.5 / zoom
        x, y = (min(max(_number(fields.get(name), 0.5), half), 1 - half) for name in ("x", "y"))
        return cls(round(x, 4), round(y, 4), round(zoom, 2))

    @property
    def view_box(self) -> str:
        """The value of SVG's `viewBox`: left, top, width and height."""
        side = SIZE / self.zoom
        box = (self.x * SIZE - side / 2, self.y * SIZE - side / 2, side, side)
        return " ".join(f"{round(number, 1):g}" for number in box)

    @property
    def symbol_size(self) -> float:
        """The size of a symbol in the drawing's units: on the screen it is always the same."""
        return round(SYMBOL_SIZE / self.zoom, 2)

    def zoomed(self, factor: float) -> dict[str, float]:
        """Return the address fields of the view enlarged by a factor."""
        return {"x": self.x, "y": self.y, "zoom": round(self.zoom * factor, 2)}

    def moved(self, right: float, down: float) -> dict[str, float]:
        """Return the address fields of the view moved by a number of steps each way."""
        step = _STEP / self.zoom
        return {"x": self.x + right * step, "y": self.y + down * step, "zoom": self.zoom}


def _number(text: str | None, default: float) -> float:
    try:
        number = float(text or "")
    except ValueError:
        return default
    return number if -1e6 < number < 1e6 else default  # NaN, too, is not in this range
