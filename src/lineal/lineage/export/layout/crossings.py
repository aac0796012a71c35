"""Order the vertices of each layer so that few segments cross.

Sources:

- Sugiyama, Tagawa, Toda 1981 (see `layering`): sweeps that sort a layer by the barycentres
  of the neighbours in the layer before it.
- W. Barth, P. Mutzel, M. Jünger, *Simple and Efficient Bilayer Cross Counting*, J. Graph
  Algorithms and Applications 8(2), 2004: counting with an accumulator tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .layering import Layered

_SWEEPS = 24
_PATIENCE = 4
"""So many sweeps without a gain end it."""


def ordered(graph: Layered) -> list[list[int]]:
    """The vertices of each layer, in order; the best of the sweeps."""
    order = _first(graph)
    best, fewest, idle = order, crossings(graph, order), 0
    for sweep in range(_SWEEPS):
        if not fewest or idle == _PATIENCE:
            break
        order = _swept(graph, order, down=sweep % 2 == 0, late=sweep % 4 >= 2)
        found = crossings(graph, order)
        idle += 1
        if found < fewest:
            best, fewest, idle = order, found, 0
    return best


def crossings(graph: Layered, order: Sequence[Sequence[int]]) -> int:
    """How often segments cross."""
    total = 0
    for upper, lower in pairwise(order):
        place = {vertex: position for position, vertex in enumerate(lower)}
        ends = [end for vertex in upper for end in sorted(place[v] for v in graph.after[vertex])]
        total += _inversions(ends, len(lower))
    return total


def _inversions(numbers: list[int], size: int) -> int:
    """Pairs in the wrong order, by a tree of counts (Fenwick's)."""
    tree = [0] * (size + 1)
    found = 0
    for seen, number in enumerate(numbers):
        position, not_greater = number + 1, 0
        while position:
            not_greater += tree[position]
            position &= position - 1
        found += seen - not_greater
        position = number + 1
        while position <= size:
            tree[position] += 1
            position += position & -position
    return found


def _first(graph: Layered) -> list[list[int]]:
    """In the order of a depth-first search, which keeps what belongs together together."""
    layers: list[list[int]] = [[] for _ in range(max(graph.layer, default=-1) + 1)]
    seen = [False] * len(graph.layer)
    for root in sorted(range(len(graph.layer)), key=lambda vertex: (graph.layer[vertex], vertex)):
        waiting = [root]
        while waiting:
            vertex = waiting.pop()
            if not seen[vertex]:
                seen[vertex] = True
                layers[graph.layer[vertex]].append(vertex)
                waiting.extend(reversed(graph.after[vertex]))
    return layers


def _swept(graph: Layered, order: list[list[int]], *, down: bool, late: bool) -> list[list[int]]:
    """Every layer sorted by the one before it; of equals, the later first if told so."""
    neighbours = graph.before if down else graph.after
    new = list(order)
    indexes = range(1, len(order)) if down else range(len(order) - 2, -1, -1)
    for index in indexes:
        fixed = new[index - 1 if down else index + 1]
        place = {vertex: position for position, vertex in enumerate(fixed)}
        stretch = len(fixed) / max(len(new[index]), 1)
        keys: dict[int, tuple[float, int]] = {}
        for position, vertex in enumerate(new[index]):
            near = neighbours[vertex]
            # What has no neighbours there keeps about the place it had.
            centre = sum(place[v] for v in near) / len(near) if near else position * stretch
            keys[vertex] = (centre, -position if late else position)
        new[index] = sorted(new[index], key=keys.__getitem__)
    return new
