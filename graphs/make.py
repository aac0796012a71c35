"""Make the reference lineage graphs of the bundled pipelines, or say how today's differ.

    python graphs/make.py            # write them
    python graphs/make.py --check    # compare, and say what is different

A reference graph is what a pipeline's first run in an empty store records, without what
differs from run to run (identities of runs, times, machines). Data is compared by digest;
models, figures and metrics, and what was made of them, only by kind, since their bits depend
on the machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lineal import Workspace
from lineal.lineage import LineageGraph
from lineal.pipeline import Pipeline
from lineal.records import Edge, Node, NodeKind

HERE = Path(__file__).parent
ROOT = HERE.parent
FORMATS = {"graphml": ".graphml", "mermaid": ".mmd", "svg": ".svg"}
DATA = Path(os.environ.get("LINEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
SAME_EVERYWHERE = ("frame", "file", "tree", "text", "value")
"""Kinds of artifacts whose digests do not depend on the machine."""
KEPT = {
    NodeKind.ARTIFACT: ("kind", "type"),
    NodeKind.EXECUTION: ("step", "task", "params"),
    NodeKind.DATASET: ("name", "version"),
    NodeKind.MODEL: ("name", "version"),
    NodeKind.DEPLOYMENT: ("target", "model", "version"),
}


@dataclass(frozen=True)
class Example:
    """A bundled pipeline and what it is run with."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> list[Path]:
        """The files it needs that are not here."""
        return [p for p in self.arguments.values() if isinstance(p, Path) and not p.exists()]

    @property
    def pipeline(self) -> Pipeline[..., Any]:
        """The pipeline, loaded from its file."""
        spec = importlib.util.spec_from_file_location(
            self.name, ROOT / "pipelines" / f"{self.name}.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.name] = module
        spec.loader.exec_module(module)
        found: Pipeline[..., Any] = getattr(module, self.name)
        return found


EXAMPLES = (
    Example("diagnosis", {"n_estimators": 10}),
    Example(
        "intrusion",
        {
            "train": DATA / "nsl-kdd" / "KDDTrain+_20Percent.txt",
            "test": DATA / "nsl-kdd" / "KDDTest+.txt",
            "rows": 500,
        },
    ),
    Example("loans", {"data": DATA / "german-credit" / "german.data"}),
    Example("fraud", {"transactions": DATA / "card-fraud" / "creditcard_sample.csv"}),
)


def lineage_of(example: Example, store: Path) -> LineageGraph:
    """The reference graph of an example, from a run in a store that is still empty."""
    with Workspace.open(store) as workspace:
        run = workspace.run(example.pipeline, example.arguments)
        if run.exception is not None:
            raise run.exception
        return reference(workspace.lineage(f"run:{run.number}", direction="both"))


def reference(graph: LineageGraph) -> LineageGraph:
    """A graph with only what is the same in every first run, in an order of its own."""
    ids = dict(_places(graph))
    nodes = [
        Node(id=ids[node.id], kind=node.kind, label=_label(node), facts=_facts(graph, node))
        for node in graph.nodes.values()
        if node.id in ids
    ]
    edges = [
        Edge(source=ids[e.source], target=ids[e.target], relation=e.relation, role=e.role)
        for e in graph.edges
        if e.source in ids and e.target in ids
    ]
    return LineageGraph(
        sorted(nodes, key=lambda node: node.id),
        sorted(edges, key=lambda e: (e.source, e.target, e.relation, e.role)),
        sorted(ids[root] for root in graph.roots if root in ids),
    )


def _places(graph: LineageGraph) -> Iterator[tuple[str, str]]:
    """Each node's id, and one that says its place in the graph instead of its identity."""
    for node in graph.nodes.values():
        if node.kind is NodeKind.EXECUTION:
            yield node.id, f"execution:{node.facts['step']}"
        elif node.kind is NodeKind.ARTIFACT:
            yield node.id, f"artifact:{_place(graph, node)}"
        elif node.kind in KEPT:
            yield node.id, node.id


def _place(graph: LineageGraph, node: Node) -> str:
    """Where an artifact came from, else where it went."""
    made, taken = _with_steps(graph, node, 0), _with_steps(graph, node, 1)
    places = [f"{graph.nodes[edge.target].facts['step']}.{edge.role}" for edge in made]
    places = places or [f"{graph.nodes[e.source].facts['step']}({e.role})" for e in taken]
    return min(places or [node.label])


def _with_steps(graph: LineageGraph, node: Node, way: int) -> list[Edge]:
    edges = (graph.causes, graph.effects)[way].get(node.id, ())
    ends = [(edge.target, edge.source)[way] for edge in edges]
    return [
        edge
        for edge, end in zip(edges, ends, strict=True)
        if graph.nodes[end].kind is NodeKind.EXECUTION
    ]


def _label(node: Node) -> str:
    return str(node.facts["step"]) if node.kind is NodeKind.EXECUTION else _kind_label(node)


def _kind_label(node: Node) -> str:
    if node.kind is not NodeKind.ARTIFACT:
        return node.label
    profile = node.facts.get("profile", {})
    shape = f" {profile['rows']} x {len(profile['columns'])}" if "rows" in profile else ""
    return f"{node.facts['kind']}{shape}"


def _is_same_everywhere(graph: LineageGraph, node: Node) -> bool:
    past = graph.upstream(node.id).of_kind(NodeKind.ARTIFACT)
    return all(one.facts["kind"] in SAME_EVERYWHERE for one in past)


def _facts(graph: LineageGraph, node: Node) -> dict[str, Any]:
    facts = {name: node.facts[name] for name in KEPT[node.kind] if name in node.facts}
    if node.kind is NodeKind.EXECUTION and "params" in facts:
        # Where the data lies differs from machine to machine.
        facts["params"] = {k: v for k, v in facts["params"].items() if "/" not in str(v)}
    if node.kind is NodeKind.ARTIFACT and _is_same_everywhere(graph, node):
        facts["digest"] = node.facts["digest"]
    return facts


def files_of(example: Example) -> Iterator[tuple[str, Path]]:
    """The formats of an example's reference graph, and the file of each."""
    for name, ending in FORMATS.items():
        yield name, HERE / f"{example.name}{ending}"


def main(arguments: list[str] | None = None) -> int:
    """Write or compare the graphs; returns how many differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args(arguments)
    different = 0
    for example in EXAMPLES:
        if example.missing:
            print(f"{example.name}: passed over, there is no {example.missing[0].name}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            graph = lineage_of(example, Path(folder) / "store")
        for name, file in files_of(example):
            text = graph.to(name)
            same = file.is_file() and file.read_text("utf-8") == text
            if options.check:
                different += not same
            elif not same:
                file.write_text(text, "utf-8")
            print(f"{file.name}: {'as before' if same else 'differs' if options.check else 'new'}")
    return different


if __name__ == "__main__":
    sys.exit(min(main(), 1))
