"""The runs of jobs that a recorded run is: the pipeline's, and one of every step, reused or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from openlineage.client.event_v2 import RunState

from lineal.digests.digest import Digest
from lineal.records import (
    Artifact,
    DatasetVersion,
    Execution,
    ExecutionStatus,
    Input,
    RunRecord,
    RunStatus,
)

from .telling import Data, JobRun, run_uuid, step_uuid

_ENDED = {
    RunStatus.FINISHED: RunState.COMPLETE,
    RunStatus.FAILED: RunState.FAIL,
    RunStatus.CANCELLED: RunState.ABORT,
    RunStatus.LOST: RunState.ABORT,
}
_FILES = ("file", "tree")


_OURS = "lineal."
"""How tags of executions begin that are no person's."""


def jobs_of_run(
    run: RunRecord,
    artifacts: Mapping[Digest, Artifact],
    datasets: Mapping[Digest, DatasetVersion],
    origins: Mapping[int, tuple[str, str]],
) -> Iterator[JobRun]:
    """A run, then its executions by position.

    Args:
        run: With its executions.
        artifacts: Those that its executions were given and gave.
        datasets: The versions of datasets that some of them are.
        origins: By id of an execution that was reused: the id of its run, and its step.
    """
    values = _Values(artifacts, datasets)
    id_, job = run_uuid(run.id), run.pipeline or run.name
    yield JobRun(
        id=id_,
        job=job,
        started=run.started_at,
        ended=run.finished_at,
        state=_ENDED.get(run.status),
        kind="DAG",
        params=run.params,
        tags=list(_said(run.tags)),
        error=run.error,
    )
    for execution in run.executions:
        told = _execution(run, execution, values, origins)
        if told is not None:
            yield told


def _execution(
    run: RunRecord, execution: Execution, values: _Values, origins: Mapping[int, tuple[str, str]]
) -> JobRun | None:
    """One execution; None for a step that was skipped, which never began."""
    reused = execution.status is ExecutionStatus.REUSED
    # That a step was reused took no time, and when it was decided is not recorded.
    started = run.started_at if reused else execution.started_at
    if started is None:
        return None
    failed = execution.status is ExecutionStatus.FAILED
    job = run.pipeline or run.name
    return JobRun(
        id=step_uuid(run.id, execution.step),
        job=f"{job}.{execution.step}",
        started=started,
        ended=started if reused else execution.finished_at,
        state=RunState.FAIL if failed else RunState.COMPLETE,
        parent=(run_uuid(run.id), job),
        params=values.settings(execution.inputs) | dict(execution.params),
        tags=[*_reused(execution, origins), *_said(execution.tags)],
        error=execution.error,
        inputs=values.data(i.digest for i in execution.inputs if values.is_data(i)),
        outputs=values.data(output.digest for output in execution.outputs),
    )


def _reused(
    execution: Execution, origins: Mapping[int, tuple[str, str]]
) -> Iterator[tuple[str, str, str]]:
    if execution.status is not ExecutionStatus.REUSED:
        return
    yield "lineal.reused", "true", "LINEAL"
    origin = origins.get(execution.reused_from or 0)
    if origin is not None:
        yield "lineal.reused_from", step_uuid(*origin), "LINEAL"


def _said(tags: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for key, value in tags.items():
        if not key.startswith(_OURS):
            yield key, value, "USER"


class _Values:
    """What is known of the values that executions were given and gave."""

    def __init__(
        self,
        artifacts: Mapping[Digest, Artifact],
        datasets: Mapping[Digest, DatasetVersion],
    ) -> None:
        self._artifacts = artifacts
        self._datasets = datasets

    def is_data(self, given: Input) -> bool:
        """Whether an input is no plain setting: it has no text, or is a file."""
        artifact = self._artifacts.get(given.digest)
        return given.value is None or (artifact is not None and artifact.kind in _FILES)

    def settings(self, inputs: Iterable[Input]) -> dict[str, str]:
        """Plain settings by argument."""
        return {i.name: i.value for i in inputs if i.value is not None and not self.is_data(i)}

    def data(self, digests: Iterable[Digest]) -> list[Data]:
        """Values by digest, each once; where a dataset version stands for one, by its name."""
        return [self._one(digest) for digest in dict.fromkeys(digests)]

    def _one(self, digest: Digest) -> Data:
        artifact, named = self._artifacts.get(digest), self._datasets.get(digest)
        return Data(
            name=digest if named is None else named.dataset,
            version=digest if named is None else str(named.version),
            profile={} if artifact is None else artifact.profile,
            size=None if artifact is None or artifact.stored is None else artifact.stored.size,
        )
