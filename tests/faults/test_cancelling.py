"""Ctrl-C, at whatever moment, leaves a cancelled run that says of each step what became of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace, pipeline, task
from lineal.records import Cause, ExecutionStatus, RunStatus

SCRIPT = """
import sys, time
from lineal import pipeline, task, unmapped

@task
def step(x, pause):
    if x == 20:
        print("far enough", flush=True)
    # The last ones are slow, so that none is through before a busy machine has sent Ctrl-C.
    time.sleep(pause if x < 1350 else 0.02)
    return x + 1

@pipeline
def chain(steps: int, pause: float):
    x = 0
    for _ in range(steps):
        x = step(x, pause)
    return x

@pipeline
def wide(steps: int, pause: float):
    return step.map(range(steps), unmapped(pause))

if __name__ == "__main__":
    shape, steps, pause = sys.argv[1:]
    made = {"chain": chain, "wide": wide}[shape](int(steps), float(pause))
    assert made in (int(steps), list(range(1, int(steps) + 1)))
"""


def start(folder: Path, shape: str, steps: int, pause: float) -> subprocess.Popen[str]:
    script = folder / "steps.py"
    script.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(script), shape, str(steps), str(pause)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["chain", "wide"])
@pytest.mark.parametrize("pause", [0, 0.01, 0.3])
def test_a_run_is_cancelled_with_each_step_accounted_for(
    tmp_path: Path, store: Path, shape: str, pause: float
) -> None:
    steps = {0: 1500, 0.01: 100, 0.3: 24}[pause]
    process = start(tmp_path, shape, steps, pause)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=180)
    assert process.returncode != 0
    assert told.rstrip().endswith("KeyboardInterrupt"), told
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
        assert run.status is RunStatus.CANCELLED
        executions = [e for e in run.executions if e.position]
        assert [e.position for e in executions] == list(range(1, steps + 1))
        done = {e.step for e in executions if e.status is ExecutionStatus.EXECUTED}
        rest = [e for e in executions if e.step not in done]
        assert len(done) >= 10
        assert rest
        assert {(e.status, e.reason.cause) for e in rest} <= {
            (ExecutionStatus.SKIPPED, Cause.CANCELLED),
            (ExecutionStatus.SKIPPED, Cause.UPSTREAM_FAILED),
        }
        if shape == "chain":
            assert [e.step in done for e in executions] == sorted(
                (e.step in done for e in executions), reverse=True
            )
    again = start(tmp_path, shape, steps, pause)
    _, told = again.communicate(timeout=180)
    assert again.returncode == 0, told
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
        reused = {e.step for e in run.executions if e.status is ExecutionStatus.REUSED}
        assert reused >= done


@task
def interrupting(x: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    return x + 1


@task
def plain(x: int) -> tuple[int, int]:
    return x + 1, threading.get_ident()


@pipeline
def stubborn() -> Any:
    first = interrupting(1)
    try:
        first.value  # noqa: B018 - it is what is interrupted
    except KeyboardInterrupt:
        return [first, plain(first)[0]]
    raise AssertionError("it was not interrupted")


def test_a_body_that_takes_no_notice_gets_what_the_step_makes_all_the_same(store: Path) -> None:
    with Workspace.open(store) as workspace:
        run = workspace.run(stubborn)
        assert run.result == [2, 3]
        assert [e.status for e in run.executions if e.position] == [ExecutionStatus.EXECUTED] * 2
