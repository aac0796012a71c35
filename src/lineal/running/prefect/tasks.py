"""The Prefect tasks that stand for steps: what they are called, and what Prefect may do.

Prefect tries again what failed, so that it shows; what may take and how an attempt is made
is the same as for every runner. Prefect's own cache is off: what is reused was decided
before.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import task_run as this_task_run
from prefect.states import Cancelled, Failed

from lineal.errors import RunCancelled, StepFailed, StepTimeout
from lineal.pipeline import TaskOptions
from lineal.running.execute import Outcome
from lineal.running.worker import Attempts, carry_out

from .certificates import load_once
from .quiet import draw_privately

Body = Callable[..., Any]
"""Takes ``step`` and ``job``; gives back what is shown of the outcome, or a failed state."""
MOST_DELAYS = 50
"""Delays that Prefect takes; the last one stands for those that follow."""


def task_for(name: str, options: TaskOptions, body: Body) -> Task[..., Any]:
    """The Prefect task whose runs are the steps of one of ours."""
    delays = [options.retry_delay * 2**n for n in range(min(options.retries, MOST_DELAYS))]
    return Task(
        body,
        name=name,
        task_run_name="{step}",
        tags=options.tags,
        retries=options.retries,
        retry_delay_seconds=delays if options.retry_delay else None,
        retry_condition_fn=worth_another,
        cache_policy=NO_CACHE,
        persist_result=False,
        log_prints=False,
    )


def worth_another(task: object, run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Whether an attempt failed in a way that another may not."""
    return state.name != FINAL


FINAL = "Failed for good"
"""The name of the state of what is not tried again, such as a step that changed its input."""


def shown(outcome: Outcome, data: Any) -> Any:
    """What Prefect is told of an outcome.

    Args:
        outcome: How it went.
        data: What goes back to the run.
    """
    error = outcome.error
    if error is None:
        return data
    if isinstance(error, RunCancelled):
        return Cancelled(message=str(error), data=data)
    name = "Failed" if isinstance(error, StepFailed) else FINAL
    if isinstance(error, StepTimeout):
        name = "TimedOut"
    return Failed(message=str(error), name=name, data=data)


@cache
def _once() -> None:
    draw_privately()
    load_once()


_attempts: dict[str, Attempts] = {}
_lock = threading.Lock()


def elsewhere(step: str, job: bytes) -> Any:  # noqa: ARG001 - the run is named by it
    """The body of a step in a process of its own: carries out an order."""
    _once()
    run = str(this_task_run.get_id())
    with _lock:
        attempts = _attempts.setdefault(run, Attempts())
    outcome = carry_out(job, attempts)
    if not isinstance(outcome.error, (StepFailed, StepTimeout)):
        with _lock:
            _attempts.pop(run, None)
    return shown(outcome, pickle.dumps(outcome))
