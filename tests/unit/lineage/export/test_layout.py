"""The layered layout: nothing overlaps, edges lead from layer to layer, the same every time."""

from __future__ import annotations

import itertools
import random
import time

from hypothesis import given
from hypothesis import strategies as st

from lineal.lineage.export.layout import Layout, lay_out
from lineal.lineage.export.layout.crossings import crossings, ordered
from lineal.lineage.export.layout.layering import layered

Edges = list[tuple[str, str]]


@st.composite
def drawings(draw: st.DrawFn) -> tuple[dict[str, tuple[float, float]], Edges, list[int]]:
    count = draw(st.integers(0, 14))
    side = st.integers(10, 200).map(float)
    sizes = {f"v{n}": (draw(side), draw(side)) for n in range(count)}
    if not count:
        return {}, [], []
    vertex = st.sampled_from(list(sizes))
    edges = draw(st.lists(st.tuples(vertex, vertex), max_size=30))
    return sizes, edges, draw(st.lists(st.integers(0, 2), min_size=len(edges), max_size=len(edges)))


def touching(layout: Layout) -> list[tuple[str, str]]:
    """Pairs of boxes that overlap."""
    return [
        (a, b)
        for (a, one), (b, two) in itertools.combinations(layout.boxes.items(), 2)
        if one.x < two.x + two.width - 1e-6
        and two.x < one.x + one.width - 1e-6
        and one.y < two.y + two.height - 1e-6
        and two.y < one.y + one.height - 1e-6
    ]


@given(drawings())
def test_boxes_never_overlap_and_stay_inside_the_drawing(drawing) -> None:
    sizes, edges, weights = drawing
    layout = lay_out(sizes, edges, weights)
    assert touching(layout) == []
    for name, box in layout.boxes.items():
        assert (box.width, box.height) == sizes[name]
        assert -1e-6 <= box.x <= layout.width - box.width + 1e-6
        assert -1e-6 <= box.y <= layout.height - box.height + 1e-6


@given(drawings())
def test_every_edge_leads_from_its_layer_to_another_and_from_box_to_box(drawing) -> None:
    sizes, edges, weights = drawing
    layout = lay_out(sizes, edges, weights)
    for (start, end), route in zip(edges, layout.routes, strict=True):
        if start == end:
            assert list(route) == []
            continue
        one, two = layout.boxes[start], layout.boxes[end]
        assert one.layer != two.layer
        ahead = one.layer < two.layer
        assert len(route) == 2 * (abs(one.layer - two.layer) + 1)
        xs = [x for x, _ in route]
        assert xs == sorted(xs, reverse=not ahead)
        assert xs[0] == (one.x + one.width if ahead else one.x)
        assert xs[-1] == (two.x if ahead else two.x + two.width)
        assert one.y <= route[0][1] <= one.y + one.height
        assert two.y <= route[-1][1] <= two.y + two.height


@given(drawings())
def test_only_cycles_lead_back(drawing) -> None:
    sizes, edges, weights = drawing
    names = list(sizes)
    onward = [(a, b) for a, b in edges if names.index(a) < names.index(b)]
    layout = lay_out(sizes, onward, weights[: len(onward)])
    assert all(layout.boxes[a].layer < layout.boxes[b].layer for a, b in onward)


@given(drawings())
def test_the_same_graph_is_drawn_the_same(drawing) -> None:
    assert lay_out(*drawing) == lay_out(*drawing)


@given(drawings())
def test_crossings_are_counted_as_by_hand_and_sweeps_add_none(drawing) -> None:
    sizes, edges, weights = drawing
    names = list(sizes)
    graph = layered(len(names), [(names.index(a), names.index(b)) for a, b in edges], weights)
    order = ordered(graph)
    place = {vertex: n for layer in order for n, vertex in enumerate(layer)}
    segments = [(a, b) for a, ends in enumerate(graph.after) for b in ends]
    by_hand = sum(
        graph.layer[a] == graph.layer[c] and (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in itertools.combinations(segments, 2)
    )
    assert crossings(graph, order) == by_hand
    as_numbered = [
        [v for v, at in enumerate(graph.layer) if at == layer] for layer in range(len(order))
    ]
    assert sorted(map(sorted, order)) == sorted(as_numbered)


def test_crossings_that_need_not_be_are_undone() -> None:
    graph = layered(6, [(0, 5), (1, 4), (2, 3)], [1, 1, 1])
    assert crossings(graph, [[0, 1, 2], [3, 4, 5]]) == 3
    assert crossings(graph, ordered(graph)) == 0


def test_an_edge_over_many_layers_is_a_straight_line_between_its_ends() -> None:
    chain = [(f"v{n}", f"v{n + 1}") for n in range(6)]
    layout = lay_out({f"v{n}": (50.0, 30.0) for n in range(7)}, [*chain, ("v0", "v6")])
    assert len({y for _, y in layout.routes[-1][2:-2]}) == 1
    assert len({layout.boxes[f"v{n}"].y for n in range(1, 6)}) == 1


def test_long_edges_of_one_vertex_share_their_bends() -> None:
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 3), (0, 4)]
    graph = layered(5, edges, [1] * len(edges))
    assert len(graph.layer) - graph.real == 3


def test_a_source_is_drawn_to_what_it_leads_to() -> None:
    sizes = dict.fromkeys("abcdx", (50.0, 30.0))
    layout = lay_out(sizes, [("a", "b"), ("b", "c"), ("c", "d"), ("x", "d")])
    assert layout.boxes["x"].layer == layout.boxes["c"].layer


def test_a_thousand_boxes_take_seconds() -> None:
    rng = random.Random(0)
    sizes = {f"v{n}": (120.0, 40.0) for n in range(1000)}
    edges = [
        (f"v{rng.randrange(max(n - 40, 0), n)}", f"v{n}") for n in range(1, 1000) for _ in "ab"
    ]
    start = time.process_time()
    layout = lay_out(sizes, edges)
    assert time.process_time() - start < 10
    assert touching(layout) == []


def test_a_map_of_a_thousand_under_one_run_takes_seconds() -> None:
    steps = [f"s{n}" for n in range(1000)]
    edges = [(end, step) for step in steps for end in ("data", "run")]
    edges += [(step, "reduced") for step in steps]
    start = time.process_time()
    layout = lay_out(dict.fromkeys(("data", "run", *steps, "reduced"), (120.0, 40.0)), edges)
    assert time.process_time() - start < 10
    assert {layout.boxes[step].layer for step in steps} == {1}
