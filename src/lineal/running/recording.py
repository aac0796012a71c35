"""Turning what happened to a step into the entry that the recorder writes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from typing import Any

from lineal.digests.digest import Digest
from lineal.digests.identity import ValueIdentity
from lineal.errors import LinealError, StepFailed
from lineal.pipeline.graph import Literal, StepNode
from lineal.planning import Reuse
from lineal.recorder import Entry
from lineal.records import (
    Execution,
    ExecutionStatus,
    Key,
    Output,
    Prior,
    Reason,
    execution_id,
)

from .deciding import Decided
from .execute import Outcome, own_traceback, unidentified


def outcome_of(step: str, future: Future[Outcome]) -> Outcome:
    """How an execution went, also where the runner itself failed."""
    try:
        return future.result()
    except (BrokenProcessPool, CancelledError):
        return Outcome(
            error=StepFailed(
                f"The process that executed {step!r} went away; it may have been killed for"
                " using too much memory. Run again to go on from there."
            )
        )
    except LinealError as error:
        return Outcome(error=error)
    except BaseException as error:  # noqa: BLE001 - ours, so loud: the traceback is recorded
        failed = StepFailed(f"The step {step!r} could not be executed: {error!r}")
        failed.__cause__ = error
        return Outcome(error=failed, traceback=own_traceback(error))


def entry_of_reuse(decided: Decided, run_id: str, run_number: int) -> Entry:
    """A step whose outputs a past execution stands for."""
    decision = decided.decision
    assert isinstance(decision, Reuse)
    node = decided.node
    return Entry(
        execution=Execution(
            id=execution_id(run_number, node.position),
            run_id=run_id,
            position=node.position,
            step=node.name,
            task=node.task.qualified_name,
            status=ExecutionStatus.REUSED,
            key=decision.prior.key,
            reason=decision.reason,
            inputs=(*decided.inputs, *decision.prior.observed),
            outputs=decision.prior.outputs,
            code=decided.code.digest if decided.code else None,
            version=node.task.options.version,
            reused_from=decision.prior.execution_id,
            attempts=0,
            seed=decision.prior.seed,
            seed_used=decision.prior.seed_used,
        )
    )


def entry_of_outcome(
    decided: Decided,
    outcome: Outcome,
    run_id: str,
    run_number: int,
    identity_of: Callable[[Any, Digest], ValueIdentity],
) -> Entry:
    """A step that was executed, with the values it brings along."""
    persist = decided.node.task.options.persist
    outside = [
        (leaf, given)
        for (_, leaf), given in zip(decided.node.leaves, decided.inputs, strict=True)
        if isinstance(leaf, Literal)
        and leaf.source is None
        and not given.ignored
        and (given.value is None or _is_path(leaf))
    ]
    at_hand = [(p.value, p.identity) for p in outcome.outputs if p.artifact is None]
    return Entry(
        execution=_execution(decided, outcome, ExecutionStatus.EXECUTED, run_id, run_number),
        inputs=[(x.value, identity_of(x.value, x.digest)) for x, _ in outside if x.digest],
        values=at_hand if persist else (),
        described=[
            *(unidentified(x.value, given.digest) for x, given in outside if not x.digest),
            *(identity for _, identity in at_hand if not persist),
        ],
        artifacts=[p.artifact for p in outcome.outputs if p.artifact is not None],
        code=decided.code,
    )


def entry_of_failure(decided: Decided, outcome: Outcome, run_id: str, run_number: int) -> Entry:
    """A step that did not succeed."""
    return Entry(
        execution=_execution(decided, outcome, ExecutionStatus.FAILED, run_id, run_number),
        code=decided.code,
    )


def entry_of_skip(node: StepNode, reason: Reason, run_id: str, run_number: int) -> Entry:
    """A step that was not run."""
    return Entry(
        execution=Execution(
            id=execution_id(run_number, node.position),
            run_id=run_id,
            position=node.position,
            step=node.name,
            task=node.task.qualified_name,
            status=ExecutionStatus.SKIPPED,
            key=None,
            reason=reason,
            attempts=0,
        )
    )


def prior_of(execution: Execution, key: Key) -> Prior:
    """An execution of this run as later steps of it may find it."""
    return Prior(
        execution_id=execution.id,
        run_id=execution.run_id,
        key=key.digest,
        outputs=execution.outputs,
        finished_at=execution.finished_at or datetime.now(UTC),
        seed=execution.seed,
        seed_used=execution.seed_used,
        kept=True,
        observed=tuple(given for given in execution.inputs if given.observed),
    )


def _execution(
    decided: Decided, outcome: Outcome, status: ExecutionStatus, run_id: str, run_number: int
) -> Execution:
    node = decided.node
    return Execution(
        id=execution_id(run_number, node.position),
        run_id=run_id,
        position=node.position,
        step=node.name,
        task=node.task.qualified_name,
        status=status,
        key=decided.key.digest if decided.key else None,
        reason=decided.decision.reason,
        inputs=(*decided.inputs, *outcome.observed),
        outputs=tuple(Output(name=p.name, digest=p.identity.digest) for p in outcome.outputs),
        code=decided.code.digest if decided.code else None,
        version=node.task.options.version,
        started_at=_time(outcome.started),
        finished_at=_time(outcome.finished),
        resources=outcome.resources,
        attempts=outcome.attempts,
        seed=decided.seed,
        seed_used=outcome.seed_used,
        log=outcome.log,
        error=None if outcome.error is None else outcome.traceback or str(outcome.error),
        params=outcome.params,
        tags=outcome.tags,
    )


def _time(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _is_path(leaf: Literal) -> bool:
    from pathlib import Path

    return isinstance(leaf.value, Path)
