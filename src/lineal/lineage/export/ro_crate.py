"""RO-Crate with the Provenance Run Crate profile, through the `rocrate` package.

An execution is a CreateAction of its task, which a ControlAction of its step orders; a run
is a CreateAction of its pipeline, which an OrganizeAction of lineal orders. Artifacts and
versions are described, not held: their bytes are in the store, under their digest.

Sources: *Workflow Run RO-Crate*, profile Provenance Run Crate 0.5 (researchobject.org), and
S. Leo et al., *Recording provenance of workflow runs with RO-Crate*, PLOS ONE 19(9), 2024.
"""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

from lineal._version import __version__
from lineal.lineage.graph import LineageGraph
from lineal.records import Node, NodeKind, Relation

from .plain import json_text, ordered_edges, ordered_nodes, plain, utf8

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
_DESCRIBED = ("https://w3id.org/ro/crate/1.1", "https://w3id.org/workflowhub/workflow-ro-crate/1.0")
"""What the metadata file itself conforms to."""
_TERMS = "https://w3id.org/ro/terms/workflow-run/context"
_BASED = (Relation.DERIVED_FROM, Relation.REVISION_OF)
_ENDED = {
    "executed": "http://schema.org/CompletedActionStatus",
    "failed": "http://schema.org/FailedActionStatus",
}
"""What has run; what was reused or skipped was no action."""


def write(graph: LineageGraph) -> str:
    """The text of ``ro-crate-metadata.json``."""
    return json_text(plain(crate(graph).metadata.generate()), indent=2) + "\n"


def write_folder(graph: LineageGraph, path: Path) -> None:
    """A crate as a folder: the metadata, and each pipeline's steps as JSON."""
    crate(graph).write(path)


def crate(graph: LineageGraph) -> ROCrate:
    """The graph as a crate; without an execution it follows no profile of runs."""
    graph = LineageGraph(
        ordered_nodes(graph), ordered_edges(graph), graph.roots, truncated=graph.truncated
    )
    found = ROCrate(version="1.1")
    found.metadata.extra_contexts.append(_TERMS)
    found.name = "Lineage"
    found.description = "What was made of what, as lineal recorded it."
    found.license = "No license is given."
    times = sorted(filter(None, (_latest(node) for node in graph.nodes.values())))
    if times:
        found.root_dataset["datePublished"] = times[-1]
    for node in ordered_nodes(graph):
        if node.kind is NodeKind.AGENT:
            _add(found, node.id, "Person", name=utf8(node.label))
        elif node.kind.prov == "entity":
            _describe(found, graph, node)
    pipelines = _pipelines(graph)
    if pipelines:
        _organise(found, graph, pipelines)
    for entity in found.get_entities():
        _unpack(entity.properties())
    return found


def _organise(
    found: ROCrate, graph: LineageGraph, pipelines: dict[str, dict[str, list[Node]]]
) -> None:
    """Pipelines with their steps, runs and executions; the last run's is the main one."""
    profiles = [
        _add(found, uri, "CreativeWork", name=name, version=uri.rpartition("/")[2])
        for uri, name in PROFILES.items()
    ]
    found.root_dataset["conformsTo"] = profiles
    found.metadata["conformsTo"] = [{"@id": uri} for uri in _DESCRIBED]
    engine = _add(
        found, "lineal", "SoftwareApplication", name="lineal", softwareVersion=__version__
    )
    language = _add(found, "steps", "ComputerLanguage", name="steps of lineal", version=__version__)
    newest = ""
    for pipeline, runs in pipelines.items():
        workflow = _workflow(found, pipeline, _codes(runs), language)
        for run, nodes in runs.items():
            _run(found, graph, pipeline, run, nodes, (workflow, engine))
            last = max((_latest(node) for node in nodes), default="")
            if found.mainEntity is None or last > newest:
                found.mainEntity, newest = workflow, max(last, newest)


def _codes(runs: dict[str, list[Node]]) -> dict[str, str | None]:
    """The steps by name, each with the digest of its code where all its executions share one."""
    seen: dict[str, set[str]] = {}
    for node in (node for nodes in runs.values() for node in nodes):
        code = node.facts.get("code")
        seen.setdefault(_step(node), set()).add(utf8(code) if isinstance(code, str) else "")
    return {
        step: (next(iter(codes)) or None) if len(codes) == 1 else None
        for step, codes in sorted(seen.items())
    }


def _workflow(
    found: ROCrate, pipeline: str, codes: dict[str, str | None], language: ContextEntity
) -> File:
    steps = list(codes)
    tools = [
        _add(
            found,
            f"tool:{pipeline}:{step}",
            "SoftwareApplication",
            name=step,
            softwareVersion=code,
        )
        for step, code in codes.items()
    ]
    text = json_text({"pipeline": pipeline, "steps": steps}, indent=2) + "\n"
    workflow = found.add(
        File(
            found,
            io.StringIO(text),
            f"workflows/{_quoted(pipeline)}.json",
            properties={
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": pipeline,
                "encodingFormat": "application/json",
            },
        )
    )
    workflow["programmingLanguage"] = language
    workflow["hasPart"] = tools
    workflow["step"] = [
        _add(found, f"step:{pipeline}:{step}", "HowToStep", position=place, workExample=tool)
        for place, (step, tool) in enumerate(zip(steps, tools, strict=True))
    ]
    return workflow


def _run(
    found: ROCrate,
    graph: LineageGraph,
    pipeline: str,
    run: str,
    nodes: list[Node],
    using: tuple[File, ContextEntity],
) -> None:
    """A run of a pipeline, and the executions in it."""
    workflow, engine = using
    actions = [_execution(found, graph, pipeline, node) for node in nodes]
    controls = [
        _add(
            found,
            f"control:{node.id}",
            "ControlAction",
            name=f"order {_step(node)}",
            instrument={"@id": _id(f"step:{pipeline}:{_step(node)}")},
            object=action,
        )
        for node, action in zip(nodes, actions, strict=True)
    ]
    failed = any(node.facts.get("status") == "failed" for node in nodes)
    starts = [str(node.facts["started_at"]) for node in nodes if node.facts.get("started_at")]
    agents = _agents(graph, nodes)
    for action in actions if agents else ():
        action["agent"] = agents
    result = _add(
        found,
        f"run:{pipeline}:{run}",
        "CreateAction",
        name=f"run {run} of {pipeline}",
        instrument=workflow,
        description=f"The steps of run {run} that belong to the lineage.",
        startTime=_time(min(starts, default=None)),
        endTime=_time(max((_latest(node) for node in nodes), default="")),
        actionStatus=_ENDED["failed" if failed else "executed"],
        agent=agents,
        object=_unique(ref for action in actions for ref in _list(action.get("object"))),
        result=_unique(ref for action in actions for ref in _list(action.get("result"))),
    )
    found.root_dataset.append_to("mentions", [result, *actions])
    _add(
        found,
        f"order:{pipeline}:{run}",
        "OrganizeAction",
        name=f"order run {run} of {pipeline}",
        instrument=engine,
        object=controls,
        result=result,
    )


def _execution(found: ROCrate, graph: LineageGraph, pipeline: str, node: Node) -> ContextEntity:
    used = [
        {"@id": _id(edge.target)}
        for edge in graph.causes.get(node.id, ())
        if edge.relation is Relation.USED and graph.nodes[edge.target].kind.prov == "entity"
    ]
    made = [
        {"@id": _id(edge.source)}
        for edge in graph.effects.get(node.id, ())
        if edge.relation is Relation.GENERATED_BY and graph.nodes[edge.source].kind.prov == "entity"
    ]
    params = plain(node.facts.get("params"))
    settings = [
        _add(found, f"setting:{node.id}:{key}", "PropertyValue", name=key, value=json_text(value))
        for key, value in (params.items() if isinstance(params, dict) else ())
    ]
    return _add(
        found,
        node.id,
        "CreateAction",
        name=utf8(node.label),
        description=f"The step {_step(node)} of {pipeline}.",
        instrument={"@id": _id(f"tool:{pipeline}:{_step(node)}")},
        startTime=_time(node.facts.get("started_at")),
        endTime=_time(node.facts.get("finished_at")),
        actionStatus=_ENDED[str(node.facts["status"])],
        object=_unique([*used, *({"@id": setting.id} for setting in settings)]),
        result=_unique(made),
    )


def _agents(graph: LineageGraph, nodes: list[Node]) -> list[dict[str, str]]:
    """Who began the run of some executions, where the graph tells."""
    ends = [graph.nodes[e.target] for n in nodes for e in graph.causes.get(n.id, ())]
    runs = [end.id for end in ends if end.kind is NodeKind.RUN]
    by = [
        {"@id": _id(edge.target)}
        for run in dict.fromkeys(runs)
        for edge in graph.causes.get(run, ())
        if graph.nodes[edge.target].kind is NodeKind.AGENT
    ]
    return _unique(by)


def _time(value: Any) -> str | None:
    """A time to the millisecond, which is as far as readers of crates look."""
    found = plain(value)
    try:
        moment = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        return str(found)
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _unpack(properties: dict[str, Any]) -> None:
    """Write lists of one as that one, which is how RO-Crate 1.1 wants them."""
    for name, value in properties.items():
        if isinstance(value, list) and len(value) == 1 and name != "@type":
            properties[name] = value[0]


def _describe(found: ROCrate, graph: LineageGraph, node: Node) -> None:
    """An artifact, version or deployment: a work that is told of."""
    causes = graph.causes.get(node.id, ())
    ends = [(edge.relation, edge.target, graph.nodes[edge.target].kind) for edge in causes]
    based = [
        {"@id": _id(id_)} for how, id_, kind in ends if how in _BASED and kind.prov == "entity"
    ]
    by = [
        {"@id": _id(id_)}
        for how, id_, kind in ends
        if how is Relation.ATTRIBUTED_TO and kind is NodeKind.AGENT
    ]
    _add(
        found,
        node.id,
        "CreativeWork",
        name=utf8(node.label) or utf8(node.id),
        identifier=plain(node.facts.get("digest")) or utf8(node.id),
        additionalType=node.kind.value,
        isBasedOn=_unique(based),
        creator=_unique(by),
    )


def _pipelines(graph: LineageGraph) -> dict[str, dict[str, list[Node]]]:
    """What has run, by pipeline and run."""
    found: dict[str, dict[str, list[Node]]] = {}
    for node in ordered_nodes(graph):
        if node.kind is NodeKind.EXECUTION and node.facts.get("status") in _ENDED:
            pipeline = utf8(str(node.facts.get("pipeline") or "script"))
            run = utf8(str(node.facts.get("run", node.facts.get("run_id", ""))))
            found.setdefault(pipeline, {}).setdefault(run, []).append(node)
    return found


def _step(node: Node) -> str:
    return utf8(str(node.facts.get("step") or node.label or node.id))


def _latest(node: Node) -> str:
    """The last moment that a node tells of, as text, which sorts as ISO 8601 does."""
    keys = ("finished_at", "started_at", "at", "created_at")
    return next((str(plain(node.facts[key])) for key in keys if node.facts.get(key)), "")


def _add(found: ROCrate, key: str, type_: str, /, **properties: Any) -> ContextEntity:
    entity = found.add(
        ContextEntity(
            found,
            _id(key),
            properties={"@type": type_, **{k: v for k, v in properties.items() if _plain(v)}},
        )
    )
    for name, value in properties.items():
        if not _plain(value) and value not in (None, []):
            entity[name] = value
    return entity


def _plain(value: Any) -> bool:
    """Whether a property is a value, not a reference to another entity."""
    return isinstance(value, str | int | float)


def _id(name: str) -> str:
    return name if name.startswith("https://") else f"#{_quoted(name)}"


def _quoted(name: str) -> str:
    return quote(utf8(name), safe="@._-")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _unique(references: Any) -> list[Any]:
    """Each once, in order, as references."""
    ids = dict.fromkeys(ref["@id"] if isinstance(ref, dict) else ref.id for ref in references)
    return [{"@id": id_} for id_ in ids]
