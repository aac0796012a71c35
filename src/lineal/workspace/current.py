"""The workspace of this process, and what goes to it: pipelines that are called, blocks."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from lineal.config import read_settings
from lineal.pipeline import Pipeline
from lineal.planning import Plan
from lineal.running import ActiveRun, Run, RunOptions, plan_pipeline, run_pipeline
from lineal.running import start_run as open_block
from lineal.running.prefect import flows

from .places import root_of
from .workspace import Workspace

_current: dict[tuple[int, str], Workspace] = {}
_lock = threading.Lock()


def current_workspace() -> Workspace:
    """The workspace of this process for where it stands; opened once per store."""
    root = root_of(read_settings().store)
    with _lock:
        place = (os.getpid(), str(root))
        if place not in _current:
            _current[place] = Workspace.open(root)
        return _current[place]


@atexit.register
def close_current() -> None:
    """Close the workspaces that this process opened by itself; it does so when it ends."""
    with _lock:
        for place in [place for place in _current if place[0] == os.getpid()]:
            _current.pop(place).close()


def run(
    pipeline: Pipeline[..., Any], arguments: Mapping[str, Any] | None = None, **options: Any
) -> Run:
    """Run a pipeline in the current workspace; returns the run, whatever its status.

    Args:
        pipeline: It.
        arguments: Its parameters by name.
        options: Those of `lineal.running.RunOptions`, such as ``runner="prefect"``,
            ``task_runner="dask"``, ``workers=8``, ``tags={"team": "a"}``; the configuration
            stands in for what is not given.

    Raises:
        UserError: it can't be run as asked.
    """
    workspace = current_workspace()
    return workspace.run(pipeline, arguments, workspace.options(**options))


def value_of(run: Run) -> Any:
    """What a run returned; raises what made it fail."""
    if run.exception is not None:
        raise run.exception
    return run.result if run.record.result else None


class _Launcher:
    """Runs pipelines that are called or asked to run, in the current workspace."""

    def run(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Run:
        workspace = current_workspace()
        return run_pipeline(workspace.services, pipeline, arguments, workspace.options())

    def call(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Any:
        # A deployment of Prefect's loads a pipeline as it is, and makes a flow of it.
        given = {"runner": "prefect"} if flows.is_flow_of(pipeline) else {}
        return value_of(run(pipeline, arguments, **given))

    def to_prefect(self, pipeline: Pipeline[..., Any], task_runner: Any, **settings: Any) -> Any:
        def call(arguments: dict[str, Any]) -> Any:
            return value_of(
                run(pipeline, arguments, runner="prefect", task_runner=flows.OF_THE_FLOW)
            )

        return flows.flow_of(pipeline, call, task_runner=task_runner, **settings)

    def plan(self, pipeline: Pipeline[..., Any], arguments: dict[str, Any]) -> Plan:
        workspace = current_workspace()
        return plan_pipeline(workspace.services, pipeline, arguments, workspace.options())


launcher = _Launcher()


@contextmanager
def start_run(
    name: str = "run",
    *,
    experiment: str | None = None,
    tags: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Iterator[ActiveRun]:
    """Record a block of a script or notebook as one run.

    Args:
        name: The run's name.
        experiment: The group it belongs to; ``default`` if none is named.
        tags: Tags it starts with.
        note: A text about it.
    """
    import sys

    frame = sys._getframe(2)  # noqa: SLF001 - the caller of the `with`
    options = RunOptions(experiment=experiment, tags=tags or {}, note=note or "")
    workspace = current_workspace()
    options = replace(options, seed=workspace.settings.seed)
    with open_block(workspace.services, name, options, frame.f_code.co_filename) as active:
        yield active
