"""A Mermaid flowchart, for Markdown documents and reviews; arrows from cause to effect."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node, NodeKind

from .looks import LIGHT, caption, subtitle, title
from .plain import ordered_edges, ordered_nodes

_SHAPES: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.ARTIFACT: ("[", "]"),
    NodeKind.DATASET: ("[(", ")]"),
    NodeKind.MODEL: ("{{", "}}"),
    NodeKind.DEPLOYMENT: ("[[", "]]"),
    NodeKind.EXECUTION: ("([", "])"),
    NodeKind.RUN: ("[/", "/]"),
    NodeKind.AGENT: (">", "]"),
}
_READ = re.compile(r"[^\w ,:@()/%=+.·×…-]|[_ﬂ]")
"""What Mermaid, HTML or Markdown may read as more than itself."""
_LOOKS_LIKE_A_LIST = re.compile(r"^([-+*]|\d+[.)])(?=\s|$)")


def write(graph: LineageGraph) -> str:
    """A flowchart from left to right; ids are ``n0``, ``n1``… in the order of node ids."""
    nodes = ordered_nodes(graph)
    ids = {node.id: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["flowchart LR"]
    lines += [f"  {ids[node.id]}{_box(node)}:::{node.kind.value}" for node in nodes]
    lines += [f"  {_arrow(edge, ids)}" for edge in ordered_edges(graph)]
    for kind in sorted({node.kind for node in nodes}):
        colours = LIGHT[kind]
        lines.append(
            f"  classDef {kind.value} fill:{colours.fill},"
            f"stroke:{colours.line},color:{colours.text}"
        )
    roots = sorted({ids[root] for root in graph.roots if root in ids}, key=lambda id_: int(id_[1:]))
    if roots:
        lines += ["  classDef root stroke-width:3px", f"  class {','.join(roots)} root"]
    if graph.truncated:
        lines.append("  %% There is more than the limits of the question let in.")
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    start, end = _SHAPES[node.kind]
    text = "<br/>".join(_escape(line) for line in (title(node), subtitle(node)) if line)
    return f'{start}"{text}"{end}'


def _arrow(edge: Edge, ids: Mapping[str, str]) -> str:
    line = "-->" if edge.actual else "-.->"
    words = caption(edge)
    label = f'|"{_escape(words)}"|' if words else ""
    return f"{ids[edge.target]} {line}{label} {ids[edge.source]}"


def _escape(text: str) -> str:
    """Text inside quotes: Mermaid's numbered entities for all that it, HTML or Markdown reads.

    Mermaid turns entities into marks of its own that start with ``ﬂ``, so that goes too.
    """
    found = _LOOKS_LIKE_A_LIST.match(text)
    start = found.end() if found else 0
    return "".join(map(_entity, text[:start])) + _READ.sub(
        lambda read: _entity(read.group()), text[start:]
    )


def _entity(character: str) -> str:
    return f"#{ord(character)};"
