"""Keeping a report: an artifact of the replay's own run, made from the outputs it compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from lineal.catalog import Batch
from lineal.digests.canonical import identify
from lineal.records import (
    REPLAY_OF,
    Cause,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Reason,
    RunRecord,
    execution_id,
)
from lineal.running import Services, to_json

from .report import STEP, Report


def record_report(
    services: Services, before: RunRecord, after: RunRecord, report: Report
) -> Output:
    """Write the report as one more execution of the replay.

    Lineage leads from it to the outputs of both runs.
    """
    return keep_report(
        services,
        json.dumps(to_json(report), indent=2, ensure_ascii=False),
        step=STEP,
        task=f"{__name__}:{record_report.__name__}",
        run=after,
        about={"recorded": before, "replayed": after},
        tags={REPLAY_OF: before.id, "lineal.verdict": report.verdict.value},
    )


def keep_report(
    services: Services,
    text: str,
    *,
    step: str,
    task: str,
    run: RunRecord,
    about: Mapping[str, RunRecord],
    tags: Mapping[str, str],
) -> Output:
    """Keep a report as one more execution of a run that has ended.

    Args:
        services: Where to.
        text: The report.
        step: What the execution is called.
        task: What it is an execution of.
        run: The run that it is added to.
        about: Runs whose outputs the report was made from, by what they are to it.
        tags: The execution's.
    """
    artifact = services.values.save(text, identify(text))
    services.values.sync()
    inputs = [
        Input(name=f"{name}.{execution.step}.{output.name}", digest=output.digest)
        for name, source in about.items()
        for execution in source.executions
        if execution.position
        for output in execution.outputs
    ]
    position = max((e.position for e in run.executions), default=0) + 1
    now = datetime.now(UTC)
    output = Output(name="report", digest=artifact.digest)
    execution = Execution(
        id=execution_id(run.number, position),
        run_id=run.id,
        position=position,
        step=step,
        task=task,
        status=ExecutionStatus.EXECUTED,
        key=None,
        reason=Reason(cause=Cause.UNCACHEABLE, text="It is judged when all has been run."),
        inputs=tuple(inputs),
        outputs=(output,),
        started_at=now,
        finished_at=now,
        tags=tags,
    )
    services.catalog.commit(Batch(artifacts=(artifact,), executions=(execution,)))
    return output
