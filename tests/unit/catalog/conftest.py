"""A new catalog for each test, and records to put in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from lineal.catalog import Batch, Catalog
from lineal.digests.digest import Digest, combine
from lineal.records import (
    Artifact,
    Cause,
    CodeIdentity,
    Execution,
    ExecutionStatus,
    MetricSummary,
    Output,
    Reason,
    RunRecord,
    RunStatus,
    Stored,
    execution_id,
)

START = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def digest(*parts: object) -> Digest:
    return combine("test", map(str, parts))


CODE = CodeIdentity(
    digest=digest("code"),
    components={"m:f": digest("f"), "m:a": digest("a")},
    distributions={"numpy": "2.4"},
    files=("/p/m.py",),
    warnings=("what getattr gives is unknown",),
)


def artifact(*parts: object, kept: bool = True) -> Artifact:
    stored = Stored(codec="json/1", size=2, inline=b"\x00\xff") if kept else None
    return Artifact(digest=digest(*parts), kind="value", type="builtins.int", stored=stored)


class Writer:
    """Writes runs with little ceremony."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.counter = count(1)

    def begin(self, **fields: Any) -> RunRecord:
        place = next(self.counter)
        values: dict[str, Any] = {
            "id": f"{place:08x}" + digest("run", place).hex[:24],
            "number": 0,
            "name": f"run-{place}",
            "experiment": "default",
            "pipeline": "m:p",
            "status": RunStatus.RUNNING,
            "started_at": START + timedelta(minutes=place),
        }
        record = RunRecord(**(values | fields))
        number = self.catalog.begin_run(record)
        return self.catalog.run(number)

    def step(self, run: RunRecord, position: int, **fields: Any) -> Execution:
        outputs = fields.pop("outputs", (artifact(position),))
        status = fields.get("status", ExecutionStatus.EXECUTED)
        values: dict[str, Any] = {
            "id": execution_id(run.number, position),
            "run_id": run.id,
            "position": position,
            "step": f"step-{position}",
            "task": "m:t",
            "status": status,
            "key": digest("key", position),
            "reason": Reason(cause=Cause.FIRST, text="It never ran before."),
            "outputs": tuple(Output(name=f"o{i}", digest=a.digest) for i, a in enumerate(outputs)),
            "code": CODE.digest,
            "finished_at": run.started_at + timedelta(seconds=position),
        }
        execution = Execution(**(values | fields))
        self.catalog.commit(Batch(artifacts=tuple(outputs), codes=(CODE,), executions=(execution,)))
        return execution

    def reuse(self, run: RunRecord, origin: Execution, position: int, **fields: Any) -> Execution:
        return self.step(
            run,
            position,
            **{
                "status": ExecutionStatus.REUSED,
                "key": origin.key,
                "reused_from": origin.id,
                "reason": Reason(cause=Cause.UNCHANGED, text="Nothing changed."),
                **fields,
            },
        )

    def metric(self, execution: int, key: str, last: float, **labels: str) -> None:
        summary = MetricSummary(
            execution_id=execution, key=key, labels=labels, last=last, min=last, max=last, count=1
        )
        self.catalog.commit(Batch(metrics=(summary,)))

    def finish(self, run: RunRecord, status: RunStatus = RunStatus.FINISHED) -> None:
        self.catalog.finish_run(
            run.number, status=status, finished_at=run.started_at + timedelta(seconds=30)
        )


@pytest.fixture
def write(catalog: Catalog) -> Writer:
    return Writer(catalog)


@pytest.fixture
def made() -> Callable[..., Artifact]:
    return artifact
