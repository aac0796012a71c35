"""Judging a replay: each step's verdict, from the two records and how values differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineal.records import Execution, ExecutionStatus, RunRecord

from .job import Done
from .report import STEP, StepReport, Verdict, worst

DONE = (ExecutionStatus.EXECUTED, ExecutionStatus.REUSED)


def judge(
    before: RunRecord,
    replays: Sequence[tuple[RunRecord | None, Done]],
    chosen: set[str] | None,
) -> list[StepReport]:
    """The verdict on every step, the worst of all replays, in the order of the graph.

    Args:
        before: The recorded run.
        replays: What each replay recorded, and how values differ.
        chosen: The steps that were replayed; None for all.
    """
    told = []
    for old in before.executions:
        if not old.position or old.step == STEP:
            continue
        if chosen is not None and old.step not in chosen:
            continue
        each = [_judge_one(old, after, done) for after, done in replays]
        verdict = worst([one.verdict for one in each])
        told.append(next(one for one in each if one.verdict is verdict))
    return told


def _judge_one(old: Execution, after: RunRecord | None, done: Done) -> StepReport:
    new = next((e for e in after.executions if e.step == old.step), None) if after else None
    if new is None:
        why = done.error or "The replay did not come to declare it."
        return StepReport(step=old.step, verdict=Verdict.NOT_RUN, why=_line(why))
    if old.status not in DONE:
        return _judge_failed(old, new)
    if new.status is ExecutionStatus.SKIPPED:
        return StepReport(step=old.step, verdict=Verdict.NOT_RUN, why=new.reason.text)
    if new.status is ExecutionStatus.FAILED:
        return _judge_broken(old, new)
    return _judge_outputs(old, new, done.differences.get(old.step, {}))


def _judge_failed(old: Execution, new: Execution) -> StepReport:
    """A step that did not succeed when it was recorded."""
    alike = old.status is new.status and _line(old.error or "") == _line(new.error or "")
    if old.status is ExecutionStatus.SKIPPED:
        why = "It was not run when it was recorded, either." if alike else "It was not run before."
        return StepReport(step=old.step, verdict=Verdict.NOT_RUN, why=why)
    if alike:
        return StepReport(
            step=old.step,
            verdict=Verdict.IDENTICAL,
            why=f"It failed as recorded: {_line(old.error or '')}",
        )
    why = f"It failed when recorded ({_line(old.error or '')}) and {new.status.value} now."
    return StepReport(step=old.step, verdict=Verdict.DIFFERENT, why=why)


def _judge_broken(old: Execution, new: Execution) -> StepReport:
    line = _line(new.error or "")
    gone = "BlobMissing" in line or "were not kept" in line or "not in the store" in line
    return StepReport(
        step=old.step,
        verdict=Verdict.NOT_RUN if gone else Verdict.DIFFERENT,
        why=f"Bytes that it needs are gone: {line}" if gone else f"It failed: {line}",
    )


def _judge_outputs(
    old: Execution, new: Execution, differences: Mapping[str, Mapping[str, Any]]
) -> StepReport:
    names = {output.name: output.digest for output in new.outputs}
    missing = [output.name for output in old.outputs if output.name not in names]
    if missing or len(names) != len(old.outputs):
        odd = sorted(set(names) ^ {output.name for output in old.outputs})
        return StepReport(
            step=old.step,
            verdict=Verdict.DIFFERENT,
            why=f"These outputs are in one of the runs only: {', '.join(odd)}.",
        )
    apart = [output for output in old.outputs if names[output.name] != output.digest]
    if not apart:
        return StepReport(step=old.step, verdict=Verdict.IDENTICAL)
    found = {o.name: differences[o.name] for o in apart if o.name in differences}
    summary = "; ".join(f"{name}: {found[name]['summary']}" for name in found)
    if all(o.digest.startswith("unique:") for o in apart) and not any(
        f["comparable"] for f in found.values()
    ):
        why = "Its output has no identity of its own, so nothing can be proved of it."
        return StepReport(step=old.step, verdict=Verdict.NOT_RUN, why=why)
    within = len(found) == len(apart) and all(f["within"] for f in found.values())
    return StepReport(
        step=old.step,
        verdict=Verdict.EQUIVALENT if within else Verdict.DIFFERENT,
        why=summary or "Its digest differs.",
        outputs=found,
    )


def _line(error: str) -> str:
    """The last line of a traceback: what was raised."""
    lines = [line.strip() for line in error.strip().splitlines() if line.strip()]
    return lines[-1] if lines else ""
