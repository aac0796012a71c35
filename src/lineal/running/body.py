"""The body of a run: what is logged and returned outside any step, as execution 0."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from lineal.catalog import Catalog
from lineal.context import Points, StepContext
from lineal.digests.identity import ValueIdentity
from lineal.recorder import Entry, Recorder
from lineal.records import (
    Cause,
    Execution,
    ExecutionStatus,
    Output,
    Reason,
    RunRecord,
    execution_id,
)

from .execute import identity_of

BODY = "body"
"""The name of execution 0, beside the steps' names."""


class Body:
    """Collects what one run says outside its steps, and writes it when the run ends."""

    def __init__(self, record: RunRecord, points: Points) -> None:
        self._record = record
        self.context = StepContext(execution_id=execution_id(record.number, 0), points=points)
        self._values: list[tuple[str, Any, ValueIdentity]] = []

    def keep(self, name: str, value: Any) -> Output:
        """Have a value recorded as the body's own output."""
        identity = identity_of(value)
        self._values.append((name, value, identity))
        return Output(name=name, digest=identity.digest)

    def write(self, recorder: Recorder, catalog: Catalog, *, always: bool = False) -> RunRecord:
        """Record it, if there is anything.

        Returns the run's record with the tags and parameters that were logged, and with
        the body's execution when there is one.
        """
        context, record = self.context, self._record
        record = replace(
            record,
            params={**record.params, **context.params},
            tags={**record.tags, **context.tags},
        )
        for name, value in context.artifacts:
            self.keep(name, value)
        if context.params:
            catalog.set_params(record.number, context.params)
        if context.tags:
            catalog.set_tags(record.number, context.tags)
        if not (always or self._values or context.log):
            return record
        execution = Execution(
            id=context.execution_id,
            run_id=record.id,
            position=0,
            step=BODY,
            task=record.pipeline or "",
            status=ExecutionStatus.EXECUTED,
            key=None,
            reason=Reason(cause=Cause.UNCACHEABLE, text="The body of a run always runs."),
            outputs=tuple(Output(name=n, digest=i.digest) for n, _, i in self._values),
            started_at=record.started_at,
            finished_at=datetime.now(UTC),
            log="".join(context.log),
        )
        values = [(value, identity) for _, value, identity in self._values]
        recorder.record(Entry(execution=execution, values=values))
        return replace(record, executions=(execution,))
