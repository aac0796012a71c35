"""What a run names: gathered while its trace is at hand, told when its record is whole.

What a step names inside itself is kept with its execution, as a tag: a run that reuses the
step names it too, also where the run that executed it has failed and named nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lineal.catalog import Catalog
from lineal.context import StepContext
from lineal.digests.digest import Digest
from lineal.pipeline import Metrics
from lineal.pipeline.handles import Handle, reference_of
from lineal.pipeline.naming import Naming
from lineal.pipeline.tracing import Trace
from lineal.records import Execution, JudgedMetric, RunRecord
from lineal.registry import Declared

from .body import Body
from .execute import Produced
from .results import plain

SAID = "lineal.names"
"""The tag of an execution that keeps what it named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A value that the body of a run named, or the declaration of a task."""

    naming: Naming
    position: int
    """Of the step; 0 is the body of the run."""
    output: str = ""
    """The step's output."""
    digest: Digest | None = None
    """Of a value that the body has kept itself."""


def names_of(trace: Trace, body: Body) -> list[Named]:
    """What tasks and the body of a pipeline name; the body keeps the values it made itself."""
    found = []
    for step in trace.steps:
        for output, name in step.task.options.datasets.items():
            naming = Naming(kind="dataset", name=name, value=None)
            found.append(Named(naming=naming, position=step.position, output=output))
    for naming in trace.names:
        if isinstance(naming.value, Handle):
            place = reference_of(naming.value)
            found.append(Named(naming=naming, position=place.step.position, output=place.output))
        else:
            kept = body.keep(naming.name, plain(naming.value))
            found.append(Named(naming=naming, position=0, digest=kept.digest))
    return found


def declared(catalog: Catalog, record: RunRecord, names: Sequence[Named]) -> Iterator[Declared]:
    """What the registry is to do for a pipeline, once the run's record is whole."""
    yield from _said_inside(catalog, record)
    at = {execution.position: execution for execution in record.executions}
    for named in names:
        execution, judge = at[named.position], named.naming.metrics
        yield _declared(
            named.naming,
            named.digest or next(o.digest for o in execution.outputs if o.name == named.output),
            execution,
            judges=at[reference_of(judge).step.position] if isinstance(judge, Handle) else None,
        )


def declared_in_block(record: RunRecord, context: StepContext) -> Iterator[Declared]:
    """What the registry is to do for a block, once its record is whole."""
    (body,) = record.executions
    logged = body.outputs[len(body.outputs) - len(context.artifacts) :]
    for naming in context.names:
        yield _declared(naming, logged[naming.place].digest, body)


def text_of(names: Sequence[Naming], logged: Sequence[Produced]) -> str:
    """What a step named, as the text of a tag."""
    return json.dumps(
        [
            {
                "kind": naming.kind,
                "name": naming.name,
                "digest": logged[naming.place].identity.digest,
                "metrics": None if naming.metrics is None else list(naming.metrics.points()),
                "gates": naming.gates,
                "alias": naming.alias,
                "description": naming.description,
                "tags": dict(naming.tags),
            }
            for naming in names
        ]
    )


def _said_inside(catalog: Catalog, record: RunRecord) -> Iterator[Declared]:
    """What steps named inside themselves, now or when they were executed."""
    origins = [e.reused_from for e in record.executions if e.reused_from is not None]
    before = catalog.names.tagged(origins, SAID) if origins else {}
    for execution in record.executions:
        text = execution.tags.get(SAID) or before.get(execution.reused_from or 0)
        for said in json.loads(text) if text else ():
            metrics = said.pop("metrics")
            yield Declared(
                **{**said, "digest": Digest(said["digest"]), "gates": tuple(said["gates"])},
                execution=execution,
                metrics=None if metrics is None else _judged(metrics, execution),
            )


def _declared(
    naming: Naming, digest: Digest, execution: Execution, judges: Execution | None = None
) -> Declared:
    given: Metrics | None = None if judges is not None else naming.metrics
    return Declared(
        kind=naming.kind,
        name=naming.name,
        digest=digest,
        execution=execution,
        judges=judges,
        metrics=None if given is None else _judged(given.points(), execution),
        gates=naming.gates,
        alias=naming.alias,
        description=naming.description,
        tags=naming.tags,
    )


def _judged(points: Any, execution: Execution) -> tuple[JudgedMetric, ...]:
    """Numbers that were given as they are, beside the value they judge."""
    return tuple(
        JudgedMetric(key=key, value=value, labels=labels or {}, execution_id=execution.id)
        for key, labels, value in points
    )
