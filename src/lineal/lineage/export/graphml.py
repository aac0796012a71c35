"""GraphML through networkx, for Gephi, yEd, Cytoscape and igraph.

GraphML's attributes are plain values only, so facts are one attribute of JSON text.
"""

from __future__ import annotations

import networkx as nx

from lineal.lineage.graph import LineageGraph

from .plain import json_in_xml, ordered_edges, ordered_nodes, plain, xml_text


def write(graph: LineageGraph) -> str:
    """A GraphML document; edges from effect to cause."""
    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        roots=json_in_xml(plain(graph.roots)), truncated=graph.truncated
    )
    roots = set(graph.roots)
    for node in ordered_nodes(graph):
        out.add_node(
            xml_text(node.id),
            kind=node.kind.value,
            prov=node.kind.prov,
            label=xml_text(node.label),
            facts=json_in_xml(plain(node.facts)),
            root=node.id in roots,
        )
    for number, edge in enumerate(ordered_edges(graph)):
        out.add_edge(
            xml_text(edge.source),
            xml_text(edge.target),
            key=f"e{number}",
            relation=edge.relation.value,
            role=xml_text(edge.role),
            actual=edge.actual,
        )
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + "\n".join(nx.generate_graphml(out)) + "\n"
