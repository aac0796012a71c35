"""Cytoscape.js elements, as ``cytoscape({...})`` and ``cy.json({...})`` take them."""

from __future__ import annotations

from lineal.lineage.graph import LineageGraph

from .as_json import document
from .plain import json_text


def write(graph: LineageGraph) -> str:
    """``{"data", "elements": {"nodes", "edges"}}``; kinds and relations are classes too."""
    found = document(graph)
    roots = set(found["roots"])
    nodes = [
        {
            "group": "nodes",
            "data": node,
            "classes": [node["kind"], *(["root"] if node["id"] in roots else [])],
        }
        for node in found["nodes"]
    ]
    edges = [
        {
            "group": "edges",
            # Ids of nodes hold a colon, so an edge's never meets one.
            "data": {"id": f"e{number}", **edge},
            "classes": [edge["relation"], *([] if edge["actual"] else ["other"])],
        }
        for number, edge in enumerate(found["edges"])
    ]
    data = {"roots": found["roots"], "truncated": found["truncated"]}
    return json_text({"data": data, "elements": {"nodes": nodes, "edges": edges}}, indent=2) + "\n"
