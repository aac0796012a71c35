"""Runs in a store of lineal."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, select

from filled.wanted import Wanted, wanted
from lineal.catalog import Batch, runs, tables
from lineal.catalog.committing import commit
from lineal.catalog.database import Database
from lineal.catalog.rows import run_row
from lineal.catalog.writing import put
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
        numbered = list(enumerate(wanted(count), 1))
        _begin(connection, [(number, _record(one)) for number, one in numbered])
        bodies = tuple(_body(one, number) for number, one in numbered)
        metrics = [
            summary
            for body, (_, one) in zip(bodies, numbered, strict=True)
            for summary in _summaries(one, body.id)
        ]
        commit(connection, Batch(executions=bodies, metrics=tuple(metrics)))
    database.close()


def _begin(connection: Connection, begun: list[tuple[int, RunRecord]]) -> None:
    """What `runs.begin` writes; the first by itself, and the others as rows of its tables."""
    runs.begin(connection, begun[0][1])
    experiment = connection.execute(select(tables.runs.c.experiment_id)).scalar_one()
    rows = [run_row(record, experiment) for _, record in begun[1:]]
    if rows:
        connection.execute(insert(tables.runs), rows)
    for table, name in ((tables.run_params, "params"), (tables.run_tags, "tags")):
        texts = [(n, *item) for n, record in begun[1:] for item in getattr(record, name).items()]
        put(connection, table, texts)


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
