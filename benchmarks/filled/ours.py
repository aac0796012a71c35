"""Runs in a store of lineal."""

from __future__ import annotations

from pathlib import Path

from filled.wanted import Wanted, wanted
from lineal.catalog import Batch, runs
from lineal.catalog.committing import commit
from lineal.catalog.database import Database
from lineal.records import (
    Cause,
    Execution,
    ExecutionStatus,
    MetricSummary,
    Reason,
    RunRecord,
    RunStatus,
    execution_id,
)
from lineal.workspace import Workspace


def fill_lineal(root: Path, count: int) -> None:
    """Make a store in which so many runs have ended; the body of each logged its metrics."""
    with Workspace.open(root):
        pass
    database = Database(f"sqlite:///{root / 'catalog.db'}")
    with database.write() as connection:
        bodies: list[Execution] = []
        metrics: list[MetricSummary] = []
        for one in wanted(count):
            number = runs.begin(connection, _record(one))
            bodies.append(_body(one, number))
            metrics += _summaries(one, bodies[-1].id)
        commit(connection, Batch(executions=tuple(bodies), metrics=tuple(metrics)))
    database.close()


def _record(one: Wanted) -> RunRecord:
    return RunRecord(
        id=one.id,
        number=0,
        name=one.name,
        experiment="search",
        pipeline=None,
        status=RunStatus.FINISHED,
        started_at=one.began,
        finished_at=one.ended,
        user="ada",
        params=one.params,
        tags={"team": "a"},
    )


def _body(one: Wanted, number: int) -> Execution:
    return Execution(
        id=execution_id(number, 0),
        run_id=one.id,
        position=0,
        step="body",
        task="",
        status=ExecutionStatus.EXECUTED,
        key=None,
        reason=Reason(cause=Cause.UNCACHEABLE, text="The body of a run always runs."),
        started_at=one.began,
        finished_at=one.ended,
    )


def _summaries(one: Wanted, execution: int) -> list[MetricSummary]:
    return [
        MetricSummary(execution_id=execution, key=key, last=value, min=value, max=value, count=1)
        for key, value in one.metrics.items()
    ]
