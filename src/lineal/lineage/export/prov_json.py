"""W3C PROV-JSON through the `prov` package, for tools that speak PROV.

Nodes become entities, activities and agents; edges the relations they are named for, a
revision a derivation of type ``prov:Revision``. An edge whose ends PROV-DM does not allow
for its relation becomes ``wasInfluencedBy``, the most general one, and keeps its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from prov.model import PROV, Namespace, ProvDocument, QualifiedName

from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node, Relation

from .plain import json_text, ordered_edges, ordered_nodes, plain, utf8

NAMESPACE = "urn:lineal:"
_SAFE = ":@.-_"

_ENDS: Mapping[Relation, tuple[str, str]] = {
    Relation.USED: ("activity", "entity"),
    Relation.GENERATED_BY: ("entity", "activity"),
    Relation.DERIVED_FROM: ("entity", "entity"),
    Relation.REVISION_OF: ("entity", "entity"),
    Relation.INFORMED_BY: ("activity", "activity"),
    Relation.ASSOCIATED_WITH: ("activity", "agent"),
    Relation.ATTRIBUTED_TO: ("entity", "agent"),
}
"""What PROV-DM wants at the two ends of a relation."""


def write(graph: LineageGraph) -> str:
    """A PROV-JSON document."""
    # Parsed and written again, to be laid out as the other formats are.
    text = document(graph).serialize(format="json") or "{}"
    return json_text(json.loads(text), indent=2) + "\n"


def document(graph: LineageGraph) -> ProvDocument:
    """The graph as records of PROV."""
    doc = ProvDocument()
    space = doc.add_namespace("lineal", NAMESPACE)
    roots = set(graph.roots)
    for node in ordered_nodes(graph):
        _add_node(doc, space, node, node.id in roots)
    for edge in ordered_edges(graph):
        _add_edge(doc, space, edge, graph.nodes)
    return doc


def name_of(space: Namespace, node_id: str) -> QualifiedName:
    """A node's name: its id, percent-encoded, since PROV's names hold few characters."""
    return space[quote(utf8(node_id), safe=_SAFE)]


def _add_node(doc: ProvDocument, space: Namespace, node: Node, root: bool) -> None:
    attributes: dict[Any, Any] = {
        PROV["label"]: utf8(node.label),
        PROV["type"]: space[node.kind.value],
        space["id"]: utf8(node.id),
        space["facts"]: json_text(plain(node.facts)),
    }
    if root:
        attributes[space["root"]] = True
    for key, value in node.facts.items():
        # What is plain is an attribute of its own too, so that PROV's tools can ask for it.
        if key.isidentifier() and key.isascii() and key not in ("id", "facts", "root"):
            fact = plain(value)
            if isinstance(fact, bool | str):
                attributes[space[key]] = fact
            elif isinstance(fact, int | float):  # as text: `prov` calls every int xsd:int
                attributes[space[key]] = str(fact)
    name = name_of(space, node.id)
    if node.kind.prov == "activity":
        doc.activity(
            name, _time(node.facts, "started_at"), _time(node.facts, "finished_at"), attributes
        )
    elif node.kind.prov == "agent":
        doc.agent(name, attributes)
    else:
        doc.entity(name, attributes)


def _add_edge(doc: ProvDocument, space: Namespace, edge: Edge, nodes: Mapping[str, Node]) -> None:
    attributes: dict[Any, Any] = {}
    if edge.role:
        attributes[space["role"]] = utf8(edge.role)
    if not edge.actual:
        attributes[space["actual"]] = False
    effect, cause = name_of(space, edge.source), name_of(space, edge.target)
    ends = (nodes[edge.source].kind.prov, nodes[edge.target].kind.prov)
    if ends != _ENDS[edge.relation]:
        attributes[space["relation"]] = edge.relation.value
        doc.influence(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.USED:
        doc.usage(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.GENERATED_BY:
        doc.generation(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.DERIVED_FROM:
        doc.derivation(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.REVISION_OF:
        doc.revision(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.INFORMED_BY:
        doc.communication(effect, cause, other_attributes=attributes)
    elif edge.relation is Relation.ASSOCIATED_WITH:
        doc.association(effect, cause, other_attributes=attributes)
    else:
        doc.attribution(effect, cause, other_attributes=attributes)


def _time(facts: Mapping[str, Any], key: str) -> str | None:
    """A time that PROV takes, else none: the facts keep what was there."""
    value = plain(facts.get(key))
    try:
        return datetime.fromisoformat(value).isoformat() if isinstance(value, str) else None
    except ValueError:
        return None
