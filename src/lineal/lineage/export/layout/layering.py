"""The first half of a layered layout: break cycles, give every vertex a layer, split long edges.

Vertices are numbers. Sources:

- K. Sugiyama, S. Tagawa, M. Toda, *Methods for Visual Understanding of Hierarchical System
  Structures*, IEEE Trans. Systems, Man, and Cybernetics 11(2), 1981: the frame of the method.
- E. R. Gansner, E. Koutsofios, S. C. North, K.-P. Vo, *A Technique for Drawing Directed
  Graphs*, IEEE Trans. Software Engineering 19(3), 1993: back edges of a depth-first search
  are turned (2.1); short edges are what a good layering has (2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layered:
    """A proper layered graph: every segment leads from one layer to the next."""

    layer: list[int]
    """Of each vertex; the first are those that were given, the rest bend long edges."""
    real: int
    """How many vertices were given."""
    after: list[list[int]]
    """Of each vertex, those it has a segment to, in the next layer."""
    before: list[list[int]]
    """Of each vertex, those it has a segment from, in the layer before."""
    chains: dict[int, list[int]]
    """Of a vertex with long edges, its bends, layer by layer."""
    turned: frozenset[int]
    """Numbers of the edges that lead from a later layer to an earlier one."""


def layered(count: int, edges: Sequence[tuple[int, int]], weights: Sequence[int]) -> Layered:
    """Layers for a graph.

    Args:
        count: Of vertices.
        edges: From and to; cycles and parallel edges are welcome, loops are left out.
        weights: How much it matters that an edge is short.
    """
    turned = _turned(count, edges)
    ahead: dict[tuple[int, int], int] = {}
    for number, (start, end) in enumerate(edges):
        if start != end:
            pair = (end, start) if number in turned else (start, end)
            ahead[pair] = ahead.get(pair, 0) + weights[number]
    layer = _layers(count, ahead)
    return _split(layer, list(ahead), turned)


def _turned(count: int, edges: Sequence[tuple[int, int]]) -> frozenset[int]:
    """The edges that lead back into the path of a depth-first search."""
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    entered = [False] * count
    for number, (start, end) in enumerate(edges):
        leaving[start].append((number, end))
        entered[end] |= start != end
    new, open_, done = 0, 1, 2
    state = [new] * count
    turned: set[int] = set()
    # From the sources first: then what is turned is what leads back, not what leads on.
    for root in sorted(range(count), key=lambda vertex: (entered[vertex], vertex)):
        if state[root] != new:
            continue
        state[root] = open_
        path = [(root, iter(leaving[root]))]
        while path:
            vertex, rest = path[-1]
            for number, end in rest:
                if state[end] == open_ and end != vertex:
                    turned.add(number)
                elif state[end] == new:
                    state[end] = open_
                    path.append((end, iter(leaving[end])))
                    break
            else:
                state[vertex] = done
                path.pop()
    return frozenset(turned)


def _layers(count: int, edges: dict[tuple[int, int], int]) -> list[int]:
    """Longest paths from the sources, then whatever can be drawn to its effects is."""
    after: list[list[int]] = [[] for _ in range(count)]
    waiting, pull = [0] * count, [0] * count
    for (start, end), weight in edges.items():
        after[start].append(end)
        waiting[end] += 1
        pull[start] += weight
        pull[end] -= weight
    layer = [0] * count
    order = [vertex for vertex in range(count) if not waiting[vertex]]
    for vertex in order:
        for end in after[vertex]:
            layer[end] = max(layer[end], layer[vertex] + 1)
            waiting[end] -= 1
            if not waiting[end]:
                order.append(end)
    # A vertex may go to the right up to its first effect. It lengthens its edges from the
    # left as it shortens those to the right, so it goes if the right ones weigh no less.
    for vertex in reversed(order):
        if after[vertex] and pull[vertex] >= 0:
            layer[vertex] = min(layer[end] for end in after[vertex]) - 1
    ranks = {value: rank for rank, value in enumerate(sorted(set(layer)))}
    return [ranks[value] for value in layer]


def _split(layer: list[int], edges: list[tuple[int, int]], turned: frozenset[int]) -> Layered:
    """Bends in every layer that an edge crosses.

    All long edges of one vertex share its bends: what one artifact or run leads to is one
    line that branches, and a vertex with a thousand far effects needs no thousand lines.
    """
    real = len(layer)
    layer = list(layer)
    after: list[list[int]] = [[] for _ in layer]
    before: list[list[int]] = [[] for _ in layer]
    chains: dict[int, list[int]] = {}

    def segment(start: int, end: int) -> None:
        after[start].append(end)
        before[end].append(start)

    for start, end in edges:
        chain = chains.setdefault(start, []) if layer[end] - layer[start] > 1 else []
        while len(chain) < layer[end] - layer[start] - 1:
            bend = len(layer)
            layer.append(layer[start] + len(chain) + 1)
            after.append([])
            before.append([])
            segment(chain[-1] if chain else start, bend)
            chain.append(bend)
        segment(chain[layer[end] - layer[start] - 2] if chain else start, end)
    return Layered(layer=layer, real=real, after=after, before=before, chains=chains, turned=turned)
