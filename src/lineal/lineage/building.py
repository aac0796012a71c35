"""From the rows of a walk to a `LineageGraph`: nodes with their facts, and edges.

It reads no catalog. What nodes are called and which facts they carry is told in
`lineal.records.lineage`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from lineal.catalog import Flow, Thing
from lineal.records import Edge, Node, NodeKind, Relation
from lineal.records.step import RUN_SHIFT

from .actual import actual_makers
from .facts import Facts, FlowFacts, time
from .graph import LineageGraph

_ROWS = re.compile(r'"rows": ?(\d+)')
_SHAPE = re.compile(r'"shape": ?\[([\d, ]+)\]')
_new: Any = tuple.__new__
"""Makes a node or an edge, of which there are thousands, in half the time that its class takes."""
_ARTIFACT, _EXECUTION = NodeKind.ARTIFACT, NodeKind.EXECUTION


def build(flow: Flow) -> LineageGraph:
    """The graph of what a walk reached; its roots are what was asked about."""
    flowed = _Flowed(flow)
    # Edges first: the names of artifacts are met on the way.
    edges = [*flowed.name_edges(), *flowed.data_edges(), *flowed.run_edges()]
    nodes = [
        *flowed.deployments(),
        *flowed.models(),
        *flowed.datasets(),
        *flowed.artifacts(),
        *flowed.executions(),
        *flowed.runs(),
        *flowed.agents(),
    ]
    return LineageGraph(nodes, edges, flowed.roots(), truncated=flow.truncated)


def execution_node(id_: int) -> str:
    """The id of an execution's node: ``execution:4.2``, by run and position."""
    return f"execution:{id_ >> RUN_SHIFT}.{id_ & ((1 << RUN_SHIFT) - 1)}"


def _common_node(digest: str, maker: int) -> str:
    """The id of the node of a common value, with the execution that it was had from."""
    return f"artifact:{digest}@{execution_node(maker).removeprefix('execution:')}"


class _Flowed:
    """The rows of a flow as nodes and edges."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.facts = FlowFacts(flow)
        self.things = {
            (digest, maker): f"artifact:{digest}" if maker is None else _common_node(digest, maker)
            for digest, maker in flow.things
        }
        self.data = {thing[0]: id_ for thing, id_ in self.things.items() if thing[1] is None}
        self.ids = {row[0]: execution_node(row[0]) for row in flow.executions}
        self.version_ids = {row.id: f"model:{row.name}@v{row.version}" for row in flow.models}
        self.names: dict[str, str] = {}

    def roots(self) -> list[str]:
        """Ids of the nodes that were asked about: of names rather than what they lead to."""
        start = self.flow.start
        if start.deployments:
            return [f"deployment:{id_}" for id_ in start.deployments]
        if start.models:
            return [self.version_ids[id_] for id_ in start.models if id_ in self.version_ids]
        if start.datasets:
            asked = set(start.datasets)
            rows = [r for r in self.flow.datasets if (r.dataset_id, r.version) in asked]
            return [f"dataset:{row.name}@v{row.version}" for row in rows]
        if start.runs:
            return [*(f"run:{number}" for number in start.runs), *self._last(start.executions)]
        return [
            *(id_ for digest in start.artifacts for id_ in self._nodes_of(digest)),
            *(self.ids[id_] for id_ in start.executions if id_ in self.ids),
        ]

    def _nodes_of(self, digest: str) -> list[str]:
        """The artifact that was asked about; of a common value, each place it was had from."""
        if digest not in self.flow.common:
            return [id_] if (id_ := self.things.get((digest, None))) else []
        pins = [maker for pinned, maker in self.flow.start.pins if pinned == digest]
        return [
            id_
            for (other, maker), id_ in self.things.items()
            if other == digest and (not pins or maker in pins)
        ]

    def _last(self, executions: Iterable[int]) -> list[str]:
        """Of some executions, those that made nothing which another of them used.

        Where content leads in a circle, since a step gave what another had read before, it
        is those that none of them names as the maker of what it used.
        """
        flow, asked = self.flow, [id_ for id_ in executions if id_ in self.ids]
        takers: dict[Thing, set[int]] = {}
        named: set[int] = set()
        wanted = set(asked)
        for execution, _, artifact, _, maker in flow.used:
            if execution in wanted:
                takers.setdefault(flow.thing(artifact, maker), set()).add(execution)
                if maker is not None and maker != execution:
                    named.add(maker)
        for part, whole in flow.parts:
            if part in takers:
                takers.setdefault(whole, set()).update(takers[part])
        passed_on = set(named)
        for execution, _, artifact in flow.generated:
            if takers.get(flow.thing(artifact, execution), set()) - {execution}:
                passed_on.add(execution)
        last = [id_ for id_ in asked if id_ not in passed_on]
        last = last or [id_ for id_ in asked if id_ not in named]
        return [self.ids[id_] for id_ in last]

    # Nodes

    def artifacts(self) -> Iterator[Node]:
        known, names, paths = self.facts.artifacts, self.names, self.facts.paths
        make = self.facts.artifact
        for thing, id_ in self.things.items():
            digest = thing[0]
            if digest in paths:
                label = next(iter(paths[digest]))
            else:
                label = names.get(id_, digest[:15]) + _told(known.get(digest))
            yield _new(Node, (id_, _ARTIFACT, label, Facts(make, thing)))

    def executions(self) -> list[Node]:
        ids, make = self.ids, self.facts.execution
        return [
            _new(Node, (ids[row[0]], _EXECUTION, row[1], Facts(make, row)))
            for row in self.flow.executions
        ]

    def runs(self) -> Iterator[Node]:
        for row in self.flow.runs:
            yield Node(
                id=f"run:{row.number}",
                kind=NodeKind.RUN,
                label=f"run #{row.number} {row.name}",
                facts=Facts(self.facts.run, row),
            )

    def datasets(self) -> Iterator[Node]:
        for row in self.flow.datasets:
            label = f"{row.name}@v{row.version}"
            facts = {
                "name": row.name,
                "version": row.version,
                "digest": row.artifact,
                "created_at": time(row.created_at),
            }
            yield Node(id=f"dataset:{label}", kind=NodeKind.DATASET, label=label, facts=facts)

    def models(self) -> Iterator[Node]:
        for row in self.flow.models:
            label = f"{row.name}@v{row.version}"
            facts = Facts(self.facts.model, row)
            yield Node(id=f"model:{label}", kind=NodeKind.MODEL, label=label, facts=facts)

    def deployments(self) -> Iterator[Node]:
        for row in self.flow.deployments:
            facts = {
                "target": row.target,
                "model": row.name,
                "version": row.version,
                "at": time(row.at),
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

    def agents(self) -> Iterator[Node]:
        flow = self.flow
        names = {
            *(row.user for row in flow.runs),
            *(row.created_by for row in flow.models),
            *(row.by for row in flow.deployments),
        }
        for name in sorted(names):
            yield Node(id=f"agent:{name}", kind=NodeKind.AGENT, label=name, facts={"name": name})

    # Edges

    def name_edges(self) -> Iterator[Edge]:
        """Of datasets, model versions and deployments."""
        for row in self.flow.datasets:
            here = f"dataset:{row.name}@v{row.version}"
            yield _edge(here, self.things[row.artifact, None], Relation.DERIVED_FROM)
        yield from _revisions(self.flow.datasets, "dataset")
        for row in self.flow.models:
            here = self.version_ids[row.id]
            if (row.artifact, None) in self.things:
                yield _edge(here, self.things[row.artifact, None], Relation.DERIVED_FROM)
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
        flow, things, data, ids, names = self.flow, self.things, self.data, self.ids, self.names
        common, actual = flow.common, actual_makers(flow)
        made, took = Relation.GENERATED_BY, Relation.USED
        for execution, name, artifact in flow.generated:
            here = things.get((artifact, execution)) if artifact in common else data.get(artifact)
            if here is not None:
                names.setdefault(here, name)
                makers = actual.get(artifact)
                true = makers is None or execution in makers
                yield _new(Edge, (here, ids[execution], made, name, true))
        for execution, name, artifact, _, maker in flow.used:
            cause = things.get((artifact, maker)) if artifact in common else data.get(artifact)
            if cause is not None:
                # What an argument is called says more than that it was a result.
                if names.get(cause, "result") == "result":
                    names[cause] = name
                yield _new(Edge, (ids[execution], cause, took, name, True))
        yield from self._match_edges()
        for part, whole in flow.parts:
            yield _edge(things[part], things[whole], Relation.DERIVED_FROM, "part")

    def _match_edges(self) -> Iterator[Edge]:
        """To common values that equalled what was used, when its execution was reused."""
        if not self.flow.matched:
            return
        roles = {(row[0], row[2]): row[1] for row in self.flow.used}
        for execution, artifact, maker in self.flow.matched:
            cause = self.things.get((artifact, maker))
            if cause is not None:
                yield Edge(
                    source=self.ids[execution],
                    target=cause,
                    relation=Relation.USED,
                    role=roles.get((execution, artifact), ""),
                    actual=False,
                )

    def run_edges(self) -> list[Edge]:
        """From executions to their runs, and from runs to who began them."""
        runs = {row.number: f"run:{row.number}" for row in self.flow.runs}
        within, began = Relation.INFORMED_BY, Relation.ASSOCIATED_WITH
        return [
            *(
                _new(Edge, (node, runs[id_ >> RUN_SHIFT], within, "", True))
                for id_, node in self.ids.items()
            ),
            *(_edge(runs[row.number], f"agent:{row.user}", began) for row in self.flow.runs),
        ]


def _revisions(rows: Iterable[Any], kind: str) -> Iterator[Edge]:
    """From every version to the nearest one before it that is in the graph."""
    versions: dict[str, list[int]] = {}
    for row in rows:
        versions.setdefault(row.name, []).append(row.version)
    for name, numbers in versions.items():
        numbers.sort()
        for before, after in pairwise(numbers):
            here, there = f"{kind}:{name}@v{after}", f"{kind}:{name}@v{before}"
            yield _edge(here, there, Relation.REVISION_OF)


def _edge(source: str, target: str, relation: Relation, role: str = "") -> Edge:
    return Edge(source=source, target=target, relation=relation, role=role)


def _told(row: Any | None) -> str:
    """``: frame, 120 rows``, read off the text of the profile without decoding it."""
    if row is None:
        return ""
    kind, profile = row[1], row[4]
    if kind == "frame" and (rows := _ROWS.search(profile)):
        return f": frame, {rows[1]} rows"
    if kind == "array" and (shape := _SHAPE.search(profile)):
        return f": array, {' x '.join(shape[1].replace(' ', '').split(','))}"
    return f": {kind}"
