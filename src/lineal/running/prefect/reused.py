"""Showing reused steps in Prefect: task runs that are cached, without having been run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect._internal.uuid7 import uuid7
from prefect.client.schemas.objects import State, StateDetails, TaskRun, TaskRunResult
from prefect.states import Completed, Pending
from prefect.utilities.engine import emit_task_run_state_change_event

from lineal.pipeline.graph import StepNode


def show_reused(node: StepNode, flow_run: UUID, upstream: Sequence[UUID]) -> UUID:
    """Record a task run in the state Cached; returns its id.

    Prefect hears of task runs from what their own processes say of them, and so it does
    here: no request is made, and none is waited for.
    """
    run_id = uuid7()
    details = StateDetails(task_run_id=run_id, flow_run_id=flow_run)
    before: State[None] = Pending(state_details=details)
    state: State[None] = Completed(name="Cached", state_details=details)
    now: Any = state.timestamp  # of another class in each version of Python
    task_run = TaskRun(
        id=run_id,
        name=node.name,
        flow_run_id=flow_run,
        task_key=node.task.qualified_name,
        dynamic_key=f"reused-{node.position}",
        tags=list(node.task.options.tags),
        task_inputs={"wait_for": [TaskRunResult(id=above) for above in upstream]},
        expected_start_time=now,
        start_time=now,
        end_time=now,
        state_id=state.id,
        state_type=state.type,
        state_name=state.name,
        state=state,
        created=now,
        updated=now,
    )
    emit_task_run_state_change_event(task_run, before, state)
    return run_id
