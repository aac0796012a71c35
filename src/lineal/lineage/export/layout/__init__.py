"""A layered layout of our own, from left to right: boxes that do not overlap, and curves.

`layering` gives the layers, `crossings` their order, `placing` the places along them; this
puts the parts together and routes the edges. The same input gives the same drawing. It
knows boxes and edges, nothing of lineage or SVG.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .crossings import ordered
from .layering import Layered, layered
from .placing import placed

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where a vertex is drawn."""

    x: float
    """Of the left edge."""
    y: float
    """Of the upper edge."""
    width: float
    height: float
    layer: int
    """From 0, on the left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A drawing, from (0, 0) to (width, height)."""

    boxes: Mapping[str, Box]
    routes: Sequence[Sequence[Point]]
    """Of each edge, in their order: two points for each layer it meets, on its two sides.

    Inside a layer a straight line is due, from one layer to the next a curve. A loop has none.
    """
    ports: Sequence[float]
    """Of each edge, how much room it has at the box it leads to, up and down."""
    width: float
    height: float


_ACROSS = 84.0
"""Between layers."""
_ALONG = 18.0
"""Between boxes of a layer."""
_BEND = 10.0
"""Between lines of a layer."""


def lay_out(
    sizes: Mapping[str, tuple[float, float]],
    edges: Sequence[tuple[str, str]],
    weights: Sequence[int] | None = None,
) -> Layout:
    """Lay a graph out.

    Args:
        sizes: Width and height of each vertex's box.
        edges: From and to, by vertex.
        weights: How much it matters that an edge is short; 1 unless told otherwise.
    """
    names = list(sizes)
    number = {name: index for index, name in enumerate(names)}
    pairs = [(number[start], number[end]) for start, end in edges]
    graph = layered(len(names), pairs, weights or [1] * len(pairs))
    bends = len(graph.layer) - graph.real
    heights = [sizes[name][1] for name in names] + [0.0] * bends
    gaps = [_ALONG] * graph.real + [_BEND] * bends
    centres = placed(graph, ordered(graph), heights, gaps)
    lefts, widths = _columns(graph, [sizes[name][0] for name in names])
    boxes = {
        name: Box(
            x=lefts[layer] + (widths[layer] - sizes[name][0]) / 2,
            y=centres[index] - heights[index] / 2,
            width=sizes[name][0],
            height=heights[index],
            layer=layer,
        )
        for index, (name, layer) in enumerate(zip(names, graph.layer, strict=False))
    }
    routes, ports = _routes(graph, pairs, [boxes[name] for name in names], centres, lefts, widths)
    return Layout(
        boxes=boxes,
        routes=routes,
        ports=ports,
        width=lefts[-1] + widths[-1] if lefts else 0.0,
        height=max((box.y + box.height for box in boxes.values()), default=0.0),
    )


def _columns(graph: Layered, widths: Sequence[float]) -> tuple[list[float], list[float]]:
    """Left edge and width of each layer."""
    widest = [0.0] * (max(graph.layer, default=-1) + 1)
    for layer, width in zip(graph.layer, widths, strict=False):
        widest[layer] = max(widest[layer], width)
    lefts, left = [], 0.0
    for width in widest:
        lefts.append(left)
        left += width + _ACROSS
    return lefts, widest


def _routes(
    graph: Layered,
    pairs: Sequence[tuple[int, int]],
    boxes: Sequence[Box],
    centres: Sequence[float],
    lefts: Sequence[float],
    widths: Sequence[float],
) -> tuple[list[list[Point]], list[float]]:
    ways = [
        _way(graph, (end, start) if index in graph.turned else (start, end))
        for index, (start, end) in enumerate(pairs)
    ]
    arrivals, room = _arrivals(ways, boxes, centres)
    routes: list[list[Point]] = []
    for index, way in enumerate(ways):
        if way[0] == way[-1]:
            routes.append([])
            continue
        start, end, y = boxes[way[0]], boxes[way[-1]], centres[way[0]]
        route: list[Point] = [
            (start.x + start.width, y),
            (lefts[start.layer] + widths[start.layer], y),
        ]
        for bend in way[1:-1]:
            left = lefts[graph.layer[bend]]
            route += [(left, centres[bend]), (left + widths[graph.layer[bend]], centres[bend])]
        route += [(lefts[end.layer], arrivals[index]), (end.x, arrivals[index])]
        routes.append(route[::-1] if index in graph.turned else route)
    return routes, room


def _way(graph: Layered, edge: tuple[int, int]) -> list[int]:
    """The vertices that an edge goes through, both ends included."""
    start, end = edge
    span = max(graph.layer[end] - graph.layer[start] - 1, 0)
    return [start, *graph.chains.get(start, ())[:span], end]


def _arrivals(
    ways: Sequence[Sequence[int]], boxes: Sequence[Box], centres: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Where each edge meets the box it leads to: spread over its side, in the order they come."""
    coming: dict[int, list[int]] = {}
    for index, way in enumerate(ways):
        coming.setdefault(way[-1], []).append(index)
    arrivals, room = [0.0] * len(ways), [0.0] * len(ways)
    for vertex, indexes in coming.items():
        indexes.sort(key=lambda index: (centres[ways[index][-2]], index))
        step = boxes[vertex].height / (len(indexes) + 1)
        for place, index in enumerate(indexes, start=1):
            arrivals[index] = boxes[vertex].y + place * step
            room[index] = step
    return arrivals, room
