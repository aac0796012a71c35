"""The runs of jobs that a lineage graph knows: the executions in it, with what it shows of them.

A graph holds what belongs to a question. Reused executions are not in it, and neither are
values of a step that nothing asked about came from; `runs` tells of whole runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from openlineage.client.event_v2 import RunState

from lineal.lineage.export.plain import ordered_nodes, plain
from lineal.lineage.graph import LineageGraph
from lineal.records import Edge, Node, NodeKind, Relation

from .telling import Data, JobRun, step_uuid, uuid_or_none

_ENDED = {"executed": RunState.COMPLETE, "failed": RunState.FAIL, "skipped": RunState.ABORT}


def jobs_of_graph(graph: LineageGraph) -> Iterator[JobRun]:
    """The executions in a graph whose time is known, in the order of their ids."""
    for node in ordered_nodes(graph):
        facts = node.facts
        start, state = _time(facts.get("started_at")), _ENDED.get(str(facts.get("status")))
        if node.kind is not NodeKind.EXECUTION or start is None or state is None:
            continue
        params, code = facts.get("params"), facts.get("code")
        source = code.get("source") if isinstance(code, Mapping) else None
        name = ".".join(str(facts[k]) for k in ("pipeline", "step") if facts.get(k))
        yield JobRun(
            id=step_uuid(str(facts.get("run_id", "")), str(facts.get("step") or node.id)),
            job=name or node.label or node.id,
            started=start,
            ended=_time(facts.get("finished_at")),
            state=state,
            parent=_parent(node),
            params=params if isinstance(params, Mapping) else {},
            source=source if isinstance(source, str) else None,
            inputs=[_data(graph, e.target) for e in _values(graph, node, Relation.USED)],
            outputs=[_data(graph, e.source) for e in _values(graph, node, Relation.GENERATED_BY)],
        )


def _values(graph: LineageGraph, node: Node, relation: Relation) -> list[Edge]:
    """The edges to what an execution used, or from what it made; each value once."""
    if relation is Relation.USED:
        edges, end = graph.causes.get(node.id, ()), "target"
    else:
        edges, end = graph.effects.get(node.id, ()), "source"
    chosen = {
        getattr(edge, end): edge
        for edge in edges
        if edge.relation is relation and graph.nodes[getattr(edge, end)].kind is NodeKind.ARTIFACT
    }
    return [chosen[id_] for id_ in sorted(chosen)]


def _parent(node: Node) -> tuple[str, str] | None:
    """The run of the pipeline, where its id is one that OpenLineage takes."""
    id_, pipeline = uuid_or_none(node.facts.get("run_id")), node.facts.get("pipeline")
    return None if id_ is None or not pipeline else (id_, str(pipeline))


def _data(graph: LineageGraph, id_: str) -> Data:
    """An artifact; where a dataset version stands for it (the first by id), by its name."""
    artifact = graph.nodes[id_]
    versions = [
        graph.nodes[edge.source]
        for edge in graph.effects.get(id_, ())
        if graph.nodes[edge.source].kind is NodeKind.DATASET
    ]
    named = min(versions, key=lambda node: node.id, default=None)
    name = named.facts.get("name") if named is not None else None
    version = (artifact if named is None else named).facts.get(
        "digest" if named is None else "version"
    )
    profile, size = artifact.facts.get("profile"), artifact.facts.get("size")
    return Data(
        name=str(name) if name else id_.removeprefix("artifact:"),
        version=None if version is None else str(version),
        profile=profile if isinstance(profile, Mapping) else {},
        size=size if isinstance(size, int) else None,
    )


def _time(value: Any) -> datetime | None:
    found = plain(value)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return None
    # Without an offset it says no moment.
    return moment if moment is not None and moment.tzinfo is not None else None
