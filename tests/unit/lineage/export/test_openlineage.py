"""OpenLineage events: of the form that the specification asks for, complete and in order."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from openlineage.client.facet_v2 import parent_run, schema_dataset

from lineal.lineage import LineageGraph
from lineal.lineage.export import write
from lineal.records import Edge, Node, NodeKind, Relation

from .graphs import fraud, graphs
from .openlineage_schema import by_run, check


def events(graph: LineageGraph) -> list[dict[str, Any]]:
    return check(json.loads(write(graph, "openlineage")))


def step(status: str, **facts: Any) -> Node:
    times = {"started_at": "2026-03-01T09:00:00+00:00", "finished_at": "2026-03-01T09:00:05+00:00"}
    facts = {"status": status, "run_id": "r", **times, **facts}
    return Node(id="execution:1.0", kind=NodeKind.EXECUTION, label="s", facts=facts)


@settings(max_examples=60)
@given(graphs())
def test_events_of_any_graph_are_valid(graph: LineageGraph) -> None:
    nodes = list(graph.nodes.values())
    first = next(iter(graph.nodes), None)
    extra = step("executed", params={"a": float("nan")})
    edges = list(graph.edges)
    if first is not None:
        edges.append(Edge(source=extra.id, target=first, relation=Relation.USED, role="\ud800"))
    found = events(LineageGraph([*nodes, extra], edges, []))
    assert [e["eventType"] for e in found] == ["START", "COMPLETE"]


def test_each_execution_starts_and_completes_with_what_it_used_and_made() -> None:
    graph = fraud()
    found = events(graph)
    runs = by_run(found)
    assert len(runs) == len(graph.of_kind(NodeKind.EXECUTION))
    for start, complete in runs.values():
        assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
        assert start["inputs"] == complete["inputs"]
        assert start["outputs"] == []
    times = [event["eventTime"] for event in found]
    assert times == sorted(times)
    first, *_ = [e for e in found if e["job"]["name"] == "fraud.split" and e["outputs"]]
    assert [i["name"] for i in first["inputs"]] == ["transactions"]
    assert len(first["outputs"]) == 2


def test_facets_hold_the_schema_quality_version_and_parent() -> None:
    split = next(e for e in events(fraud()) if e["job"]["name"] == "fraud.split")
    (used,) = split["inputs"]
    fields = used["facets"]["schema"]["fields"]
    assert [(f["name"], f["type"]) for f in fields] == [("amount", "double"), ("note", "string")]
    assert used["facets"]["schema"]["_schemaURL"] == schema_dataset.SchemaDatasetFacet._get_schema()
    assert used["facets"]["version"]["datasetVersion"] == "7"
    quality = used["inputFacets"]["dataQualityMetrics"]
    assert quality["rowCount"] == 1000
    assert quality["columnMetrics"]["amount"] == {
        "nullCount": 3, "min": 0.5, "max": 900.0, "quantiles": {}
    }  # fmt: skip
    parent = split["run"]["facets"]["parent"]
    assert parent["job"] == {"namespace": "lineal", "name": "fraud", "facets": {}}
    assert parent["_schemaURL"] == parent_run.ParentRunFacet._get_schema()
    (setting,) = split["run"]["facets"]["executionParameters"]["parameters"]
    assert setting == {"key": "test_size", "value": "0.2"}


def test_a_failure_is_told_as_one_and_what_never_ran_is_not_told() -> None:
    for status, told in (
        ("failed", ["START", "FAIL"]),
        ("skipped", ["START", "ABORT"]),
        ("reused", []),
    ):
        assert [e["eventType"] for e in events(LineageGraph([step(status)], [], []))] == told
    for time in (None, "yesterday", "2026-03-01T09:00:00"):
        assert events(LineageGraph([step("executed", started_at=time)], [], [])) == []


def test_known_code_is_a_facet_of_the_job() -> None:
    node = step("executed", code={"source": "def s(): ..."})
    facet = events(LineageGraph([node], [], []))[0]["job"]["facets"]["sourceCode"]
    assert (facet["language"], facet["sourceCode"]) == ("python", "def s(): ...")
