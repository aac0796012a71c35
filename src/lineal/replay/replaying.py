"""Replaying a run: lay out its code, run it in a fresh process, judge it, find out why."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from lineal.errors import UserError
from lineal.records import REPLAY_OF, Environment, RunRecord
from lineal.running import Services
from lineal.running.sources import project_root

from .causes import changed_inputs, environment_differences, recorded_causes
from .child import chosen_steps
from .environments import build, environment_of
from .job import Done, Job, Tolerance
from .judging import judge
from .layout import code_of
from .probing import outputs_of, probe
from .processes import Stage, scratch
from .recording import record_report
from .report import Report, StepReport, Verdict, worst

RECORDED, CURRENT = "recorded", "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What whoever replays can ask for."""

    steps: tuple[str, ...] | None = None
    """Only these, from recorded inputs."""
    env: str = CURRENT
    """recorded or current: where the steps are run."""
    code: str = RECORDED
    """recorded or current: what is run."""
    data: str = RECORDED
    """recorded or current: what paths outside hold."""
    params: tuple[str, ...] = ()
    """``name=value`` texts: parameters to be otherwise."""
    times: int = 1
    tolerance: Tolerance = field(default_factory=Tolerance)
    workers: int | None = None
    runner: str = "threads"
    probe: bool = True
    """Whether a step whose difference the records don't explain is run again to learn why."""

    def __post_init__(self) -> None:
        for name in ("env", "code", "data"):
            if getattr(self, name) not in (RECORDED, CURRENT):
                raise UserError(
                    f"--{name} {getattr(self, name)!r} can't be; choose {RECORDED} or {CURRENT}."
                )
        if self.times < 1:
            raise UserError(f"--times {self.times} can't be; replay at least once.")


def replay(
    services: Services, record: RunRecord, asked: Asked, settings: Mapping[str, str]
) -> Report:
    """Run a past run again and compare every output.

    Args:
        services: Where it is recorded, and where the replay will be.
        record: The run.
        asked: How.
        settings: Variables that name the store to another process.

    Raises:
        UserError: the run can't be replayed, or not like this.
        StoreError: its code, or an argument, is gone.
        ReplayFailed: the process that replays broke down.
    """
    code_of(record)
    chosen = None if asked.steps is None else chosen_steps(record, asked.steps)
    environment = environment_of(services, record)
    with _stage(services, record, asked, environment, settings) as (stage, notes):
        job = _job(record, asked)
        done = [stage.play(job) for _ in range(asked.times)]
        replays = [(services.catalog.run(d.run) if d.run else None, d) for d in done]
        steps = judge(record, replays, chosen)
        steps = _explained(stage, job, asked, steps, replays)
    again = next((after for after, _ in replays if after is not None), None)
    report = Report(
        run=record.id,
        number=record.number,
        name=record.name,
        replays=tuple(after.number for after, _ in replays if after is not None),
        asked=_asked(asked),
        verdict=worst([step.verdict for step in steps]),
        steps=tuple(steps),
        environment=tuple(
            environment_differences(environment, environment_of(services, again) if again else None)
        ),
        notes=(*notes, *_notes(record, environment, done)),
    )
    if again is not None:
        record_report(services, record, again, report)
    return report


@contextmanager
def _stage(
    services: Services,
    record: RunRecord,
    asked: Asked,
    environment: Environment | None,
    settings: Mapping[str, str],
) -> Iterator[tuple[Stage, list[str]]]:
    stage = Stage(
        services=services,
        record=record,
        environment=environment,
        folder=Path(),
        settings={**settings},
    )
    notes: list[str] = []
    if asked.env == RECORDED:
        if environment is None:
            raise UserError(f"The environment of run #{record.number} is not recorded.")
        built = build(environment)
        stage = replace(stage, python=str(built.python))
        notes += built.notes
    if asked.code == CURRENT:
        yield replace(stage, folder=project_root(Path.cwd())), notes
        return
    with scratch(services, record) as folder:
        yield replace(stage, folder=folder), notes


def _job(record: RunRecord, asked: Asked) -> Job:
    return Job(
        run=record.id,
        root="",
        asked_from=os.getcwd(),  # noqa: PTH109 - as text
        steps=asked.steps,
        data=asked.data,
        params=asked.params,
        isolated=asked.code == RECORDED,
        workers=asked.workers,
        runner=asked.runner,
        name=f"{record.name}-replay",
        tags={REPLAY_OF: record.id},
        tolerance=asked.tolerance,
    )


def _explained(
    stage: Stage,
    job: Job,
    asked: Asked,
    steps: list[StepReport],
    replays: list[tuple[RunRecord | None, Done]],
) -> list[StepReport]:
    """The verdicts with their causes; the first divergence is marked, and probed if need be."""
    told: list[StepReport] = []
    first_found = False
    for step in steps:
        if step.verdict not in (Verdict.DIFFERENT, Verdict.EQUIVALENT):
            told.append(step)
            continue
        first = not first_found and step.verdict is Verdict.DIFFERENT
        first_found = first_found or first
        causes = _causes(stage, job, asked, step.step, first, replays)
        told.append(replace(step, first=first, causes=tuple(causes)))
    return told


def _causes(
    stage: Stage,
    job: Job,
    asked: Asked,
    step: str,
    first: bool,
    replays: list[tuple[RunRecord | None, Done]],
) -> list[str]:
    before = stage.record
    recorded = outputs_of(before, step)
    after = next(
        (run for run, _ in replays if run is not None and outputs_of(run, step) != recorded), None
    )
    if after is None:
        return []
    old, new = (next(e for e in run.executions if e.step == step) for run in (before, after))
    causes = recorded_causes(stage.services.catalog, old, new, before, after)
    above = changed_inputs(old, new)
    if above:
        causes += [f"upstream: {name} gave it something else" for name in dict.fromkeys(above)]
    if causes:
        return causes
    if first and asked.probe and new.outputs:
        causes = probe(stage, job, step, outputs_of(after, step), recorded)
    here = environment_of(stage.services, after)
    return (
        causes
        or environment_differences(stage.environment, here)[:3]
        or ["not found: all that is recorded is the same, and here it comes out alike each time"]
    )


def _asked(asked: Asked) -> dict[str, object]:
    return {
        "code": asked.code,
        "data": asked.data,
        "env": asked.env,
        "params": list(asked.params),
        "steps": None if asked.steps is None else list(asked.steps),
        "times": asked.times,
        "tolerance": str(asked.tolerance),
    }


def _notes(record: RunRecord, environment: Environment | None, done: list[Done]) -> Iterator[str]:
    seed = environment.variables.get("PYTHONHASHSEED", "") if environment is not None else ""
    if not seed.isdigit():
        yield "PYTHONHASHSEED was not set when it was recorded; the replay sets it to 0."
    if record.code is not None and record.code.git_commit:
        changed = " with changes" if record.code.git_dirty else ""
        yield f"The recorded code is commit {record.code.git_commit[:12]}{changed}."
    for error in dict.fromkeys(d.error for d in done if d.error):
        yield f"The replay's run did not finish: {error.strip().splitlines()[-1]}"
