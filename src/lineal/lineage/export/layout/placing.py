"""Place the vertices of ordered layers so that long edges are straight and nothing overlaps.

Sources:

- U. Brandes, B. Köpf, *Fast and Simple Horizontal Coordinate Assignment*, Graph Drawing
  2001: four alignments, each drawn tight, and the mean of the two medians.
- U. Brandes, J. Walter, J. Zink, *Erratum*, arXiv:2008.01252: the compaction of the paper
  can let blocks overlap. So blocks are placed here by longest paths over the graph of
  blocks and their neighbours, which can't.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .layering import Layered


def placed(
    graph: Layered, order: Sequence[Sequence[int]], sizes: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """The centre of each vertex along its layer; the least edge of all is at 0.

    Args:
        graph: The vertices and segments.
        order: The vertices of each layer.
        sizes: Of each vertex, along its layer.
        gaps: Of each vertex, what is to be kept free around it; between two, the mean.
    """
    if not graph.layer:
        return []
    barred = _barred(graph, order)
    candidates: list[list[float]] = []
    for downward in (True, False):
        for forward in (True, False):
            layers = [list(layer) if forward else list(layer)[::-1] for layer in order]
            near = graph.before if downward else graph.after
            root = _aligned(layers if downward else layers[::-1], near, barred)
            xs = _compact(layers, root, sizes, gaps)
            candidates.append(xs if forward else [-x for x in xs])
    return _balanced(candidates, sizes)


def _barred(graph: Layered, order: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Segments that cross one between two bends, which is to stay straight."""
    barred: set[tuple[int, int]] = set()
    for upper, lower in pairwise(order):
        place = {vertex: position for position, vertex in enumerate(upper)}
        left, scanned = 0, 0
        for index, vertex in enumerate(lower):
            inner = _bend_before(graph, vertex)
            if inner is None and index < len(lower) - 1:
                continue
            right = len(upper) - 1 if inner is None else place[inner]
            for other in lower[scanned : index + 1]:
                for start in graph.before[other]:
                    straight = start >= graph.real and other >= graph.real
                    if not straight and not left <= place[start] <= right:
                        barred.add((start, other))
            left, scanned = right, index + 1
    return barred


def _bend_before(graph: Layered, vertex: int) -> int | None:
    if vertex < graph.real:
        return None
    return next((start for start in graph.before[vertex] if start >= graph.real), None)


def _aligned(
    layers: Sequence[Sequence[int]], near: Sequence[Sequence[int]], barred: set[tuple[int, int]]
) -> list[int]:
    """The first vertex of each one's block: vertices that are to be on one line."""
    root = list(range(len(near)))
    taken = [False] * len(near)
    for fixed, moving in pairwise(layers):
        place = {vertex: position for position, vertex in enumerate(fixed)}
        last = -1
        for vertex in moving:
            around = sorted(near[vertex], key=place.__getitem__)
            middle = len(around) - 1
            for other in around[middle // 2 : middle // 2 + 1 + middle % 2] if around else ():
                free = not taken[other] and (other, vertex) not in barred
                if free and (vertex, other) not in barred and place[other] > last:
                    taken[other] = True
                    root[vertex] = root[other]
                    last = place[other]
                    break
    return root


def _compact(
    layers: Sequence[Sequence[int]],
    root: Sequence[int],
    sizes: Sequence[float],
    gaps: Sequence[float],
) -> list[float]:
    """Blocks as far to the left as they can go, then to the right as far as costs no width."""
    after: dict[int, dict[int, float]] = {block: {} for block in root}
    waiting = dict.fromkeys(after, 0)
    for layer in layers:
        for left, right in pairwise(layer):
            space = (sizes[left] + sizes[right] + gaps[left] + gaps[right]) / 2
            known = after[root[left]].get(root[right])
            if known is None:
                waiting[root[right]] += 1
            after[root[left]][root[right]] = max(space, known or 0.0)
    x = dict.fromkeys(after, 0.0)
    order = [block for block in after if not waiting[block]]
    for block in order:
        for other, space in after[block].items():
            x[other] = max(x[other], x[block] + space)
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    for block in reversed(order):
        if after[block]:
            x[block] = max(x[block], min(x[b] - space for b, space in after[block].items()))
    return [x[block] for block in root]


def _balanced(candidates: list[list[float]], sizes: Sequence[float]) -> list[float]:
    """The mean of the two medians, after each is brought to the edge of the narrowest.

    Medians keep what holds in each of the four, so no two vertices come closer.
    """
    edges = [
        (
            min(x - size / 2 for x, size in zip(xs, sizes, strict=True)),
            max(x + size / 2 for x, size in zip(xs, sizes, strict=True)),
        )
        for xs in candidates
    ]
    least, most = min(edges, key=lambda edge: edge[1] - edge[0])
    moved = []
    for index, (xs, (low, high)) in enumerate(zip(candidates, edges, strict=True)):
        shift = least - low if index % 2 == 0 else most - high
        moved.append([x + shift for x in xs])
    found = [sum(sorted(four)[1:3]) / 2 for four in zip(*moved, strict=True)]
    start = min(x - size / 2 for x, size in zip(found, sizes, strict=True))
    return [x - start for x in found]
