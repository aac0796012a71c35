"""A run's metrics are what each step logged when it counted, however often it was begun."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest

import lineal
from lineal import Metrics, Workspace, pipeline, task
from lineal.planning import Policy
from lineal.running import drawing

together = threading.Barrier(2)


@pytest.fixture
def workspace(store: Path) -> Any:
    drawing._seen.clear()
    drawing._guesses.clear()
    together.reset()
    with Workspace.open(store) as opened:
        yield opened


def points(workspace: Workspace, run: Any) -> list[tuple[str, int, float]]:
    rows = workspace.metrics(run).to_pylist()
    return sorted((row["key"], row["step"], row["value"]) for row in rows)


@task
def learns(i: int) -> Metrics:
    """Draws unforeseen beside another step, so it is executed again alone."""
    with contextlib.suppress(threading.BrokenBarrierError):
        together.wait(0.3)
    NormalDist().samples(1)
    for epoch in range(3):
        lineal.log_metric("loss", 1.0 / (i + epoch + 1))
    lineal.log_series("rate", [0.1, 0.2])
    lineal.log_artifact(i, "note")
    return Metrics(auc=0.5 + i)


@pipeline
def learning() -> Any:
    return learns.map([0, 1])


def test_a_step_that_is_executed_again_alone_logs_its_points_once(workspace):
    run = workspace.run(learning, options=workspace.options(workers=2))
    assert run.exception is None, run.exception
    assert points(workspace, run) == sorted(
        point
        for i in range(2)
        for point in [
            *(("loss", epoch, 1.0 / (i + epoch + 1)) for epoch in range(3)),
            ("rate", 0, 0.1),
            ("rate", 1, 0.2),
            ("auc", 0, 0.5 + i),
        ]
    )
    assert [summary.count for summary in run.record.metrics if summary.key == "loss"] == [3, 3]


def test_a_step_that_is_forced_logs_the_same_points_in_its_own_run(workspace):
    first = workspace.run(learning, options=workspace.options(workers=2))
    again = workspace.run(
        learning, options=workspace.options(workers=1, policy=Policy(force=frozenset({"learns"})))
    )
    assert points(workspace, again) == points(workspace, first)
    assert again.metrics == first.metrics


@task(retries=2)
def flaky(counter: list[int]) -> int:
    tries = Path("tries")
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    attempt = len(tries.read_text())
    lineal.log_metric("seen", attempt)
    lineal.log_param("attempt", attempt)
    lineal.set_tag(f"attempt-{attempt}", "begun")
    lineal.log_artifact(attempt, "number")
    print("attempt", attempt)
    if attempt < 3:
        raise ConnectionError("try again")
    return attempt


@pipeline
def trying() -> Any:
    return flaky([1])


@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_what_an_attempt_that_failed_has_said_does_not_count(
    workspace, runner, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    run = workspace.run(trying, options=workspace.options(runner=runner, observe="off"))
    assert run.exception is None, run.exception
    execution = run.execution("flaky")
    assert points(workspace, run) == [("seen", 0, 3.0)]
    assert execution.params == {"attempt": "3"}
    assert execution.tags == {"attempt-3": "begun"}
    assert [output.name for output in execution.outputs] == ["result", "number"]
    assert execution.log.split() == ["attempt", "1", "attempt", "2", "attempt", "3"]
