"""How one thing came from another: the shortest way through a lineage graph."""

from __future__ import annotations

from collections import deque

from lineal.records import Node, NodeKind

from .graph import LineageGraph

_THINGS = (NodeKind.ARTIFACT, NodeKind.EXECUTION)


def shortest(graph: LineageGraph, goal: LineageGraph) -> list[Node]:
    """The way from what a graph is about up to what another is about; empty if none.

    It goes by what was really used, not by others that made the same content.

    Args:
        graph: What made a thing.
        goal: Another thing alone, with the artifacts or executions that it stands for.
    """
    ends = {*goal.roots, *(node.id for node in goal.nodes.values() if node.kind in _THINGS)}
    before: dict[str, str | None] = dict.fromkeys(beginnings(graph))
    waiting = deque(before)
    while waiting:
        here = waiting.popleft()
        if here in ends:
            return [graph.nodes[id_] for id_ in _back(before, here)]
        for edge in graph.causes.get(here, ()):
            if edge.actual and edge.target not in before:
                before[edge.target] = here
                waiting.append(edge.target)
    return []


def beginnings(graph: LineageGraph) -> list[str]:
    """The roots but for runs, which nothing comes from: what they executed last stands for them."""
    return [root for root in graph.roots if graph.nodes[root].kind is not NodeKind.RUN]


def _back(before: dict[str, str | None], end: str) -> list[str]:
    way: list[str] = []
    step: str | None = end
    while step is not None:
        way.append(step)
        step = before[step]
    return way[::-1]
