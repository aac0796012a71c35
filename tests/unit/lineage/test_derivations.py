"""Parts of outputs: what a map hands out, and what the body looks at, leads to the whole."""

from __future__ import annotations

from lineal import pipeline, task
from lineal.records import NodeKind, Relation
from lineal.workspace import Workspace


@task
def numbers() -> list[list[int]]:
    return [[1, 10], [2, 20], [3, 30]]


@task
def table() -> dict[str, list[int]]:
    return {"a": [1, 2], "b": [3, 4]}


@task
def total(xs: list[int]) -> int:
    return sum(xs)


@task
def together(parts: list[int]) -> int:
    return sum(parts)


@pipeline
def mapped() -> int:
    return together(total.map(numbers()))


@pipeline
def looked_at() -> int:
    return total(table()["b"])


def parts_of(run, workspace) -> list[tuple[str, str]]:
    graph = workspace.lineage(f"{run.number}")
    return [
        (edge.source, graph.nodes[edge.target].label)
        for edge in graph.edges
        if edge.relation is Relation.DERIVED_FROM
    ]


def test_lineage_does_not_break_at_a_map():
    run = mapped.run()
    with Workspace.open() as workspace:
        graph = workspace.lineage(f"{run.number}:together")
        assert {n.label for n in graph.of_kind(NodeKind.EXECUTION)} == {
            "numbers", "total[0]", "total[1]", "total[2]", "together",
        }  # fmt: skip
        assert len(set(parts_of(run, workspace))) == 3


def test_a_reused_part_keeps_its_whole():
    mapped.run()
    again = mapped.run()
    with Workspace.open() as workspace:
        graph = workspace.lineage(f"{again.number}:together")
        assert {n.facts["run"] for n in graph.of_kind(NodeKind.EXECUTION)} == {1}
        assert any(n.label == "numbers" for n in graph.nodes.values())


def test_an_item_of_a_dictionary_that_the_body_took_leads_to_the_whole():
    run = looked_at.run()
    with Workspace.open() as workspace:
        assert [label for _, label in parts_of(run, workspace)] == ["result: value"]
        steps = workspace.lineage(f"{run.number}:total").of_kind(NodeKind.EXECUTION)
        assert {n.label for n in steps} == {"table", "total"}


@task
def counted() -> list[int]:
    return [1, 2]


@task
def double(n: int) -> int:
    return 2 * n


@pipeline
def doubled() -> int:
    return together(double.map(counted()))


def test_a_part_that_equals_what_another_step_made_did_not_come_from_it():
    doubled.run()
    with Workspace.open() as workspace:
        graph = workspace.lineage("1:double[1]")
        doubts = {
            graph.nodes[e.target].label: e.actual
            for e in graph.edges
            if e.relation is Relation.GENERATED_BY
        }
        assert doubts == {"double[1]": True, "counted": True}
        way = [node.label for node in workspace.path("1:double[1]", "1:counted")]
        assert way == ["result: value", "double[1]", "n: value", "result: value"]
