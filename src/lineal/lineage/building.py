"""From the rows of a walk to a `LineageGraph`: nodes with their facts, and edges.

It reads no catalog. What nodes are called and which facts they carry is told in
`lineal.records.lineage`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lineal.catalog import Flow
from lineal.records import Edge, Node, NodeKind, Relation
from lineal.records.step import RUN_SHIFT

from .actual import actual_makers
from .graph import LineageGraph

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILES = ("file", "tree")


def build(flow: Flow) -> LineageGraph:
    """The graph of what a walk reached; its roots are what was asked about."""
    flowed = _Flowed(flow)
    nodes = [
        *flowed.deployments(),
        *flowed.models(),
        *flowed.datasets(),
        *flowed.artifacts(),
        *flowed.executions(),
        *flowed.runs(),
    ]
    edges = [*flowed.names_edges(), *flowed.data_edges(), *flowed.run_edges()]
    known = {node.id for node in nodes}
    agents = {edge.target for edge in edges} - known
    nodes.extend(agent(id_) for id_ in sorted(agents))
    roots = [root for root in roots_of(flow) if root in known]
    return LineageGraph(nodes, edges, roots, truncated=flow.truncated)


def roots_of(flow: Flow) -> list[str]:
    """Ids of the nodes that were asked about: of names rather than of what they lead to."""
    start = flow.start
    if start.deployments:
        return [f"deployment:{id_}" for id_ in start.deployments]
    if start.models:
        named = {row.id: f"model:{row.name}@v{row.version}" for row in flow.models}
        return [named[id_] for id_ in start.models if id_ in named]
    if start.datasets:
        asked = set(start.datasets)
        rows = [row for row in flow.datasets if (row.dataset_id, row.version) in asked]
        return [f"dataset:{row.name}@v{row.version}" for row in rows]
    if start.runs:
        return [f"run:{number}" for number in start.runs]
    return [
        *(f"artifact:{digest}" for digest in start.artifacts),
        *(execution_node(id_) for id_ in start.executions),
    ]


def execution_node(id_: int) -> str:
    """The id of an execution's node: ``execution:4.2``, by run and position."""
    return f"execution:{id_ >> RUN_SHIFT}.{id_ & ((1 << RUN_SHIFT) - 1)}"


def agent(id_: str) -> Node:
    """The node of somebody."""
    name = id_.removeprefix("agent:")
    return Node(id=id_, kind=NodeKind.AGENT, label=name, facts={"name": name})


class _Flowed:
    """The rows of a flow by what they belong to."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.ids = {row.id: execution_node(row.id) for row in flow.executions}
        self.inputs = _by(flow.used, "execution_id")
        self.files = {row.digest for row in flow.artifacts if row.kind in _FILES}
        self.version_ids = {row.id: f"model:{row.name}@v{row.version}" for row in flow.models}

    # Nodes

    def artifacts(self) -> Iterator[Node]:
        names, paths = self._names_and_paths()
        known = {row.digest: row for row in self.flow.artifacts}
        for digest in self.flow.digests:
            called = list(names.get(digest, ()))
            row = known.get(digest)
            facts: dict[str, Any] = {"digest": digest}
            label = called[0] if called else digest[:15]
            if row is not None:
                profile = json.loads(row.profile)
                facts |= {"kind": row.kind, "type": row.type, "profile": profile}
                if row.size is not None:
                    facts["size"] = row.size
                label = f"{label}: {row.kind}{_shape(profile)}"
            if called:
                facts["names"] = called
            if digest in paths:
                facts["paths"] = list(paths[digest])
                label = facts["paths"][0]
            yield Node(id=f"artifact:{digest}", kind=NodeKind.ARTIFACT, label=label, facts=facts)

    def executions(self) -> Iterator[Node]:
        runs = {row.number: row for row in self.flow.runs}
        metrics: dict[int, dict[str, Any]] = defaultdict(dict)
        for row in self.flow.metrics:
            metrics[row.execution_id][_series(row.key, row.labels)] = row.last
        for row in self.flow.executions:
            run = runs[row.run_number]
            facts = {
                "step": row.step,
                "task": row.task,
                "run": row.run_number,
                "run_id": run.id,
                "pipeline": run.pipeline,
                "status": row.status,
                "params": {
                    given.name: given.value
                    for given in self.inputs.get(row.id, ())
                    if given.value is not None and given.artifact not in self.files
                },
                "metrics": metrics.get(row.id),
                "code": row.code,
                "environment": run.environment,
                "started_at": _time(row.started_at),
                "finished_at": _time(row.finished_at),
                "wall_seconds": row.wall_seconds,
            }
            yield Node(
                id=self.ids[row.id], kind=NodeKind.EXECUTION, label=row.step, facts=_known(facts)
            )

    def runs(self) -> Iterator[Node]:
        params: dict[int, dict[str, str]] = defaultdict(dict)
        for row in self.flow.run_params:
            params[row.run_number][row.key] = row.value
        for row in self.flow.runs:
            facts = {
                "number": row.number,
                "id": row.id,
                "name": row.name,
                "pipeline": row.pipeline,
                "params": params.get(row.number),
                "started_at": _time(row.started_at),
                "by": row.user,
            }
            yield Node(
                id=f"run:{row.number}",
                kind=NodeKind.RUN,
                label=f"run #{row.number} {row.name}",
                facts=_known(facts),
            )

    def datasets(self) -> Iterator[Node]:
        for row in self.flow.datasets:
            label = f"{row.name}@v{row.version}"
            facts = {
                "name": row.name,
                "version": row.version,
                "digest": row.artifact,
                "created_at": _time(row.created_at),
            }
            yield Node(id=f"dataset:{label}", kind=NodeKind.DATASET, label=label, facts=facts)

    def models(self) -> Iterator[Node]:
        aliases = _by(self.flow.model_aliases, "model_version_id")
        tags = _by(self.flow.model_tags, "model_version_id")
        for row in self.flow.models:
            label = f"{row.name}@v{row.version}"
            facts = {
                "name": row.name,
                "version": row.version,
                "digest": row.artifact,
                "status": row.status,
                "description": row.description,
                "aliases": [a.alias for a in aliases.get(row.id, ())],
                "tags": {t.key: t.value for t in tags.get(row.id, ())},
                "metrics": json.loads(row.metrics),
                "signature": json.loads(row.signature) if row.signature else None,
                "created_at": _time(row.created_at),
                "created_by": row.created_by,
            }
            yield Node(id=f"model:{label}", kind=NodeKind.MODEL, label=label, facts=_known(facts))

    def deployments(self) -> Iterator[Node]:
        for row in self.flow.deployments:
            facts = {
                "target": row.target,
                "model": row.name,
                "version": row.version,
                "at": _time(row.at),
                "by": row.by,
                "reason": row.reason,
                "action": row.action,
                "overridden": row.overridden,
                "current": row.succeeded_by is None,
            }
            yield Node(
                id=f"deployment:{row.id}",
                kind=NodeKind.DEPLOYMENT,
                label=f"{row.target}: {row.name}@v{row.version}",
                facts=facts,
            )

    # Edges

    def names_edges(self) -> Iterator[Edge]:
        """Of datasets, model versions and deployments."""
        digests = self.flow.digests
        for row in self.flow.datasets:
            here = f"dataset:{row.name}@v{row.version}"
            yield _edge(here, f"artifact:{row.artifact}", Relation.DERIVED_FROM)
        yield from _revisions(self.flow.datasets, "dataset")
        for row in self.flow.models:
            here = self.version_ids[row.id]
            if row.artifact in digests:
                yield _edge(here, f"artifact:{row.artifact}", Relation.DERIVED_FROM)
            yield _edge(here, f"agent:{row.created_by}", Relation.ATTRIBUTED_TO)
        yield from _revisions(self.flow.models, "model")
        shown = {row.id for row in self.flow.deployments}
        for row in self.flow.deployments:
            here = f"deployment:{row.id}"
            if row.model_version_id in self.version_ids:
                version = self.version_ids[row.model_version_id]
                yield _edge(here, version, Relation.DERIVED_FROM)
            if row.replaces in shown:
                yield _edge(here, f"deployment:{row.replaces}", Relation.REVISION_OF)
            yield _edge(here, f"agent:{row.by}", Relation.ATTRIBUTED_TO)

    def data_edges(self) -> Iterator[Edge]:
        """Between artifacts and executions, and between parts and wholes."""
        digests, ids = self.flow.digests, self.ids
        actual = actual_makers(self.flow)
        for row in self.flow.generated:
            if row.artifact in digests:
                makers = actual.get(row.artifact)
                yield Edge(
                    source=f"artifact:{row.artifact}",
                    target=ids[row.execution_id],
                    relation=Relation.GENERATED_BY,
                    role=row.name,
                    actual=makers is None or row.execution_id in makers,
                )
        for row in self.flow.used:
            if row.artifact in digests and (row.value is None or row.artifact in self.files):
                yield Edge(
                    source=ids[row.execution_id],
                    target=f"artifact:{row.artifact}",
                    relation=Relation.USED,
                    role=row.name,
                )
        for row in self.flow.derivations:
            if row.source in digests:
                here = f"artifact:{row.artifact}"
                yield _edge(here, f"artifact:{row.source}", Relation.DERIVED_FROM, "part")

    def run_edges(self) -> Iterator[Edge]:
        """From executions to their runs, and from runs to who began them."""
        for row in self.flow.executions:
            yield _edge(self.ids[row.id], f"run:{row.run_number}", Relation.INFORMED_BY)
        for row in self.flow.runs:
            yield _edge(f"run:{row.number}", f"agent:{row.user}", Relation.ASSOCIATED_WITH)

    def _names_and_paths(self) -> tuple[dict[str, dict[str, None]], dict[str, dict[str, None]]]:
        """By digest, in order: what executions called it, and where files were read from."""
        names: dict[str, dict[str, None]] = {}
        paths: dict[str, dict[str, None]] = {}
        read_as: dict[tuple[int, str], str] = {}
        digests = self.flow.digests
        for row in self.flow.generated:
            if row.artifact in digests:
                names.setdefault(row.artifact, {})[row.name] = None
        for row in self.flow.used:
            if row.artifact not in digests:
                continue
            if row.value is None:
                names.setdefault(row.artifact, {})[row.name] = None
            elif row.artifact in self.files:
                names.setdefault(row.artifact, {})[row.name] = None
                paths.setdefault(row.artifact, {})[row.value] = None
                read_as[row.execution_id, row.name] = row.artifact
        for row in self.flow.paths:
            for name, bound in json.loads(row.bindings or "{}").items():
                digest = read_as.get((row.reused_from, name))
                if digest is not None and isinstance(bound, str):
                    paths.setdefault(digest, {})[bound] = None
        return names, paths


def _revisions(rows: Iterable[Any], kind: str) -> Iterator[Edge]:
    """From every version to the one before it, where both are in the graph."""
    shown = {(row.name, row.version) for row in rows}
    for name, version in sorted(shown):
        earlier = max((v for n, v in shown if n == name and v < version), default=None)
        if earlier is not None:
            here = f"{kind}:{name}@v{version}"
            yield _edge(here, f"{kind}:{name}@v{earlier}", Relation.REVISION_OF)


def _edge(source: str, target: str, relation: Relation, role: str = "") -> Edge:
    return Edge(source=source, target=target, relation=relation, role=role)


def _by(rows: Iterable[Any], column: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


def _shape(profile: Mapping[str, Any]) -> str:
    """``120 x 4`` of what has rows and columns or a shape."""
    if "rows" in profile:
        return f" {profile['rows']} x {len(profile.get('columns', ()))}"
    if "shape" in profile:
        return " " + " x ".join(str(n) for n in profile["shape"])
    return ""


def _series(key: str, labels: str) -> str:
    """A metric by its name with its slice: ``auc[sex=female]``."""
    if labels == "{}":
        return key
    return f"{key}[{','.join(f'{k}={v}' for k, v in json.loads(labels).items())}]"


def _time(stamp: int | None) -> str | None:
    return None if stamp is None else (_EPOCH + timedelta(microseconds=stamp)).isoformat()


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value not in (None, {}, [], "")}
