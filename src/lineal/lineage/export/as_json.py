"""JSON for programs: the graph as it is, edges from effect to cause."""

from __future__ import annotations

from typing import Any

from lineal.lineage.graph import LineageGraph

from .plain import json_text, ordered_edges, ordered_nodes, plain, utf8


def write(graph: LineageGraph) -> str:
    """``{"roots", "truncated", "nodes", "edges"}``, indented."""
    return json_text(document(graph), indent=2) + "\n"


def document(graph: LineageGraph) -> dict[str, Any]:
    """What `write` writes, as dicts and lists."""
    return {
        "roots": [utf8(root) for root in graph.roots],
        "truncated": graph.truncated,
        "nodes": [
            {
                "id": utf8(node.id),
                "kind": node.kind.value,
                "prov": node.kind.prov,
                "label": utf8(node.label),
                "facts": plain(node.facts),
            }
            for node in ordered_nodes(graph)
        ],
        "edges": [
            {
                "source": utf8(edge.source),
                "target": utf8(edge.target),
                "relation": edge.relation.value,
                "role": utf8(edge.role),
                "actual": edge.actual,
            }
            for edge in ordered_edges(graph)
        ],
    }
