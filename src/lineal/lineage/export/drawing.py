"""A lineage graph as SVG elements: sizes from text, places from `layout`, shapes by kind.

`svg` makes a picture of it, `html` a page. Every text goes through one escape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.sax.saxutils import escape as _markup
from xml.sax.saxutils import quoteattr

from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node, NodeKind, Relation

from .layout import Box, Layout, Point, lay_out
from .looks import caption, sentence, subtitle, title
from .plain import ordered_edges, ordered_nodes, xml_text

HEIGHT = 46.0
_NARROWEST, _WIDEST, _SIDES = 96.0, 240.0, 30.0
_TITLE, _SMALL, _TINY = 13.0, 11.0, 10.0
"""Sizes of type."""
_ROOM = 11.0
"""A word on an arrow needs so much of its own."""
_ASIDE = frozenset((Relation.INFORMED_BY, Relation.ASSOCIATED_WITH, Relation.ATTRIBUTED_TO))
"""Who and when, not what: drawn faintly, and no reason to pull boxes together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """SVG elements and how much room they take."""

    nodes: Sequence[Node]
    """In the order of their numbers, which are the ``data-n`` of their elements."""
    edges: Sequence[Edge]
    """In the order of their numbers, which are the ``data-e`` of their elements."""
    elements: str
    width: float
    height: float


def draw(graph: LineageGraph, *, interactive: bool = False) -> Drawing:
    """Draw a graph.

    Args:
        graph: What to draw.
        interactive: Whether nodes can be reached by keyboard and are buttons to readers
            of screens.
    """
    nodes, edges = ordered_nodes(graph), ordered_edges(graph)
    words = {node.id: (_cut(title(node), _TITLE), _cut(subtitle(node), _SMALL)) for node in nodes}
    layout = lay_out(
        {id_: (_width(*lines), HEIGHT) for id_, lines in words.items()},
        [(edge.target, edge.source) for edge in edges],
        [0 if edge.relation in _ASIDE else 1 for edge in edges],
    )
    lines = ['<g class="edges">']
    lines += [
        _edge(number, edge, layout, sentence(edge, graph.nodes))
        for number, edge in enumerate(edges)
    ]
    lines += ["</g>", '<g class="nodes">']
    roots = set(graph.roots)
    lines += [
        _node(number, node, layout.boxes[node.id], words[node.id], node.id in roots, interactive)
        for number, node in enumerate(nodes)
    ]
    lines.append("</g>")
    return Drawing(
        nodes=nodes,
        edges=edges,
        elements="\n".join(lines),
        width=layout.width,
        height=layout.height,
    )


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a plain face; fonts differ, so a little too wide."""
    wide = sum(east_asian_width(character) in "WF" for character in text)
    capital = sum(character.isupper() or character in "mwMW@%…" for character in text)
    return size * (0.56 * (len(text) - wide) + 0.16 * capital + 1.05 * wide)


def escaped(text: str) -> str:
    """Text as the content of an element."""
    return _markup(xml_text(text))


def _cut(text: str, size: float) -> str:
    if text_width(text, size) <= _WIDEST - _SIDES:
        return text
    while text and text_width(text + "…", size) > _WIDEST - _SIDES:
        text = text[:-1]
    return text + "…"


def _width(first: str, second: str) -> float:
    found = max(text_width(first, _TITLE), text_width(second, _SMALL)) + _SIDES
    return float(round(min(max(found, _NARROWEST), _WIDEST)))


def _node(
    number: int, node: Node, box: Box, words: tuple[str, str], root: bool, interactive: bool
) -> str:
    classes = f"node {node.kind.value}{' root' if root else ''}"
    reach = ""
    if interactive:
        said = quoteattr(xml_text(f"{node.kind.value} {' '.join(filter(None, words))}"))
        reach = f' tabindex="0" role="button" aria-pressed="false" aria-label={said}'
    middle = _n(box.x + box.width / 2)
    first, second = words
    lines = [
        f'<g class="{classes}" data-n="{number}"{reach}>',
        f"<title>{escaped(f'{node.kind.value}: {title(node)}')}\n{escaped(node.id)}</title>",
        _SHAPES[node.kind](box),
        _line("first", middle, box.y + (20 if second else 27), first),
    ]
    if second:
        lines.append(_line("second", middle, box.y + 36, second))
    return "\n".join([*lines, "</g>"])


def _line(kind: str, x: str, y: float, words: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{_n(y)}">{escaped(words)}</text>'


def _edge(number: int, edge: Edge, layout: Layout, said: str) -> str:
    route = layout.routes[number]
    classes = ["edge", edge.relation.value]
    if edge.relation in _ASIDE:
        classes.append("aside")
    if not edge.actual:
        classes.append("other")
    path = _curve(route) if route else _loop(layout.boxes[edge.source])
    lines = [
        f'<g class="{" ".join(classes)}" data-e="{number}">',
        f"<title>{escaped(said)}</title>",
        f'<path d="{path}" marker-end="url(#arrow)"/>',
    ]
    word = caption(edge)
    onward = len(route) > 1 and route[0][0] < route[-1][0]
    if word and onward and layout.ports[number] >= _ROOM:
        x, y = route[-1]
        short = word if len(word) <= 11 else word[:10] + "…"
        lines.append(f'<text x="{_n(x - 10)}" y="{_n(y - 4)}">{escaped(short)}</text>')
    return "\n".join([*lines, "</g>"])


def _curve(route: Sequence[Point]) -> str:
    """Straight inside layers, level where it leaves one and where it enters the next."""
    (x, y), *rest = route
    parts = [f"M{_n(x)} {_n(y)}"]
    for index, (to_x, to_y) in enumerate(rest):
        if index % 2 == 0 or abs(to_y - y) < 0.05:
            parts.append(f"L{_n(to_x)} {_n(to_y)}")
        else:
            half = _n((x + to_x) / 2)
            parts.append(f"C{half} {_n(y)} {half} {_n(to_y)} {_n(to_x)} {_n(to_y)}")
        x, y = to_x, to_y
    return "".join(parts)


def _loop(box: Box) -> str:
    right, top = box.x + box.width, box.y
    return (
        f"M{_n(right)} {_n(top + 14)}C{_n(right + 22)} {_n(top + 14)} "
        f"{_n(right + 8)} {_n(top - 16)} {_n(right - 14)} {_n(top)}"
    )


def _n(number: float) -> str:
    """A coordinate to a tenth, so that no platform's rounding shows."""
    return f"{number:.1f}".removesuffix(".0")


def _rectangle(box: Box, radius: float, inset: float = 0.0, more: str = "shape") -> str:
    return (
        f'<rect class="{more}" x="{_n(box.x + inset)}" y="{_n(box.y + inset)}" '
        f'width="{_n(box.width - 2 * inset)}" height="{_n(box.height - 2 * inset)}" '
        f'rx="{_n(radius)}"/>'
    )


def _cylinder(box: Box) -> str:
    left, right, top, low = box.x, box.x + box.width, box.y + 5, box.y + box.height - 5
    half = _n(box.width / 2)
    body = (
        f"M{_n(left)} {_n(top)}A{half} 5 0 0 1 {_n(right)} {_n(top)}V{_n(low)}"
        f"A{half} 5 0 0 1 {_n(left)} {_n(low)}Z"
    )
    lid = f"M{_n(left)} {_n(top)}A{half} 5 0 0 0 {_n(right)} {_n(top)}"
    return f'<path class="shape" d="{body}"/><path class="line" d="{lid}"/>'


def _octagon(box: Box) -> str:
    left, right, top, low = box.x, box.x + box.width, box.y, box.y + box.height
    return (
        f'<path class="shape" d="M{_n(left + 11)} {_n(top)}H{_n(right - 11)}'
        f"L{_n(right)} {_n(top + 11)}V{_n(low - 11)}L{_n(right - 11)} {_n(low)}"
        f'H{_n(left + 11)}L{_n(left)} {_n(low - 11)}V{_n(top + 11)}Z"/>'
    )


_SHAPES: Mapping[NodeKind, Callable[[Box], str]] = {
    NodeKind.ARTIFACT: lambda box: _rectangle(box, 5),
    NodeKind.DATASET: _cylinder,
    NodeKind.MODEL: _octagon,
    NodeKind.DEPLOYMENT: lambda box: _rectangle(box, 5) + _rectangle(box, 3, 3.5, "line"),
    NodeKind.EXECUTION: lambda box: _rectangle(box, HEIGHT / 2),
    NodeKind.RUN: lambda box: _rectangle(box, 5, more="shape dashed"),
    NodeKind.AGENT: lambda box: _rectangle(box, HEIGHT / 2, more="shape dashed"),
}
