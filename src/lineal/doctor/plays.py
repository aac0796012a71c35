"""Running steps under a condition, and what came of it, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lineal.digests.digest import Digest
from lineal.records import Execution, ExecutionStatus, RunRecord
from lineal.replay.job import Done, Job
from lineal.replay.processes import Stage

from .conditions import Condition


class Progress(Protocol):
    """Is told how an examination goes; must not raise."""

    def playing(self, condition: str, steps: int) -> None:
        """Steps are about to be run under a condition."""


class Quiet:
    """Is told, and says nothing."""

    def playing(self, condition: str, steps: int) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """Some steps, run once in a process of their own."""

    condition: Condition
    record: RunRecord | None
    """The run; None when it could not even begin."""
    done: Done
    executions: Mapping[str, Execution] = field(default_factory=dict)

    def ran(self, step: str) -> bool:
        """Whether a step was executed and succeeded."""
        execution = self.executions.get(step)
        return execution is not None and execution.status is ExecutionStatus.EXECUTED

    def given(self, step: str) -> dict[str, Digest]:
        """What a step was given that decides its result."""
        inputs = self.executions[step].inputs
        return {i.name: i.digest for i in inputs if not (i.observed or i.ignored)}

    def outputs(self, step: str) -> dict[str, Digest]:
        """What a step gave, as far as it has an identity."""
        outputs = self.executions[step].outputs
        return {o.name: o.digest for o in outputs if not o.digest.startswith("unique:")}

    def differences(self, step: str) -> dict[str, Any]:
        """How its values differ from those of the first play."""
        return self.done.differences.get(step, {})


class Player:
    """Runs steps of one run, each time in a fresh process.

    Args:
        stage: Where.
        job: What to do, but for the steps and the condition.
        progress: Is told.
    """

    def __init__(self, stage: Stage, job: Job, progress: Progress) -> None:
        self._stage = stage
        self._job = job
        self._progress = progress

    def play(
        self, steps: tuple[str, ...], condition: Condition, against: Play | None = None
    ) -> Play:
        """Run some steps, the others taken as they were recorded."""
        from dataclasses import replace

        self._progress.playing(condition.told, len(steps))
        first = against.record.id if against is not None and against.record is not None else None
        job = replace(condition.of(self._job), steps=steps, against=first)
        done = self._stage.play(job, condition.variables)
        record = self._stage.services.catalog.run(done.run) if done.run else None
        executions = {e.step: e for e in record.executions} if record is not None else {}
        return Play(condition=condition, record=record, done=done, executions=executions)
