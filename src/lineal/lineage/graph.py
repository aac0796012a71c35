"""The lineage graph: nodes, edges from effect to cause, and the questions asked of them.

It is only a graph: it reads no catalog and knows no format; `lineal.lineage.export`
writes it, and the catalog's recursive queries bring its nodes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lineal.records import Edge, Node, NodeKind

if TYPE_CHECKING:
    import networkx as nx


class LineageGraph:
    """A part of the lineage around some nodes.

    Args:
        nodes: Each node once.
        edges: From effect to cause; both ends are among the nodes.
        roots: Ids of the nodes that were asked about.
        truncated: Whether more was there than the limits of the question let in.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        edges: Iterable[Edge],
        roots: Sequence[str],
        *,
        truncated: bool = False,
    ) -> None:
        self.nodes: Mapping[str, Node] = {node.id: node for node in nodes}
        self.edges: tuple[Edge, ...] = tuple(edges)
        self.roots = tuple(roots)
        self.truncated = truncated

    @cached_property
    def causes(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges by the id of their effect."""
        return self._by(lambda edge: edge.source)

    @cached_property
    def effects(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges by the id of their cause."""
        return self._by(lambda edge: edge.target)

    @cached_property
    def graph(self) -> nx.MultiDiGraph[str]:
        """The same as a networkx ``MultiDiGraph``, edges from effect to cause.

        Nodes carry ``kind``, ``prov``, ``label`` and ``facts``; edges are keyed by their
        relation and role, and carry ``relation``, ``role`` and ``actual``.
        """
        import networkx as nx

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node in self.nodes.values():
            graph.add_node(
                node.id,
                kind=node.kind.value,
                prov=node.kind.prov,
                label=node.label,
                facts=dict(node.facts),
            )
        for edge in self.edges:
            graph.add_edge(
                edge.source,
                edge.target,
                key=f"{edge.relation.value} {edge.role}".strip(),
                relation=edge.relation.value,
                role=edge.role,
                actual=edge.actual,
            )
        return graph

    def upstream(self, *start: str) -> LineageGraph:
        """What made some nodes (the roots unless told otherwise)."""
        return self._reached(start, self.causes, lambda edge: edge.target)

    def downstream(self, *start: str) -> LineageGraph:
        """What some nodes (the roots unless told otherwise) went into."""
        return self._reached(start, self.effects, lambda edge: edge.source)

    def path(self, effect: str, cause: str) -> list[Node]:
        """The shortest way from a node to what it came from, both included; empty if none."""
        before: dict[str, str | None] = {effect: None}
        waiting = deque([effect])
        while waiting and cause not in before:
            here = waiting.popleft()
            for edge in self.causes.get(here, ()):
                if edge.target not in before:
                    before[edge.target] = here
                    waiting.append(edge.target)
        if cause not in before:
            return []
        way: list[str] = []
        step: str | None = cause
        while step is not None:
            way.append(step)
            step = before[step]
        return [self.nodes[id_] for id_ in reversed(way)]

    def of_kind(self, kind: NodeKind) -> list[Node]:
        """The nodes of one kind."""
        return [node for node in self.nodes.values() if node.kind is kind]

    def datasets(self) -> list[Node]:
        """The dataset versions in the graph."""
        return self.of_kind(NodeKind.DATASET)

    def models(self) -> list[Node]:
        """The model versions in the graph."""
        return self.of_kind(NodeKind.MODEL)

    def deployments(self) -> list[Node]:
        """The deployments in the graph."""
        return self.of_kind(NodeKind.DEPLOYMENT)

    def to(self, format: str) -> str:  # noqa: A002 - the word of the command line
        """The graph as text in one of the formats of `lineal.lineage.export.FORMATS`.

        Raises:
            UserError: there is no such format, or it needs a package that is not installed.
        """
        from .export import write

        return write(self, format)

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        more = ", truncated" if self.truncated else ""
        return f"<LineageGraph of {len(self.nodes)} nodes, {len(self.edges)} edges{more}>"

    def _by(self, end: Callable[[Edge], str]) -> dict[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(end(edge), []).append(edge)
        return {id_: tuple(edges) for id_, edges in found.items()}

    def _reached(
        self,
        start: Sequence[str],
        ways: Mapping[str, Sequence[Edge]],
        end: Callable[[Edge], str],
    ) -> LineageGraph:
        roots = start or self.roots
        seen = dict.fromkeys(roots)
        waiting: deque[Any] = deque(roots)
        while waiting:
            for edge in ways.get(waiting.popleft(), ()):
                if end(edge) not in seen:
                    seen[end(edge)] = None
                    waiting.append(end(edge))
        edges = [e for e in self.edges if e.source in seen and e.target in seen]
        return LineageGraph(
            (self.nodes[id_] for id_ in seen), edges, roots, truncated=self.truncated
        )
