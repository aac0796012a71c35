"""RO-Crate: what the Provenance Run Crate profile requires is there, for any graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from lineal.lineage import LineageGraph
from lineal.lineage.export import write, write_file
from lineal.records import Node, NodeKind

from .graphs import fraud, graphs

Entities = dict[str, dict[str, Any]]


def entities(graph: LineageGraph) -> Entities:
    listed = json.loads(write(graph, "ro-crate"))["@graph"]
    found = {entity["@id"]: entity for entity in listed}
    assert len(found) == len(listed)
    return found


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def ids(entity: dict[str, Any], key: str) -> list[str]:
    return [reference["@id"] for reference in many(entity.get(key))]


def of_type(found: Entities, type_: str) -> list[dict[str, Any]]:
    return [entity for entity in found.values() if type_ in many(entity["@type"])]


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [value["@id"]] if set(value) == {"@id"} else []
    return [id_ for item in value for id_ in references(item)] if isinstance(value, list) else []


def check(found: Entities) -> None:
    """The profile's MUSTs, rule by rule (provenance-run-crate 0.5 and those it extends)."""
    root = found["./"]
    assert root["license"]
    profiles = {"process/0.5", "workflow/0.5", "provenance/0.5"}
    assert {f"https://w3id.org/ro/wfrun/{p}" for p in profiles} <= set(ids(root, "conformsTo"))
    assert all(found[id_]["@type"] == "CreativeWork" for id_ in ids(root, "conformsTo"))
    (main,) = ids(root, "mainEntity")
    creates = of_type(found, "CreateAction")
    assert main in [id_ for action in creates for id_ in ids(action, "instrument")]
    instruments = {id_ for action in creates for id_ in ids(action, "instrument")}
    for workflow in of_type(found, "ComputationalWorkflow"):
        assert {"File", "SoftwareSourceCode", "HowTo"} <= set(workflow["@type"])
        assert ids(workflow, "programmingLanguage")
        tools = ids(workflow, "hasPart")
        assert tools
        assert set(tools) <= instruments
    stepped = {id_ for w in of_type(found, "ComputationalWorkflow") for id_ in ids(w, "step")}
    for step in of_type(found, "HowToStep"):
        assert step["@id"] in stepped
        (tool,) = ids(step, "workExample")
        assert found[tool]["@type"] == "SoftwareApplication"
        assert isinstance(step["position"], int)
    for action in creates:
        assert len(ids(action, "instrument")) == 1
    for control in of_type(found, "ControlAction"):
        assert [found[i]["@type"] for i in ids(control, "instrument")] == ["HowToStep"]
        assert [found[i]["@type"] for i in ids(control, "object")] == ["CreateAction"]
    for order in of_type(found, "OrganizeAction"):
        assert [found[i]["@type"] for i in ids(order, "instrument")] == ["SoftwareApplication"]
        assert [found[i]["@type"] for i in ids(order, "result")] == ["CreateAction"]
        assert {found[i]["@type"] for i in ids(order, "object")} == {"ControlAction"}


def test_a_crate_has_what_the_profile_requires() -> None:
    found = entities(fraud())
    check(found)
    assert len(of_type(found, "OrganizeAction")) == 2
    assert len(of_type(found, "ControlAction")) == len(fraud().of_kind(NodeKind.EXECUTION))
    assert found["./"]["datePublished"] == "2026-03-02T12:00:00+00:00"


def test_actions_name_what_they_used_made_and_were_set_to() -> None:
    graph = fraud()
    found = entities(graph)
    split = found["#execution%3A1.1"]
    names = [found[id_]["name"] for id_ in ids(split, "object")]
    assert names == ["transactions", "test_size"]
    assert [found[id_]["name"] for id_ in ids(split, "result")] == ["train", "test"]
    assert split["actionStatus"] == "http://schema.org/CompletedActionStatus"


def test_actions_say_who_began_them_when_and_are_mentioned() -> None:
    found = entities(fraud())
    actions = of_type(found, "CreateAction")
    assert {found[id_]["name"] for action in actions for id_ in ids(action, "agent")} == {"Ada"}
    assert {action["@id"] for action in actions} == set(ids(found["./"], "mentions"))
    split = found["#execution%3A1.1"]
    assert split["startTime"] == "2026-03-01T09:00:00.000+00:00"


def test_lists_of_one_are_that_one() -> None:
    for entity in entities(fraud()).values():
        for key, value in entity.items():
            assert key == "@type" or not isinstance(value, list) or len(value) > 1


def test_a_tool_has_the_version_of_its_code_where_all_its_executions_share_one() -> None:
    graph = fraud()
    nodes = [
        Node(
            id=node.id,
            kind=node.kind,
            label=node.label,
            facts={**node.facts, "code": f"xxh3:{node.facts.get('step') == 'fit' and node.id}"},
        )
        for node in graph.nodes.values()
    ]
    found = entities(LineageGraph(nodes, graph.edges, graph.roots))
    assert found["#tool%3Afraud%3Aevaluate"]["softwareVersion"] == "xxh3:False"
    assert "softwareVersion" not in found["#tool%3Afraud%3Afit"]


@settings(max_examples=40)
@given(graphs())
def test_any_graph_gives_a_crate_whose_references_lead_somewhere(graph: LineageGraph) -> None:
    nodes = [
        Node(id=n.id, kind=n.kind, label=n.label, facts={**n.facts, "status": "failed"})
        for n in graph.nodes.values()
    ]
    found = entities(LineageGraph(nodes, graph.edges, graph.roots))
    for entity in found.values():
        for key, value in entity.items():
            # The version of RO-Crate that the metadata conforms to is a name, no entity.
            if entity["@id"] != "ro-crate-metadata.json" or key != "conformsTo":
                assert set(references(value)) <= set(found)
    if graph.of_kind(NodeKind.EXECUTION):
        check(found)


def test_a_folder_holds_the_metadata_and_the_files_it_names(tmp_path: Path) -> None:
    write_file(fraud(), "ro-crate", tmp_path / "crate")
    metadata = json.loads((tmp_path / "crate" / "ro-crate-metadata.json").read_text("utf-8"))
    files = [e["@id"] for e in metadata["@graph"] if "File" in many(e["@type"])]
    assert files == ["workflows/fraud.json"]
    steps = json.loads((tmp_path / "crate" / files[0]).read_text(encoding="utf-8"))["steps"]
    assert steps == ["evaluate", "fit", "load", "split"]


def test_a_path_that_ends_in_json_gets_the_metadata_alone(tmp_path: Path) -> None:
    write_file(fraud(), "ro-crate", tmp_path / "crate.json")
    assert (tmp_path / "crate.json").read_text("utf-8") == write(fraud(), "ro-crate")
