"""A picture: SVG that needs no other file, reads in light and dark, and says what it shows."""

from __future__ import annotations

from collections.abc import Mapping

from lineal.lineage.graph import LineageGraph
from lineal.records import NodeKind

from .drawing import Drawing, draw, escaped, text_width
from .looks import DARK, LIGHT, Colours, title

_MARGIN = 24.0
_LEGEND = 30.0

_STYLE = """\
.lineage text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.lineage .node text{text-anchor:middle}
.lineage .first{font-size:13px;font-weight:600}
.lineage .second{font-size:11px;opacity:.85}
.lineage .shape{stroke-width:1.4}
.lineage .line{fill:none;stroke-width:1}
.lineage .dashed{stroke-dasharray:5 3}
.lineage .root .shape{stroke-width:3.2}
.lineage .edge path{fill:none;stroke-width:1.5}
.lineage .aside path{stroke-width:1}
.lineage .other path{stroke-dasharray:6 4}
.lineage .edge text{font-size:10px;text-anchor:end;paint-order:stroke;stroke-width:3px;\
stroke-linejoin:round}
.lineage .legend text{font-size:11px}
"""


def write(graph: LineageGraph) -> str:
    """The graph as SVG, arrows from cause to effect, from left to right."""
    drawing = draw(graph)
    legend = _legend(drawing)
    names = [title(graph.nodes[root]) for root in graph.roots if root in graph.nodes]
    about = f"Lineage of {', '.join(names)}" if names else "Lineage"
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            _opening(drawing),
            f'<title id="lineage-title">{escaped(about)}</title>',
            f'<desc id="lineage-desc">{escaped(description(graph))}</desc>',
            f"<style>\n{style()}</style>",
            ARROW,
            '<rect class="paper" x="0" y="0" width="100%" height="100%"/>',
            f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
            drawing.elements,
            *legend,
            "</g>",
            "</svg>\n",
        ]
    )


ARROW = (
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
    'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
    '<path class="head" d="M0 0.5L8 4L0 7.5Z"/></marker></defs>'
)


def style() -> str:
    """Rules for both schemes, written out: converters of SVG know no variables of CSS."""
    light = _scheme(LIGHT, paper="#ffffff", ink="#3d4754", edge="#7d8896", aside="#c3cad3")
    dark = _scheme(DARK, paper="#14171c", ink="#c4ccd6", edge="#8590a0", aside="#434c59")
    return f"{_STYLE}{light}@media (prefers-color-scheme: dark){{\n{dark}}}\n"


def description(graph: LineageGraph) -> str:
    """What the picture shows, in a sentence or two, for who can't see it."""
    counts = [
        f"{len(nodes)} {kind.value}{'s' if len(nodes) != 1 else ''}"
        for kind in NodeKind
        if (nodes := graph.of_kind(kind))
    ]
    more = " There is more than is shown." if graph.truncated else ""
    return f"{', '.join(counts) or 'Nothing'}; arrows lead from cause to effect.{more}"


def _scheme(
    kinds: Mapping[NodeKind, Colours], *, paper: str, ink: str, edge: str, aside: str
) -> str:
    rules = [
        f".paper{{fill:{paper}}}",
        f".edge path{{stroke:{edge}}}",
        f".head{{fill:{edge}}}",
        f".aside path{{stroke:{aside}}}",
        f".edge text{{fill:{ink};stroke:{paper}}}",
        f".legend text{{fill:{ink}}}",
    ]
    for kind, colours in kinds.items():
        rules += [
            f".{kind.value} .shape{{fill:{colours.fill};stroke:{colours.line}}}",
            f".{kind.value} .line{{stroke:{colours.line}}}",
            f".node.{kind.value} text{{fill:{colours.text}}}",
        ]
    return "".join(f".lineage {rule}\n" for rule in rules)


def _opening(drawing: Drawing) -> str:
    width = max(drawing.width, _legend_width(drawing)) + 2 * _MARGIN
    height = drawing.height + 2 * _MARGIN + (_LEGEND if drawing.nodes else 0.0)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" class="lineage" role="img" '
        'aria-labelledby="lineage-title lineage-desc" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )


def _kinds(drawing: Drawing) -> list[NodeKind]:
    found = {node.kind for node in drawing.nodes}
    return [kind for kind in NodeKind if kind in found]


def _legend_width(drawing: Drawing) -> float:
    return sum(30.0 + text_width(kind.value, 11) for kind in _kinds(drawing))


def _legend(drawing: Drawing) -> list[str]:
    """A swatch and a word for each kind there is, below the drawing."""
    x, y = 0.0, drawing.height + _LEGEND
    lines = ['<g class="legend">']
    for kind in _kinds(drawing):
        lines.append(
            f'<g class="{kind.value}"><rect class="shape" x="{x:.0f}" y="{y - 10:.0f}" '
            f'width="12" height="12" rx="3"/><text x="{x + 18:.0f}" y="{y:.0f}">'
            f"{kind.value}</text></g>"
        )
        x += 30.0 + text_width(kind.value, 11)
    return [*lines, "</g>"]
