"""From data that holds some rows to all that they went into.

The lineage below says where data went, and the stored tables whether the rows went with
it. Where a table has none of them any more, what came of it alone is not followed. What is
no table, or lacks the columns, is followed by lineage and said to be unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping

from lineal.digests.digest import Digest
from lineal.lineage import LineageGraph
from lineal.records import Node, NodeKind, Relation

from .looking import Seen
from .trail import Found, Trail, Verdict

Look = Callable[[Digest], Seen]
_TABLES = ("frame", "array")


def follow(graph: LineageGraph, look: Look, key: Mapping[str, str]) -> Trail:
    """Follow rows through a graph of what is downstream of its roots.

    Args:
        graph: Its roots are the artifacts that were asked about, all else came of them.
        look: Says how many rows of an artifact have the key, or why that can't be told.
        key: Column to value.
    """
    walk = _Walk(graph, look)
    walk.go()
    of_kind = walk.named
    return Trail(
        key=dict(key),
        start=tuple(walk.found[id_] for id_ in dict.fromkeys(graph.roots)),
        deployments=of_kind(NodeKind.DEPLOYMENT),
        models=of_kind(NodeKind.MODEL),
        datasets=of_kind(NodeKind.DATASET),
        data=tuple(found for id_, found in walk.found.items() if id_ not in graph.roots),
        runs=walk.runs(),
        truncated=graph.truncated,
    )


class _Walk:
    """Artifact by artifact from the roots, with what was found in each."""

    def __init__(self, graph: LineageGraph, look: Look) -> None:
        self.graph = graph
        self.look = look
        self.found: dict[str, Found] = {}

    def go(self) -> None:
        """Judge the roots, and all that is made of what is not free of the rows."""
        waiting: deque[str] = deque()
        for root in dict.fromkeys(self.graph.roots):
            self.found[root] = self._judged(root, None)
            waiting.append(root)
        while waiting:
            here = self.found[waiting.popleft()]
            if here.verdict is Verdict.FREE:
                continue
            for id_ in self._made_of(here.node.id):
                known = self.found.get(id_)
                if known is None:
                    self.found[id_] = self._judged(id_, here)
                    waiting.append(id_)
                elif known.verdict is Verdict.UNKNOWN and self._follows(id_, here) is Verdict.GIVEN:
                    self.found[id_] = self._judged(id_, here)

    def _made_of(self, id_: str) -> Iterator[str]:
        """The artifacts that steps made when they were given one, and its parts."""
        for edge in self.graph.effects.get(id_, ()):
            if edge.relation is Relation.USED:
                for made in self.graph.effects.get(edge.source, ()):
                    if made.relation is Relation.GENERATED_BY:
                        yield made.source
            elif self.graph.nodes[edge.source].kind is NodeKind.ARTIFACT:
                yield edge.source

    def _judged(self, id_: str, cause: Found | None) -> Found:
        node, place = self.graph.nodes[id_], self._place(id_)
        seen = self.look(Digest(node.facts["digest"]))
        if isinstance(seen, int):
            verdict = Verdict.HOLDS if seen else Verdict.FREE
            return Found(node=node, verdict=verdict, rows=seen, place=place)
        return Found(node=node, verdict=self._follows(id_, cause), why=seen, place=place)

    def _follows(self, id_: str, cause: Found | None) -> Verdict:
        """The verdict on what can't be looked into."""
        table = self.graph.nodes[id_].facts.get("kind") in _TABLES
        certain = cause is not None and cause.verdict is Verdict.HOLDS and not table
        return Verdict.GIVEN if certain else Verdict.UNKNOWN

    def _place(self, id_: str) -> str:
        node = self.graph.nodes[id_]
        for edge in self.graph.effects.get(id_, ()) if id_ in self.graph.roots else ():
            if self.graph.nodes[edge.source].kind is NodeKind.DATASET:
                return self.graph.nodes[edge.source].label
        for edge in self.graph.causes.get(id_, ()):
            if edge.relation is Relation.GENERATED_BY:
                step = self.graph.nodes[edge.target].facts
                output = "" if edge.role == "result" else f".{edge.role}"
                return f"{step['run']}:{step['step']}{output}"
        return str(next(iter(node.facts.get("paths", ())), node.facts["digest"]))

    def named(self, kind: NodeKind) -> tuple[Found, ...]:
        """What has a name and is made of what was found, but is not free of the rows."""
        found = []
        for node in self.graph.of_kind(kind):
            cause = self._cause(node)
            if cause is not None and cause.verdict is not Verdict.FREE:
                found.append(
                    Found(node=node, verdict=cause.verdict, rows=cause.rows, why=cause.why)
                )
        return tuple(found)

    def _cause(self, node: Node) -> Found | None:
        """What was found in the artifact that a named thing is; of a deployment, its version's."""
        for edge in self.graph.causes.get(node.id, ()):
            if edge.relation is Relation.DERIVED_FROM:
                target = self.graph.nodes[edge.target]
                known = self.found.get(target.id)
                return self._cause(target) if target.kind is NodeKind.MODEL else known
        return None

    def runs(self) -> tuple[Found, ...]:
        """Runs with a step that was given the rows, or what is unknown, by number."""
        verdicts: dict[str, Verdict] = {}
        for found in self.found.values():
            if found.verdict is Verdict.FREE:
                continue
            given = Verdict.GIVEN if found.verdict is Verdict.HOLDS else Verdict.UNKNOWN
            for edge in self.graph.effects.get(found.node.id, ()):
                if edge.relation is Relation.USED:
                    run = f"run:{self.graph.nodes[edge.source].facts['run']}"
                    if verdicts.get(run) is not Verdict.GIVEN:
                        verdicts[run] = given
        known = [self.graph.nodes[id_] for id_ in verdicts if id_ in self.graph.nodes]
        return tuple(
            Found(node=node, verdict=verdicts[node.id])
            for node in sorted(known, key=lambda node: int(node.facts["number"]))
        )
