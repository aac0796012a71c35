"""The graph that a pipeline declares: its steps, and which takes what from which."""

from __future__ import annotations

from lineal.planning import Plan
from lineal.records import Edge, Node, NodeKind, Relation

from .graph import LineageGraph


def declared(plan: Plan) -> LineageGraph:
    """A plan's steps as executions that never happened; roots are the last ones.

    Their ids are ``execution:STEP``, and they are informed by one another, as nothing has
    flowed between them yet.
    """
    nodes = [
        Node(
            id=f"execution:{step.step}",
            kind=NodeKind.EXECUTION,
            label=step.step,
            facts={
                "step": step.step,
                "task": step.task,
                "status": step.decision,
                **({"resources": dict(step.resources)} if step.resources else {}),
            },
        )
        for step in plan.steps
    ]
    edges = [
        Edge(
            source=f"execution:{step.step}",
            target=f"execution:{above}",
            relation=Relation.INFORMED_BY,
        )
        for step in plan.steps
        for above in step.upstream
    ]
    causes = {edge.target for edge in edges}
    roots = [node.id for node in nodes if node.id not in causes]
    return LineageGraph(nodes, edges, roots)
