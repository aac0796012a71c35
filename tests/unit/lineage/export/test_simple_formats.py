"""JSON, Cytoscape, GraphML, Mermaid and DOT hold the graph, whatever its texts are."""

from __future__ import annotations

import io
import json
import random
import re
import stat
import sys
import warnings
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given

from lineal.errors import UserError
from lineal.lineage import LineageGraph
from lineal.lineage.export import FORMATS, write, write_file
from lineal.lineage.export.plain import plain, utf8, xml_text
from lineal.records import Edge, Node, NodeKind, Relation

from .graphs import fraud, graphs, text


def strict(document: str) -> object:
    def refuse(constant: str) -> object:
        raise ValueError(constant)

    document.encode()
    return json.loads(document, parse_constant=refuse)


@given(graphs())
def test_json_is_strict_and_holds_every_node_and_edge(graph: LineageGraph) -> None:
    found = strict(write(graph, "json"))
    assert {n["id"]: (n["label"], n["facts"]) for n in found["nodes"]} == {
        utf8(n.id): (utf8(n.label), plain(n.facts)) for n in graph.nodes.values()
    }
    assert sorted((e["source"], e["target"], e["role"]) for e in found["edges"]) == sorted(
        (utf8(e.source), utf8(e.target), utf8(e.role)) for e in graph.edges
    )
    assert found["truncated"] is graph.truncated


@given(graphs())
def test_cytoscape_edges_meet_nodes_that_are_there(graph: LineageGraph) -> None:
    elements = strict(write(graph, "cytoscape"))["elements"]
    ids = [n["data"]["id"] for n in elements["nodes"]] + [
        e["data"]["id"] for e in elements["edges"]
    ]
    assert len(set(ids)) == len(ids) == len(graph.nodes) + len(graph.edges)
    for edge in elements["edges"]:
        assert {edge["data"]["source"], edge["data"]["target"]} <= set(ids)


@given(graphs())
def test_graphml_comes_back_through_networkx(graph: LineageGraph) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # networkx: an empty graph has no keys
        back = nx.read_graphml(io.BytesIO(write(graph, "graphml").encode()), force_multigraph=True)
    assert {id_: (d["label"], json.loads(d["facts"])) for id_, d in back.nodes(data=True)} == {
        xml_text(n.id): (xml_text(n.label), plain(n.facts)) for n in graph.nodes.values()
    }
    assert sorted((s, t, d["role"], d["actual"]) for s, t, d in back.edges(data=True)) == sorted(
        (xml_text(e.source), xml_text(e.target), xml_text(e.role), e.actual) for e in graph.edges
    )


_MERMAID_TEXT = r'"(?:[^"#<>&`\\\n]|<br/>|#\d+;)*"'
_MERMAID = re.compile(
    "|".join(
        (
            "flowchart LR",
            rf"  n\d+[\[({{>/]+{_MERMAID_TEXT}[\])}}/]+:::[a-z]+",
            rf"  n\d+ (?:-->|-\.->)(?:\|{_MERMAID_TEXT}\|)? n\d+",
            r"  classDef [a-z]+ [#a-z0-9:,-]+",
            r"  class n\d+(?:,n\d+)* root",
            r"  %% [\w ]+\.",
        )
    )
)


@given(graphs())
def test_mermaid_has_only_lines_of_known_form(graph: LineageGraph) -> None:
    lines = write(graph, "mermaid").rstrip("\n").split("\n")
    for line in lines:
        assert _MERMAID.fullmatch(line), line
    assert sum(":::" in line for line in lines) == len(graph.nodes)
    assert sum("-->" in line or "-.->" in line for line in lines) == len(graph.edges)


@given(text)
def test_mermaid_labels_mean_the_text(label: str) -> None:
    node = Node(id="agent:x", kind=NodeKind.AGENT, label=label)
    first = write(LineageGraph([node], [], []), "mermaid").split("\n")[1]
    shown = re.sub(
        r"#(\d+);", lambda m: chr(int(m[1])), first[first.index('"') + 1 : -len('"]:::agent')]
    )
    assert shown == (" ".join(xml_text(label).split())[:80] or "agent:x") or shown.endswith("…")


_DOT_STRING = r'"(?:[^"\\\n]|\\.)*"'
_DOT_VALUE = rf"(?:{_DOT_STRING}|[a-zA-Z]+|\d+)"
_DOT = re.compile(
    rf"digraph lineage \{{|\}}|  (?:graph|node|edge|n\d+|n\d+ -> n\d+)"
    rf" \[\w+={_DOT_VALUE}(?:, \w+={_DOT_VALUE})*\]"
)


@given(graphs())
def test_dot_has_only_statements_of_known_form(graph: LineageGraph) -> None:
    lines = write(graph, "dot").rstrip("\n").split("\n")
    for line in lines:
        assert _DOT.fullmatch(line), line
    assert sum(" -> " in line.split("[")[0] for line in lines) == len(graph.edges)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_format_does_not_depend_on_the_order_of_rows(format_: str) -> None:
    graph = fraud()
    nodes, edges = list(graph.nodes.values()), list(graph.edges)
    random.Random(1).shuffle(nodes)
    random.Random(2).shuffle(edges)
    assert write(graph, format_) == write(LineageGraph(nodes, edges, graph.roots), format_)


def test_drawings_follow_the_flow_and_dash_what_was_not_used() -> None:
    made = {"source": "artifact:a", "relation": Relation.GENERATED_BY}
    graph = LineageGraph(
        [
            Node(id="artifact:a", kind=NodeKind.ARTIFACT, label="a"),
            Node(id="execution:1.0", kind=NodeKind.EXECUTION, label="make"),
            Node(id="execution:2.0", kind=NodeKind.EXECUTION, label="make again"),
        ],
        [
            Edge(**made, target="execution:1.0", role="r"),
            Edge(**made, target="execution:2.0", actual=False),
        ],
        ["artifact:a"],
    )
    mermaid = write(graph, "mermaid")
    assert 'n1 -->|"r"| n0' in mermaid
    assert "n2 -.-> n0" in mermaid
    assert "class n0 root" in mermaid
    dot = write(graph, "dot")
    assert "n1 -> n0" in dot
    assert 'style="dashed"' in next(line for line in dot.split("\n") if "n2 -> n0" in line)


def test_an_unknown_format_names_those_there_are() -> None:
    with pytest.raises(UserError, match=r"'pdf'; choose one of json, .*dot"):
        write(fraud(), "pdf")


def test_a_file_takes_the_place_of_another_and_can_be_written_again(tmp_path: Path) -> None:
    target = tmp_path / "lineage.json"
    target.write_text("old")
    write_file(fraud(), "json", target)
    assert target.read_text(encoding="utf-8") == write(fraud(), "json")
    assert target.stat().st_mode & stat.S_IWUSR
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    ("format_", "package"),
    [("prov-json", "prov"), ("openlineage", "openlineage"), ("ro-crate", "rocrate")],
)
def test_a_missing_package_is_named_with_its_remedy(
    format_: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Absent:
        def find_spec(self, name: str, *rest: object) -> None:
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.delitem(sys.modules, f"lineal.lineage.export.{FORMATS[format_]}", raising=False)
    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(UserError, match=rf"{package}.*pip install 'lineal\[interchange\]'"):
        write(fraud(), format_)
