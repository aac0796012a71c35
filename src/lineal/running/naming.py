"""What a run names: gathered while its trace is at hand, told when its record is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lineal.pipeline import Metrics
from lineal.pipeline.handles import Handle, reference_of
from lineal.pipeline.naming import Naming
from lineal.pipeline.tracing import Trace
from lineal.records import JudgedMetric, RunRecord
from lineal.registry import Declared

from .body import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An output that is to have a name, by its place in the run."""

    naming: Naming
    position: int
    """Of the step; 0 is the body of the run."""
    output: str


def names_of(trace: Trace, inside: Mapping[int, list[Naming]], body: Body) -> list[Named]:
    """All that a run whose steps have succeeded names: its steps' first, then its body's.

    Args:
        trace: What the body declared.
        inside: Position of a step -> what was named while it was executed.
        body: Keeps the values that the body made itself.
    """
    found = []
    for step in trace.steps:
        for output, name in step.task.options.datasets.items():
            naming = Naming(kind="dataset", name=name, value=None, output=output)
            found.append(Named(naming=naming, position=step.position, output=output))
        found += names_inside(step.position, inside.get(step.position, ()))
    for naming in trace.names:
        if isinstance(naming.value, Handle):
            place = reference_of(naming.value)
            found.append(Named(naming=naming, position=place.step.position, output=place.output))
        else:
            body.keep(naming.name, naming.value)
            found.append(Named(naming=naming, position=0, output=naming.name))
    return found


def names_inside(position: int, names: Iterable[Naming]) -> list[Named]:
    """What was named while a step, or the block of a run, was executed."""
    return [Named(naming=naming, position=position, output=naming.output) for naming in names]


def declared(record: RunRecord, names: Iterable[Named]) -> Iterator[Declared]:
    """What the registry is to do, once the run's record is whole."""
    at = {execution.position: execution for execution in record.executions}
    for named in names:
        naming, execution = named.naming, at[named.position]
        judge = naming.metrics
        yield Declared(
            kind=naming.kind,
            name=naming.name,
            digest=next(o.digest for o in execution.outputs if o.name == named.output),
            execution=execution if named.position else None,
            judges=at[reference_of(judge).step.position] if isinstance(judge, Handle) else None,
            metrics=None if judge is None or isinstance(judge, Handle) else _given(judge, at),
            gates=naming.gates,
            alias=naming.alias,
            description=naming.description,
            tags=naming.tags,
        )


def _given(metrics: Mapping[str, float], at: Mapping[int, Any]) -> tuple[JudgedMetric, ...]:
    """Numbers that were given as they are: measured by the run's body."""
    whole = metrics if isinstance(metrics, Metrics) else Metrics(metrics)
    measured = at[0].id if 0 in at else next(iter(at.values())).id
    return tuple(
        JudgedMetric(key=key, value=value, labels=labels or {}, execution_id=measured)
        for key, labels, value in whole.points()
    )
