"""Comparing two graphs of steps: which steps are new or gone, which values flow elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from lineal.records import Execution

from .results import Flow, ShapeChange


def shape_change(before: Sequence[Execution], after: Sequence[Execution]) -> ShapeChange:
    """What differs between the steps of two runs, by their names."""
    old, new = _steps(before), _steps(after)
    old_flows, new_flows = _flows(before), _flows(after)
    return ShapeChange(
        steps_added=tuple(step for step in new if step not in old),
        steps_removed=tuple(step for step in old if step not in new),
        flows_added=tuple(flow for flow in new_flows if flow not in old_flows),
        flows_removed=tuple(flow for flow in old_flows if flow not in new_flows),
    )


def _steps(executions: Sequence[Execution]) -> dict[str, None]:
    return dict.fromkeys(e.step for e in executions if e.position)


def _flows(executions: Sequence[Execution]) -> dict[Flow, None]:
    return dict.fromkeys(
        Flow(source=f"{i.source.step}.{i.source.output}", target=f"{e.step}.{i.name}")
        for e in executions
        for i in e.inputs
        if i.source is not None
    )
