"""Planning for a command: what the pipeline's body prints or raises is its user's own."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Any

from lineal.errors import LinealError, StepFailed
from lineal.pipeline import Pipeline
from lineal.planning import Plan, Policy
from lineal.running.execute import own_traceback
from lineal.workspace import Workspace


def plan_of(
    workspace: Workspace,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    policy: Policy | None = None,
) -> Plan:
    """The plan of a pipeline; results alone go to the output stream.

    Raises:
        StepFailed: the body raised; the message is the user's own traceback.
    """
    try:
        with redirect_stdout(sys.stderr):
            return workspace.plan(pipeline, arguments, policy=policy)
    except LinealError:
        raise
    except Exception as error:
        raise StepFailed(
            f"The body of {pipeline.name!r} raised {type(error).__name__}: {error}\n\n"
            f"{own_traceback(error)}"
        ) from error
