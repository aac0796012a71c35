"""Examining a run: each step from its recorded inputs, under one condition after the other.

In a round, steps are run in one process per condition. Those below a step that moved were
given something else then, and come again in the next round, where that step is taken as it
was recorded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lineal.errors import UserError
from lineal.records import Environment, Execution, ExecutionStatus, RunRecord
from lineal.replay.apart import Apart, apart
from lineal.replay.child import chosen_steps
from lineal.replay.environments import environment_of
from lineal.replay.job import Job, Tolerance
from lineal.replay.layout import code_of
from lineal.replay.processes import Stage, scratch
from lineal.running import Services
from lineal.running.laying_out import inside

from . import causes
from .comparing import Finding, alike, compare, steady
from .conditions import (
    CLOCK,
    ENTROPY,
    EQUAL,
    Condition,
    all_fixed,
    other_hash_seed,
    other_threads,
)
from .evidence import evidence_in
from .plays import Play, Player, Progress, Quiet
from .recording import record_diagnosis
from .report import STEP, Diagnosis, Evidence, Kind, StepDiagnosis, Verdict

_ROUNDING = Tolerance(rtol=1e-12, atol=1e-15)
_DONE = (ExecutionStatus.EXECUTED, ExecutionStatus.REUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What whoever examines can ask for."""

    steps: tuple[str, ...] | None = None
    """Only these."""
    times: int = 2
    """How often each step is run with everything equal, and with one thing held fixed."""
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.times < 2:
            raise UserError(f"--times {self.times} can't be; run each step at least twice.")


def examine(
    services: Services,
    record: RunRecord,
    asked: Asked,
    settings: Mapping[str, str],
    progress: Progress | None = None,
) -> Diagnosis:
    """Run the steps of a past run several times, and say which differ and why.

    What is run is kept in a store apart. The report alone is recorded, as a run of its own.

    Args:
        services: Where the run is recorded.
        record: The run.
        asked: How.
        settings: Variables that name the store to another process.
        progress: Is told of each process before it is started.

    Raises:
        UserError: the run can't be run again, or has no such step.
        StoreError: its code, or an argument, is gone.
        ReplayFailed: a process broke down.
    """
    code_of(record)
    chosen = _chosen(record, asked)
    with apart(services, record) as aside, scratch(services, record) as folder:
        environment = environment_of(services, record)
        stage = Stage(
            services=aside.services,
            record=aside.record,
            environment=environment,
            folder=folder,
            settings={**settings, **aside.settings},
        )
        player = Player(stage, _job(services, aside, asked), progress or Quiet())
        examination = _Examination(stage, player, asked, environment)
        examination.run(chosen)
        diagnosis = Diagnosis(
            run=record.id,
            number=record.number,
            name=record.name,
            times=asked.times,
            conditions=tuple(c.told for c in examination.conditions),
            steps=tuple(examination.told[e.step] for e in record.executions if e.step in chosen),
            notes=tuple(dict.fromkeys(examination.notes)),
        )
    return replace(diagnosis, report=record_diagnosis(services, record, diagnosis))


def _chosen(record: RunRecord, asked: Asked) -> list[str]:
    """The steps that succeeded when they were recorded, and were asked for."""
    done = [e.step for e in record.executions if e.position and e.status in _DONE]
    done = [step for step in done if step != STEP and not step.startswith("replay-report")]
    if asked.steps is None:
        if not done:
            raise UserError(f"No step of run #{record.number} has succeeded; there is none to run.")
        return done
    wanted = chosen_steps(record, asked.steps)
    if lacking := [step for step in wanted if step not in done]:
        raise UserError(f"{lacking[0]} did not succeed in run #{record.number}; fix that first.")
    return [step for step in done if step in wanted]


def _job(services: Services, aside: Apart, asked: Asked) -> Job:
    return Job(
        run=aside.record.id,
        root="",
        asked_from=os.getcwd(),  # noqa: PTH109 - as text
        workers=asked.workers,
        name=f"{aside.record.name}-doctor",
        tags={"lineal.doctor_of": aside.record.id},
        tolerance=_ROUNDING,
        borrow=str(services.root),
    )


@dataclass(slots=True)
class _Examination:
    """The rounds of one examination, and what they told so far."""

    stage: Stage
    player: Player
    asked: Asked
    environment: Environment | None
    told: dict[str, StepDiagnosis] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    """Other than everything equal."""

    def __post_init__(self) -> None:
        self.conditions = [
            other_hash_seed(self.environment), other_threads(self.environment), CLOCK,
        ]  # fmt: skip

    def run(self, steps: Sequence[str]) -> None:
        """Settle all steps, in as many rounds as it takes."""
        names = {EQUAL.name, *(condition.name for condition in self.conditions)}
        while steps:
            steps, names = self._round(tuple(steps), names)

    def _round(self, steps: tuple[str, ...], names: set[str]) -> tuple[list[str], set[str]]:
        """Run steps under some conditions; returns those to be run again, and under which."""
        first = self.player.play(steps, EQUAL)
        conditions = [EQUAL] * (self.asked.times - 1) + self.conditions
        plays = [first] + [self.player.play(steps, c, first) for c in conditions if c.name in names]
        found = {step: compare(step, plays) for step in steps}
        self._confirm(found, plays)
        self._settle_restless([s for s in steps if EQUAL.name in found[s].moved], found, plays)
        again: dict[str, Finding] = {}
        for step in steps:
            finding = found[step]
            if step in self.told:
                continue
            if finding.moved or not self._can_settle(step, steps, finding, first):
                self.told[step] = self._judged(step, finding, first)
            else:
                again[step] = finding
        return [*again], {name for finding in again.values() for name in finding.unsettled}

    def _confirm(self, found: Mapping[str, Finding], plays: Sequence[Play]) -> None:
        """Run once more what moved under one condition alone: it may have been by chance."""
        first = plays[0]
        moved = [s for s, one in found.items() if one.moved and EQUAL.name not in one.moved]
        for condition in (EQUAL, *self.conditions) if moved else ():
            before = {
                step: first if condition is EQUAL else found[step].moved[condition.name]
                for step in moved
                if condition is EQUAL or condition.name in found[step].moved
            }
            if not before:
                continue
            again = self.player.play(tuple(before), condition, first)
            for step, play in before.items():
                alike = again.ran(step) and again.given(step) == play.given(step)
                if alike and again.outputs(step) != play.outputs(step):
                    other = again if again.outputs(step) != first.outputs(step) else play
                    found[step].moved = {EQUAL.name: other}
                    moved.remove(step)

    def _can_settle(self, step: str, steps: Sequence[str], finding: Finding, play: Play) -> bool:
        """Whether what a step was given differently comes from a step of the round."""
        if not finding.unsettled:
            return False
        names = {name for names in finding.unsettled.values() for name in names}
        sources = {
            given.source.step
            for given in play.executions[step].inputs
            if given.source is not None and given.name in names
        }
        return bool(sources) and sources <= {s for s in steps if s != step}

    # Steps that differ although everything is equal

    def _settle_restless(
        self, steps: list[str], found: Mapping[str, Finding], plays: Sequence[Play]
    ) -> None:
        evidence = {step: self._evidence(plays[0].executions[step]) for step in steps}
        held = self._held(steps, evidence, plays)
        for step in steps:
            differences = found[step].moved[EQUAL.name].differences(step)
            observed = _observed(plays[0].executions[step])
            kind, why = causes.of_restless(
                {name: steady(step, made) for name, made in held.items()},
                causes.rounding_alone(differences),
                evidence[step],
                observed,
            )
            self.told[step] = StepDiagnosis(
                step=step,
                verdict=Verdict.DIFFERS,
                kind=kind,
                why=f"It differs although everything is equal: {why}.",
                conditions=(EQUAL.name,),
                outputs=differences,
                evidence=causes.in_order(evidence[step], kind),
                observed=observed,
            )

    def _held(
        self,
        steps: list[str],
        evidence: Mapping[str, list[Evidence]],
        plays: Sequence[Play],
    ) -> dict[str, list[Play]]:
        """Plays with one thing held fixed, by its name; until the code agrees on the cause."""
        seen = {step: [one.kind for one in evidence[step]] for step in steps}
        held: dict[str, list[Play]] = {}
        waiting = tuple(steps)
        for condition in (CLOCK, ENTROPY, self._in_turn()):
            if waiting:
                name, kind = condition.name, causes.KINDS[condition.name]
                held[name] = self._plays_under(condition, waiting, plays)
                done = [s for s in waiting if kind in seen[s] and steady(s, held[name])]
                waiting = tuple(s for s in waiting if s not in done)
        moving = tuple(s for s in waiting if not any(steady(s, made) for made in held.values()))
        if moving:
            every = all_fixed(self._in_turn())
            held[every.name] = self._plays_under(every, moving, ())
        return held

    def _plays_under(
        self, condition: Condition, steps: tuple[str, ...], plays: Sequence[Play]
    ) -> list[Play]:
        """As many plays as were asked for in which steps were given the same."""
        made = [play for play in plays if play.condition == condition]
        for _ in range(self.asked.times):
            made.append(self.player.play(steps, condition))
            if all(len(alike(step, made)) >= self.asked.times for step in steps):
                break
        return made

    def _in_turn(self) -> Condition:
        return replace(other_threads(None), name=causes.THREADS)

    # All others

    def _judged(self, step: str, finding: Finding, play: Play) -> StepDiagnosis:
        self._note_lost(step, finding)
        if finding.why:
            return StepDiagnosis(step=step, verdict=Verdict.NOT_RUN, why=finding.why)
        if finding.moved:
            return self._moved(step, finding, play)
        if EQUAL.name in finding.lost:
            why = f"It fails now and then, with everything equal: {finding.lost[EQUAL.name]}"
            return StepDiagnosis(step=step, verdict=Verdict.DIFFERS, why=why)
        if finding.unsettled:
            names = ", ".join(sorted({n for names in finding.unsettled.values() for n in names}))
            why = (
                f"It is given another {names} each time, by the pipeline's body or by a step whose"
                " outputs are not kept."
            )
            return StepDiagnosis(step=step, verdict=Verdict.NOT_RUN, why=why)
        return StepDiagnosis(step=step, verdict=Verdict.DETERMINISTIC)

    def _moved(self, step: str, finding: Finding, play: Play) -> StepDiagnosis:
        first = next(iter(finding.moved))
        differences = finding.moved[first].differences(step)
        evidence = self._evidence(play.executions[step])
        rounding = causes.rounding_alone(differences)
        kind, why = causes.of_moved(finding.moved, rounding, evidence)
        return StepDiagnosis(
            step=step,
            verdict=Verdict.DIFFERS,
            kind=kind,
            why=f"{why[0].upper()}{why[1:]}.",
            conditions=tuple(finding.moved),
            outputs=differences,
            evidence=causes.in_order(evidence, kind),
            observed=_observed(play.executions[step]),
        )

    def _note_lost(self, step: str, finding: Finding) -> None:
        """Conditions under which a step can't be run say nothing of it."""
        for name, why in finding.lost.items():
            if name != EQUAL.name:
                self.notes.append(f"{step} could not be run with {name} otherwise: {why}")

    def _evidence(self, execution: Execution) -> list[Evidence]:
        if execution.code is None:
            return []
        code = self.stage.services.catalog.codes([execution.code]).get(execution.code)
        files = code_of(self.stage.record).files
        places = [(place, inside(self.stage.folder, place)) for place in files]
        return evidence_in(code.components, places) if code is not None else []


def _observed(execution: Execution) -> tuple[str, ...]:
    return tuple(given.name for given in execution.inputs if given.observed)


__all__ = ["Asked", "Kind", "examine"]
