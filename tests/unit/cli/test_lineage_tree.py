"""What a line of the lineage tree tells."""

from __future__ import annotations

from rich.console import Console

from lineal.cli.trees import draw
from lineal.lineage import LineageGraph
from lineal.records import Edge, Node, NodeKind, Relation


def shown(slices: int, root: str = "e") -> str:
    metrics = {f"auc[n={n}]": 0.5 for n in range(slices)} | {"auc": 0.75}
    nodes = [
        Node(id="e", kind=NodeKind.EXECUTION, label="fit", facts={"metrics": metrics}),
        Node(id="a", kind=NodeKind.ARTIFACT, label="frame", facts={"digest": "xxh3:1"}),
        Node(id="d", kind=NodeKind.DATASET, label="transactions@v1", facts={}),
    ]
    edges = [
        Edge(source="e", target="a", relation=Relation.USED, role="frame"),
        Edge(source="d", target="a", relation=Relation.DERIVED_FROM),
    ]
    console = Console(width=200, no_color=True)
    with console.capture() as printed:
        console.print(draw(LineageGraph(nodes, edges, [root]), up=True))
    return printed.get()


def test_a_frame_is_called_by_its_dataset_version_too():
    assert "frame = transactions@v1  xxh3:1" in shown(0)


def test_a_dataset_version_that_was_asked_about_is_not_told_twice():
    assert shown(0, root="d").count("transactions@v1") == 1


def test_a_metric_over_the_whole_comes_before_its_slices():
    assert "auc 0.75, auc[n=0] 0.5, auc[n=1] 0.5" in shown(2)


def test_many_slices_are_only_counted():
    assert "auc 0.75, +5 by slice" in shown(5)
    assert "[n=" not in shown(5)
