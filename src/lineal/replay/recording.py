"""Keeping a report: an artifact of the replay's own run, made from the outputs it compares."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from lineal.catalog import Batch
from lineal.digests.canonical import identify
from lineal.records import (
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
    text = json.dumps(to_json(report), indent=2, ensure_ascii=False)
    artifact = services.values.save(text, identify(text))
    services.values.sync()
    inputs = [
        Input(name=f"{name}.{execution.step}.{output.name}", digest=output.digest)
        for name, run in (("recorded", before), ("replayed", after))
        for execution in run.executions
        if execution.position
        for output in execution.outputs
    ]
    position = max((e.position for e in after.executions), default=0) + 1
    now = datetime.now(UTC)
    output = Output(name="report", digest=artifact.digest)
    execution = Execution(
        id=execution_id(after.number, position),
        run_id=after.id,
        position=position,
        step=STEP,
        task=f"{__name__}:{record_report.__name__}",
        status=ExecutionStatus.EXECUTED,
        key=None,
        reason=Reason(cause=Cause.UNCACHEABLE, text="A replay is judged when it has ended."),
        inputs=tuple(inputs),
        outputs=(output,),
        started_at=now,
        finished_at=now,
        tags={"lineal.replay_of": before.id, "lineal.verdict": report.verdict.value},
    )
    services.catalog.commit(Batch(artifacts=(artifact,), executions=(execution,)))
    return output
