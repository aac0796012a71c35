"""Carrying out what a run declared: naming its datasets, registering its models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from lineal.catalog import Catalog
from lineal.digests.digest import Digest
from lineal.errors import RegistryRefusal
from lineal.records import (
    Artifact,
    Execution,
    JudgedMetric,
    ModelVersion,
    RunRecord,
    RunStatus,
)

from .registry import Registry

_NO_MODELS = ("frame", "array", "metrics", "figure", "text")
"""Kinds of artifacts that are no model. An object of a class of one's own may be one, and so may
a file that another library has written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A recorded value of a run that is to have a name."""

    kind: str
    """dataset or model"""
    name: str
    digest: Digest
    execution: Execution | None = None
    """The execution it came from; found by its content when it is not given."""
    judges: Execution | None = None
    """Of a model: the execution that measured it."""
    metrics: tuple[JudgedMetric, ...] | None = None
    """Of a model: numbers that were given instead."""
    gates: tuple[str, ...] = ()
    alias: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


def carry_out(catalog: Catalog, run: RunRecord, declared: Iterable[Declared]) -> None:
    """Give the names that a run which succeeds declared, in order; all of them, or none.

    Content that has its name already keeps it, so running again changes nothing.

    Raises:
        RegistryRefusal: what is to be registered is no model, or its bytes are not kept.
    """
    registry = Registry(catalog, run.user or None)
    ready = []
    for item in declared:
        execution = item.execution or _maker(run, item.digest)
        is_model = item.kind == "model"
        version = version_of(catalog, run, execution, item.name, item) if is_model else None
        ready.append((item, execution, version))
    for item, execution, version in ready:
        if version is None:
            catalog.names.name_dataset(item.name, item.digest, _origin(execution))
        else:
            registry.ensure(version, rules=item.gates, alias=item.alias)


def register_output(
    catalog: Catalog,
    registry: Registry,
    name: str,
    run: RunRecord,
    execution: Execution | None = None,
    digest: Digest | None = None,
    *,
    gates: tuple[str, ...] = (),
    alias: str | None = None,
    description: str = "",
) -> ModelVersion:
    """Register what a step of a past run made.

    Args:
        catalog: Where the run is recorded.
        registry: Where to register.
        name: The model.
        run: The run.
        execution: The step; the only one that made a model when none is named.
        digest: Which of the step's outputs; its only model when none is named.
        gates: Gates for the model.
        alias: An alias for the version.
        description: A text about the version.

    Raises:
        RegistryRefusal: the run did not finish, nothing of it is a model, several things
            are, or it is registered already.
    """
    execution = execution or _only_model(catalog, run)
    item = None
    if digest is not None:
        item = Declared(kind="model", name=name, digest=digest, description=description)
    version = version_of(catalog, run, execution, name, item)
    return registry.register(
        replace(version, description=description, created_by=""), rules=gates, alias=alias
    )


def version_of(
    catalog: Catalog,
    run: RunRecord,
    execution: Execution,
    name: str,
    item: Declared | None = None,
) -> ModelVersion:
    """The version that an output of a step would be, all but its number.

    Raises:
        RegistryRefusal: the run did not finish, or the step made no model.
    """
    if run.status is not RunStatus.FINISHED:
        raise RegistryRefusal(
            f"Run #{run.number} is {run.status.value}, and only finished runs have models to"
            " register; run it again to the end."
        )
    output, artifact = _model(catalog, run, execution, item)
    if artifact.stored is None:
        raise RegistryRefusal(
            f"The model that the step {execution.step!r} of run #{run.number} made is not kept, so"
            " nobody could load what is deployed; declare the task without `persist=False`, and"
            " run it again."
        )
    judged = _judged(run, artifact.digest, item)
    return ModelVersion(
        model=name,
        version=0,
        artifact=artifact.digest,
        execution_id=_origin(execution),
        run_id=run.id,
        run_number=run.number,
        output=output,
        created_at=run.finished_at or run.started_at,
        created_by=run.user,
        signature=_signature(catalog, execution, artifact),
        metrics=tuple(judged),
        description=item.description if item else "",
        tags=item.tags if item else {},
    )


def _maker(run: RunRecord, digest: Digest) -> Execution:
    """The step of a run that made some content; its body when no step did."""
    found = [e for e in run.executions if any(o.digest == digest for o in e.outputs)]
    steps = [e for e in found if e.position > 0] or found
    if not steps:
        raise RegistryRefusal(f"Run #{run.number} has not recorded {digest.short}.")
    return steps[0]


def _only_model(catalog: Catalog, run: RunRecord) -> Execution:
    artifacts = catalog.artifacts([o.digest for e in run.executions for o in e.outputs])
    models = {digest for digest, artifact in artifacts.items() if artifact.kind == "model"}
    made = [e for e in run.executions if any(o.digest in models for o in e.outputs)]
    if len(made) != 1:
        names = ", ".join(f"{run.number}:{e.step}" for e in made[:10])
        raise RegistryRefusal(
            f"Run #{run.number} made several models; name one: {names}."
            if made
            else f"No step of run #{run.number} made a model to register."
        )
    return made[0]


def _origin(execution: Execution) -> int:
    return execution.reused_from or execution.id


def _model(
    catalog: Catalog, run: RunRecord, execution: Execution, item: Declared | None
) -> tuple[str, Artifact]:
    outputs = [o for o in execution.outputs if item is None or o.digest == item.digest]
    artifacts = catalog.artifacts([output.digest for output in outputs])
    made = [(o.name, artifacts[o.digest]) for o in outputs if o.digest in artifacts]
    if item is None:
        made = [(name, artifact) for name, artifact in made if artifact.kind == "model"]
    made = [(name, artifact) for name, artifact in made if artifact.kind not in _NO_MODELS]
    if not made:
        kinds = {artifact.kind for artifact in artifacts.values()}
        raise RegistryRefusal(
            f"The step {execution.step!r} of run #{run.number} made no model; it made"
            f" {', '.join(sorted(kinds)) or 'nothing'}."
        )
    if len(made) > 1 and item is None:
        names = ", ".join(f"{run.number}:{execution.step}.{name}" for name, _ in made)
        raise RegistryRefusal(f"The step made several models; name one: {names}.")
    return made[0]


def _judged(run: RunRecord, digest: Digest, item: Declared | None) -> Iterator[JudgedMetric]:
    """The numbers a model is judged by.

    Those that were given, or that the named step measured, and no others; else those of the
    steps that came of the model, however many steps later; else those of the step that made
    it; else, where it went into no step, all of the run.
    """
    if item is not None and item.metrics is not None:
        yield from item.metrics
        return
    if item is not None and item.judges is not None:
        chosen = [m for m in run.metrics if m.execution_id == item.judges.id]
    else:
        below = _downstream(run, digest)
        makers = {e.id for e in run.executions if any(o.digest == digest for o in e.outputs)}
        chosen = [m for m in run.metrics if m.execution_id in below]
        chosen = chosen or [m for m in run.metrics if m.execution_id in makers]
        chosen = chosen or ([] if below else list(run.metrics))
    # What holds over the whole comes before its slices.
    for metric in sorted(chosen, key=lambda metric: bool(metric.labels)):
        yield JudgedMetric(
            key=metric.key,
            value=metric.last,
            labels=dict(metric.labels),
            execution_id=metric.execution_id,
        )


def _downstream(run: RunRecord, digest: Digest) -> set[int]:
    """The executions of a run that took a value, or what came of it."""
    reached: set[int] = set()
    steps: set[str] = set()
    for execution in run.executions:  # in the order declared, so what is above comes first
        for given in execution.inputs:
            if given.digest == digest or (given.source is not None and given.source.step in steps):
                reached.add(execution.id)
                steps.add(execution.step)
    return reached


def _signature(
    catalog: Catalog, execution: Execution, artifact: Artifact
) -> dict[str, object] | None:
    """What a model takes and gives, from the frames it was fitted on and what it says itself."""
    artifacts = catalog.artifacts([given.digest for given in execution.inputs])
    taken: Sequence[Artifact] = [a for a in artifacts.values() if a.kind in ("frame", "array")]
    columns = {
        column["name"]: column["type"]
        for frame in taken
        for column in frame.profile.get("columns", ())
    }
    features = artifact.profile.get("feature_names")
    inputs = [
        {"name": name, "type": columns.get(name)}
        for name in (features if features is not None else columns)
    ]
    outputs = artifact.profile.get("classes")
    if not inputs and outputs is None:
        return None
    signature: dict[str, object] = {"inputs": inputs}
    if outputs is not None:
        signature["outputs"] = [{"name": "class", "values": outputs}]
    return signature
