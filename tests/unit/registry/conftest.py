"""A registry over a catalog that holds one finished run with some models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from lineal.catalog import Batch, Catalog
from lineal.digests.digest import combine
from lineal.records import (
    Artifact,
    Cause,
    CodeIdentity,
    Execution,
    ExecutionStatus,
    JudgedMetric,
    ModelVersion,
    Output,
    Reason,
    RunRecord,
    RunStatus,
    execution_id,
)
from lineal.registry import Registry

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
Candidate = Callable[..., ModelVersion]


@pytest.fixture
def registry(catalog: Catalog) -> Registry:
    return Registry(catalog, user="ann")


@pytest.fixture
def candidate(catalog: Catalog) -> Candidate:
    """Makes a recorded model that is not registered yet; each has other content."""
    run = RunRecord(
        id="0" * 32, number=0, name="r", experiment="e", pipeline="m:p",
        status=RunStatus.RUNNING, started_at=NOW,
    )  # fmt: skip
    number = catalog.begin_run(run)
    catalog.finish_run(number, status=RunStatus.FINISHED, finished_at=NOW)
    made = iter(range(1, 1000))

    def make(name: str = "fraud", **metrics: float) -> ModelVersion:
        position = next(made)
        digest = combine("model", [str(position)])
        code = CodeIdentity(
            digest=combine("code", []), components={}, distributions={}, files=(), warnings=()
        )
        execution = Execution(
            id=execution_id(number, position), run_id=run.id, position=position, step="fit",
            task="m:fit", status=ExecutionStatus.EXECUTED, key=None, code=code.digest,
            reason=Reason(cause=Cause.FIRST, text=""),
            outputs=(Output(name="result", digest=digest),),
        )  # fmt: skip
        artifact = Artifact(digest=digest, kind="model", type="m:Model")
        catalog.commit(Batch(artifacts=(artifact,), codes=(code,), executions=(execution,)))
        return ModelVersion(
            model=name, version=0, artifact=digest, execution_id=execution.id, run_id=run.id,
            run_number=number, output="result", created_at=NOW, created_by="",
            metrics=tuple(
                JudgedMetric(key=key, value=value, execution_id=execution.id)
                for key, value in metrics.items()
            ),
        )  # fmt: skip

    return make
