"""PROV-JSON holds every node and edge, and comes back through `prov` as it was."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import given, settings
from prov.model import ProvActivity, ProvAgent, ProvDocument, ProvElement, ProvEntity

from lineal.lineage import LineageGraph
from lineal.lineage.export import write
from lineal.lineage.export.plain import plain, utf8
from lineal.lineage.export.prov_json import document

from .graphs import fraud, graphs


def back(graph: LineageGraph) -> ProvDocument:
    return ProvDocument.deserialize(content=write(graph, "prov-json"), format="json")


def attribute(record: ProvElement, name: str) -> object:
    return next((v for k, v in record.attributes if str(k) == f"lineal:{name}"), None)


@settings(max_examples=60)
@given(graphs())
def test_the_records_come_back_as_they_were(graph: LineageGraph) -> None:
    found = back(graph)
    assert found == document(graph)
    elements = list(found.get_records(ProvElement))
    assert {attribute(e, "id"): json.loads(str(attribute(e, "facts"))) for e in elements} == {
        utf8(n.id): plain(n.facts) for n in graph.nodes.values()
    }
    assert len(found.get_records()) == len(graph.nodes) + len(graph.edges)


def test_kinds_and_relations_are_prov_s_own() -> None:
    graph = fraud()
    found = back(graph)
    counts = Counter(node.kind.prov for node in graph.nodes.values())
    for kind, cls in (("entity", ProvEntity), ("activity", ProvActivity), ("agent", ProvAgent)):
        assert len(list(found.get_records(cls))) == counts[kind]
    text = json.loads(write(graph, "prov-json"))
    relations = Counter(edge.relation.value for edge in graph.edges)
    revisions = relations.pop("wasRevisionOf")
    relations["wasDerivedFrom"] += revisions
    assert {name: len(text[name]) for name in relations} == dict(relations)
    kinds = [d.get("prov:type", {}) for d in text["wasDerivedFrom"].values()]
    assert sum("Revision" in str(kind) for kind in kinds) == revisions
    assert "wasInfluencedBy" not in text


def test_times_roles_and_plain_facts_can_be_asked_for() -> None:
    text = json.loads(write(fraud(), "prov-json"))
    split = text["activity"]["lineal:execution:1.1"]
    assert split["prov:startTime"] == "2026-03-01T09:00:00+00:00"
    assert split["lineal:status"] == "executed"
    assert {u.get("lineal:role") for u in text["used"].values()} == {
        "csv",
        "df",
        "train",
        "model",
        "test",
    }
    (other,) = [g for g in text["wasGeneratedBy"].values() if g.get("lineal:actual") is False]
    assert other["prov:activity"] == "lineal:execution:2.1"
