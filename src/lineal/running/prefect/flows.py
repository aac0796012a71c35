"""Pipelines as ordinary Prefect flows: to call, to serve, to deploy, to call from other flows."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lineal.pipeline import Pipeline

if TYPE_CHECKING:
    from prefect import Flow

OF_THE_FLOW = "of the flow"
"""Chosen as a task runner: the one of the flow that the run goes on in."""
DEPLOYMENT = "prefect.deployment_id"
TRIGGER = "trigger"
"""Tags of a run that a deployment of Prefect's brought about: which, and why it did."""


def flow_of(
    pipeline: Pipeline[..., Any],
    call: Callable[[dict[str, Any]], Any],
    *,
    task_runner: Any = None,
    **settings: Any,
) -> Flow[..., Any]:
    """A Prefect flow whose runs are runs of a pipeline.

    Args:
        pipeline: It; the flow takes its parameters, and Prefect converts and checks them by
            their annotations.
        call: Runs it with parameters by name, inside the flow, and gives back its value.
        task_runner: What executes its steps, one of Prefect's; threads by default.
        settings: Whatever else ``prefect.flow`` takes.
    """
    from prefect import Flow

    @functools.wraps(pipeline.fn)
    def body(*args: Any, **kwargs: Any) -> Any:
        return call(pipeline.bind(*args, **kwargs))

    hints = pipeline.hints
    parameters = [
        p.replace(annotation=hints.get(p.name, p.annotation))
        for p in pipeline.signature.parameters.values()
    ]
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    body.__annotations__ = {name: hint for name, hint in hints.items() if name != "return"}
    given = {"name": pipeline.name, "persist_result": False, "log_prints": False, **settings}
    flow: Flow[..., Any] = Flow(body, task_runner=task_runner, **given)
    return flow


def is_flow_of(pipeline: Pipeline[..., Any]) -> bool:
    """Whether this is a flow run of the pipeline itself, which a deployment has loaded so."""
    context = _context()
    return context is not None and context.flow is not None and context.flow.fn is pipeline


def in_flow() -> bool:
    """Whether this thread is in a flow run of Prefect's; asks without importing Prefect."""
    return _context() is not None


def trigger() -> Mapping[str, str]:
    """What brought the flow run about that this thread is in, as tags of a run."""
    context = _context()
    run = context.flow_run if context is not None else None
    if run is None or run.deployment_id is None:
        return {}
    by = run.created_by.type if run.created_by is not None else None
    scheduled = run.auto_scheduled or by == "SCHEDULE"
    return {DEPLOYMENT: str(run.deployment_id), TRIGGER: "schedule" if scheduled else "deployment"}


def _context() -> Any:
    if "prefect.main" not in sys.modules:
        return None
    from prefect.context import FlowRunContext

    return FlowRunContext.get()
