"""The process that replays: loads the pipeline, runs it as recorded, compares what came of it.

It runs where the laid-out code lies, so values whose classes are the project's own can be
loaded here, and only here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lineal.digests.digest import unique_digest
from lineal.errors import BlobMissing, LinealError, StoreUnwritable, UserError
from lineal.pipeline import Pipeline
from lineal.planning import Policy
from lineal.records import Artifact, ExecutionStatus, Prior, RunRecord
from lineal.running import RunOptions, Services, Silent
from lineal.running.launch import run_pipeline

from .comparing import compare_outputs
from .entry import bound, close_the_path, load_entry
from .fixing import fixed
from .job import Done, Job

Parse = Callable[[Pipeline[..., Any], Sequence[str]], dict[str, Any]]
"""Gives parameters from ``name=value`` texts."""
DONE = (ExecutionStatus.EXECUTED, ExecutionStatus.REUSED)


class _Watching(Silent):
    """Learns the id of the run as soon as it has one."""

    run_id: str | None = None

    def begun(self, run_id: str, number: int, name: str) -> None:  # noqa: ARG002
        """Note the id."""
        self.run_id = run_id


def work(services: Services, job: Job, parse: Parse) -> Done:
    """Do a job; whatever goes wrong is told, not raised."""
    watching = _Watching()
    with fixed(Path(job.root), clock=job.clock, entropy=job.entropy, in_turn=job.in_turn):
        return _work(services, job, parse, watching)


def _work(services: Services, job: Job, parse: Parse, watching: _Watching) -> Done:
    try:
        if job.isolated:
            close_the_path(Path(job.root))
        record = services.catalog.run(job.run)
        pipeline = load_entry(record, Path(job.root))
        arguments = _arguments(services, record, job, parse, pipeline)
        options = RunOptions(
            runner=job.runner,
            workers=job.workers,
            keep_going=True,
            policy=Policy(no_cache=True, pinned=_pinned(services, record, job)),
            seed=record.seed,
            name=job.name,
            experiment=record.experiment,
            tags=job.tags,
            echo=False,
            observer=watching,
            outside=_Outside(services, record, job),
            naming=False,
        )
        error = None
        try:
            run_pipeline(services, pipeline, arguments, options)
        except LinealError as problem:
            if watching.run_id is None:
                raise
            error = str(problem)  # the run is recorded as failed, with its steps
        assert watching.run_id is not None
        again = services.catalog.run(watching.run_id)
        before = services.catalog.run(job.against) if job.against else record
        differences = compare_outputs(services, before, again, job.tolerance)
    except LinealError as problem:
        mistake = isinstance(problem, UserError | StoreUnwritable)
        return Done(run=watching.run_id, error=str(problem), mistake=mistake)
    except Exception as problem:  # noqa: BLE001 - importing the code runs it
        told = f"The code can't be loaded: {type(problem).__name__}: {problem}."
        return Done(run=watching.run_id, error=told)
    return Done(run=again.id, error=error or again.error, differences=differences)


def _arguments(
    services: Services, record: RunRecord, job: Job, parse: Parse, pipeline: Pipeline[..., Any]
) -> dict[str, Any]:
    assert record.code is not None
    given = {name: _from_here(value, job) for name, value in parse(pipeline, job.params).items()}
    for name, artifact in record.code.arguments.items():
        if name not in given:
            given[name] = _recorded(services, record, name, artifact, job)
    return bound(pipeline, given)


def _recorded(
    services: Services, record: RunRecord, name: str, artifact: Artifact, job: Job
) -> Any:
    path = artifact.kind in ("file", "tree")
    if path and job.data == "current":
        return Path(job.asked_from, record.params[name])
    if artifact.stored is not None:
        return services.values.load(artifact)
    if artifact.type.rpartition(".")[2].endswith("Path"):
        return Path(record.params[name])  # it named nothing then, either
    raise BlobMissing(
        f"The argument {name!r} of run #{record.number} ({artifact.type}) was not kept; give"
        f" another with -p {name}=VALUE."
    )


def _from_here(value: Any, job: Job) -> Any:
    return Path(job.asked_from, value) if isinstance(value, Path) else value


class _Outside:
    """Where paths lead that the body of the pipeline names itself."""

    def __init__(self, services: Services, record: RunRecord, job: Job) -> None:
        self._services = services
        self._job = job
        self._digests = {
            given.value: given.digest
            for execution in record.executions
            for given in execution.inputs
            if given.source is None and given.value is not None
        }

    def __call__(self, path: Path) -> Path:
        """The same content, from the store; or where it lies today, when that is asked for."""
        if self._job.data == "current":
            return Path(self._job.asked_from, path)
        digest = self._digests.get(path.as_posix())
        artifact = self._services.catalog.artifacts([digest]).get(digest) if digest else None
        if artifact is None or artifact.kind not in ("file", "tree"):
            return path
        found: Path = self._services.values.load(artifact)
        return found


def _pinned(services: Services, record: RunRecord, job: Job) -> dict[str, Prior]:
    """The recorded executions that stand for the steps that were not asked for."""
    if job.steps is None:
        return {}
    chosen = chosen_steps(record, job.steps)
    return {
        execution.step: Prior(
            execution_id=execution.reused_from or execution.id,
            run_id=services.catalog.run((execution.reused_from or execution.id) >> 24).id,
            key=execution.key or unique_digest(),
            outputs=execution.outputs,
            finished_at=execution.finished_at or datetime.now(UTC),
            seed=execution.seed,
            seed_used=execution.seed_used,
            kept=True,
        )
        for execution in record.executions
        if execution.position and execution.step not in chosen and execution.status in DONE
    }


def chosen_steps(record: RunRecord, wanted: Sequence[str]) -> set[str]:
    """The steps that names stand for: a step's own, its map's, or its task's.

    Raises:
        UserError: a name stands for none.
    """
    chosen: set[str] = set()
    steps = [e for e in record.executions if e.position]
    for name in wanted:
        found = {
            e.step
            for e in steps
            if name in (e.step, e.step.partition("[")[0], e.task.rpartition(":")[2])
        }
        if not found:
            known = ", ".join(e.step for e in steps[:20])
            raise UserError(f"Run #{record.number} has no step {name!r}; it has {known}.")
        chosen |= found
    return chosen
