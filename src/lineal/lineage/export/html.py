"""A page to explore a graph in: one file, no network, drawn by `drawing`.

The page is a template with autoescape; the data of the graph is JSON in a script element,
written by Jinja's ``tojson``, which leaves no ``<``, ``>``, ``&`` or ``'`` in it.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from lineal.lineage.graph import LineageGraph
from lineal.records import NodeKind

from .drawing import Drawing, draw
from .looks import title
from .plain import plain, utf8, xml_text
from .svg import ARROW, description, style


def write(graph: LineageGraph) -> str:
    """The graph as a page of HTML."""
    drawing = draw(graph, interactive=True)
    names = [title(graph.nodes[root]) for root in graph.roots if root in graph.nodes]
    return _page().render(
        title=f"Lineage of {', '.join(names)}" if names else "Lineage",
        description=description(graph),
        # Both are ours: `draw` escapes every text that it writes.
        elements=Markup(drawing.elements),  # noqa: S704
        style=Markup(style()),  # noqa: S704
        arrow=Markup(ARROW),  # noqa: S704
        width=round(drawing.width, 1),
        height=round(drawing.height, 1),
        kinds=[kind.value for kind in NodeKind if graph.of_kind(kind)],
        truncated=graph.truncated,
        data=_data(drawing, graph),
    )


def _data(drawing: Drawing, graph: LineageGraph) -> dict[str, object]:
    """What the page's script reads: nodes by number, edges by the numbers of their ends."""
    number = {node.id: index for index, node in enumerate(drawing.nodes)}
    return {
        "nodes": [
            {
                "id": utf8(node.id),
                "kind": node.kind.value,
                "label": xml_text(node.label),
                "facts": plain(node.facts),
            }
            for node in drawing.nodes
        ],
        "edges": [
            {
                "effect": number[edge.source],
                "cause": number[edge.target],
                "relation": edge.relation.value,
                "role": utf8(edge.role),
                "actual": edge.actual,
            }
            for edge in drawing.edges
        ],
        "roots": sorted(number[root] for root in set(graph.roots) if root in number),
    }


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("lineal.lineage.export"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.policies["json.dumps_kwargs"] = {}  # facts in the order they have
    return environment.get_template("page.html")
