"""Gathering what is known of a thing: the steps that made it, their code, data, metrics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from msgspec.structs import replace

from lineal.catalog import Catalog
from lineal.digests.digest import Digest
from lineal.errors import StoreError
from lineal.lineage.diff import Side
from lineal.lineage.diff.code import Read
from lineal.records import Artifact, Environment, Execution, RunRecord
from lineal.running import Services
from lineal.running.run import metrics_by_name

from .made import Made, made

_FILES = ("file", "tree")


def side_of(services: Services, reference: str) -> Side:
    """A thing as one side of a comparison.

    Raises:
        ReferenceNotFound: nothing answers to the reference.
        AmbiguousReference: several things do.
        UserError: it names what can't be compared.
    """
    return gather(services, made(services.catalog, reference))


def gather(services: Services, thing: Made) -> Side:
    """All that is known of a thing that was found."""
    if thing.run is None:
        return Side(reference=thing.reference, kind=thing.kind, artifact=thing.artifact)
    steps = steps_of(thing)
    artifacts = artifacts_of(services.catalog, steps)
    codes = services.catalog.codes(list({e.code for e in steps if e.code is not None}))
    return Side(
        reference=thing.reference,
        kind=thing.kind,
        artifact=thing.artifact,
        executions=steps,
        codes=codes,
        artifacts=artifacts,
        # A value is compared by what went into it: not every parameter of its run did.
        params=_params(thing.run, steps, artifacts)
        | (dict(thing.run.params) if thing.execution is None else {}),
        metrics=metrics_of(thing, steps),
        environment=environment_of(services.catalog, thing.run),
        files=_files(services, thing.run),
    )


def steps_of(thing: Made) -> tuple[Execution, ...]:
    """The steps of its run that made a thing, by position; all of them for a run."""
    assert thing.run is not None
    if thing.execution is None:
        return thing.run.executions
    by_step = {execution.step: execution for execution in thing.run.executions}
    found: dict[int, Execution] = {}
    waiting = [thing.execution]
    while waiting:
        execution = waiting.pop()
        if execution.position not in found:
            found[execution.position] = execution
            sources = [i.source.step for i in execution.inputs if i.source is not None]
            waiting += [by_step[step] for step in sources if step in by_step]
    return tuple(found[position] for position in sorted(found))


def artifacts_of(catalog: Catalog, steps: tuple[Execution, ...]) -> dict[Digest, Artifact]:
    """The records of what steps were given and gave."""
    digests = {v.digest for e in steps for values in (e.inputs, e.outputs) for v in values}
    return catalog.artifacts(list(digests))


def metrics_of(thing: Made, steps: tuple[Execution, ...]) -> dict[str, float]:
    """A run's metrics; of a value, those of the steps that made it or looked at it.

    What a model version was judged by stands before what was measured.
    """
    assert thing.run is not None
    if thing.execution is None:
        return metrics_by_name(thing.run)
    digest = thing.artifact.digest if thing.artifact is not None else None
    near = {e.id for e in steps} | {
        e.id for e in thing.run.executions if any(i.digest == digest for i in e.inputs)
    }
    metrics = tuple(m for m in thing.run.metrics if m.execution_id in near)
    return metrics_by_name(replace(thing.run, metrics=metrics)) | thing.judged


def environment_of(catalog: Catalog, run: RunRecord) -> Environment | None:
    """Where a run happened."""
    return None if run.environment is None else catalog.environment(run.environment)


def settings_of(
    steps: tuple[Execution, ...], artifacts: Mapping[Digest, Artifact]
) -> dict[str, str]:
    """The plain settings that steps were given, as ``STEP.ARGUMENT``, and what they logged."""
    found: dict[str, str] = {}
    for execution in steps:
        for given in execution.inputs:
            artifact = artifacts.get(given.digest)
            if given.value is not None and (artifact is None or artifact.kind not in _FILES):
                found[f"{execution.step}.{given.name}"] = given.value
        found |= {f"{execution.step}.{name}": value for name, value in execution.params.items()}
    return found


def _params(
    run: RunRecord, steps: tuple[Execution, ...], artifacts: Mapping[Digest, Artifact]
) -> dict[str, str]:
    """The settings of steps; those that a parameter of the run gave, by its name alone."""
    found: dict[str, str] = {}
    for name, value in settings_of(steps, artifacts).items():
        own = name.rpartition(".")[2]
        found[own if run.params.get(own) == value else name] = value
    return found


def _files(services: Services, run: RunRecord) -> dict[str, Read]:
    if run.code is None:
        return {}
    return {path: partial(_text, services, address) for path, address in run.code.files.items()}


def _text(services: Services, address: Digest, _path: str) -> str | None:
    try:
        return services.values.blobs.get(address).decode("utf-8", "replace")
    except StoreError:  # gone or damaged: the diff then says what changed, without lines
        return None
