"""Graphviz's DOT, for who has Graphviz; arrows from cause to effect."""

from __future__ import annotations

from collections.abc import Mapping

from lineal.lineage.graph import LineageGraph
from lineal.records import NodeKind

from .looks import LIGHT, caption, sentence, subtitle, title
from .plain import ordered_edges, ordered_nodes, xml_text

_SHAPES: Mapping[NodeKind, str] = {
    NodeKind.ARTIFACT: "box",
    NodeKind.DATASET: "cylinder",
    NodeKind.MODEL: "hexagon",
    NodeKind.DEPLOYMENT: "house",
    NodeKind.EXECUTION: "ellipse",
    NodeKind.RUN: "folder",
    NodeKind.AGENT: "note",
}


def write(graph: LineageGraph) -> str:
    """A ``digraph``; nodes are named ``n0``, ``n1``… and carry their id as a tooltip."""
    nodes = ordered_nodes(graph)
    names = {node.id: f"n{number}" for number, node in enumerate(nodes)}
    roots = set(graph.roots)
    lines = [
        "digraph lineage {",
        "  graph [rankdir=LR]",
        '  node [style=filled, fontname="sans-serif", fontsize=11]',
        '  edge [fontname="sans-serif", fontsize=9, color="#5b6472"]',
    ]
    for node in nodes:
        colours = LIGHT[node.kind]
        attributes = {
            "label": "\n".join(line for line in (title(node), subtitle(node)) if line),
            "tooltip": node.id,
            "shape": _SHAPES[node.kind],
            "fillcolor": colours.fill,
            "color": colours.line,
            "fontcolor": colours.text,
            "penwidth": "3" if node.id in roots else "1",
        }
        lines.append(f"  {names[node.id]} {_attributes(attributes)}")
    for edge in ordered_edges(graph):
        attributes = {
            "label": caption(edge),
            "tooltip": sentence(edge, graph.nodes),
            "style": "solid" if edge.actual else "dashed",
        }
        lines.append(f"  {names[edge.target]} -> {names[edge.source]} {_attributes(attributes)}")
    return "\n".join([*lines, "}"]) + "\n"


def _attributes(values: Mapping[str, str]) -> str:
    return "[" + ", ".join(f"{key}={_quoted(value)}" for key, value in values.items()) + "]"


def _quoted(text: str) -> str:
    r"""A quoted string that means exactly the text.

    Backslashes start escapes (``\N`` is the node's name), and an ampersand starts an HTML
    entity even in plain labels.
    """
    text = xml_text(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + text.replace("\n", "\\n") + '"'
