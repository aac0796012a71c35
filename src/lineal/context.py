"""What a step can say while it runs: metrics, parameters, tags and artifacts of its own.

Nothing here is needed for what a step takes and returns; that is recorded by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lineal.errors import MissingFileError, ParameterError, UserError
from lineal.pipeline import Metrics
from lineal.pipeline.handles import Handle
from lineal.pipeline.naming import (
    DatasetName,
    Naming,
    check_alias,
    check_name,
    check_text,
    rules_of,
    tags_of,
)
from lineal.pipeline.tracing import current_trace, plain_call


class Points(Protocol):
    """Takes the points of metrics; the journal of a run is one."""

    def log(
        self,
        execution_id: int,
        key: str,
        value: float,
        step: int | None = None,
        time_ns: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Take one point."""

    def log_many(
        self,
        execution_id: int,
        key: str,
        values: Sequence[float],
        steps: Sequence[int] | None = None,
        times_ns: Sequence[int] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Take many points of one series."""

    def forget(self, execution_id: int) -> None:
        """Drop every point of an execution so far."""


@dataclass(slots=True)
class StepContext:
    """What one execution has said so far."""

    execution_id: int
    points: Points
    log: list[str] = field(default_factory=list)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    artifacts: list[tuple[str, Any]] = field(default_factory=list)
    """Name and value of what was logged, in order."""
    names: list[Naming] = field(default_factory=list)
    """What was named, in order; each is among the artifacts, at its `place`."""

    def clear(self) -> None:
        """Forget what was said, before the step is executed again; its log stays."""
        for said in (self.params, self.tags, self.artifacts, self.names):
            said.clear()
        self.points.forget(self.execution_id)


current_step: ContextVar[StepContext | None] = ContextVar("current_step", default=None)


def _context() -> StepContext | None:
    context = current_step.get()
    if context is None and not plain_call.get():
        raise UserError(
            "Nothing is being recorded here: log from inside a task that a pipeline runs, or inside"
            ' `with lineal.start_run("name"):`.'
        )
    return context


def log_metric(
    key: str,
    value: float,
    step: int | None = None,
    *,
    timestamp: datetime | None = None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Record one point of a metric.

    Args:
        key: The metric's name.
        value: A number; NaN and infinities are kept.
        step: Position in the series; the next one by default.
        timestamp: When; now by default.
        labels: The slice it holds for: ``{"site": "hungarian"}``.

    Raises:
        ParameterError: the value is not a number.
        UserError: nothing is being recorded.
    """
    context = current_step.get() or _context()
    if context is not None:
        time_ns = None if timestamp is None else int(timestamp.timestamp() * 1e9)
        context.points.log(context.execution_id, key, value, step, time_ns, labels)


def log_metrics(
    values: Mapping[str, float],
    step: int | None = None,
    *,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Record one point of each of several metrics."""
    for key, value in values.items():
        log_metric(key, value, step, labels=labels)


def log_series(
    key: str,
    values: Sequence[float],
    steps: Sequence[int] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Record many points of one metric at once, from any array of numbers of shape (n,)."""
    if (context := _context()) is not None:
        context.points.log_many(context.execution_id, key, values, steps, None, labels)


def log_param(key: str, value: Any) -> None:
    """Record a parameter that only the inside of a step knows.

    Raises:
        ParameterError: it was logged before with another value.
    """
    if (context := _context()) is not None:
        text = str(value)
        if context.params.setdefault(str(key), text) != text:
            raise ParameterError(
                f"The parameter {key!r} was logged as {context.params[str(key)]!r} before and can't"
                f" become {text!r}; log a metric for what changes."
            )


def log_params(params: Mapping[str, Any]) -> None:
    """Record several parameters."""
    for key, value in params.items():
        log_param(key, value)


def set_tag(key: str, value: Any) -> None:
    """Put a tag on the execution (inside a task) or the run (elsewhere)."""
    if (context := _context()) is not None:
        context.tags[str(key)] = str(value)


def set_tags(tags: Mapping[str, Any]) -> None:
    """Put several tags."""
    for key, value in tags.items():
        set_tag(key, value)


def log_artifact(value: Any, name: str | None = None) -> None:
    """Keep a value, or the content of a path, as an artifact.

    Args:
        value: Any value; a path (also as text) means the file or tree it names.
        name: The artifact's name; a path's last part by default.

    Raises:
        MissingFileError: the path names nothing.
        ParameterError: a value without a name.
    """
    if isinstance(value, str):
        value = Path(value)
    if isinstance(value, Path):
        if not value.exists():
            raise MissingFileError(
                f"There is no file {str(value)!r} to log (the working directory is {Path.cwd()});"
                " check its spelling."
            )
        name = name or value.name
    if not name:
        raise ParameterError(
            f"An artifact needs a name: log_artifact(<{type(value).__name__}>, name='…')."
        )
    if (context := _context()) is not None:
        context.artifacts.append((name, value))


def log_figure(figure: Any, name: str = "figure") -> None:
    """Keep a Matplotlib figure, as the picture it is now."""
    log_artifact(figure, name)


def log_model(model: Any, name: str = "model") -> None:
    """Keep a fitted model."""
    log_artifact(model, name)


_NO_VALUE: Any = object()


def dataset(name: str, value: Any = _NO_VALUE) -> Any:
    """Name a value as a version of a dataset: a new one when its content is new.

    In the body of a pipeline the value may be a handle; inside a task or a `start_run`
    block it is kept as an artifact. Without a value it names an output of a task:
    ``@task(outputs={"df": dataset("transactions")})``.

    Returns:
        The value as it was given.

    Raises:
        ParameterError: it can't be a name.
        UserError: nothing is being recorded.
    """
    check_name(name, "dataset")
    if value is _NO_VALUE:
        return DatasetName(name)
    _name(Naming(kind="dataset", name=name, value=value))
    return value


def register(
    name: str,
    model: Any,
    *,
    metrics: Any = None,
    gates: str | Sequence[str] = (),
    alias: str | None = None,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> None:
    """Register a model as the next version of a name, once the run has finished.

    Content that is a version already is found again: running a pipeline twice registers once.

    Args:
        name: The model's name in the registry.
        model: The model, or a handle to it.
        metrics: The numbers it is judged by, or a handle to them; by default those of the
            steps that came of it, else of the one that made it.
        gates: Rules it has to pass to be deployed: ``min auc 0.9``; they are added to those
            that its model has.
        alias: An alias that is to mean this version.
        description: A text about the version.
        tags: Tags of the version.

    Raises:
        ParameterError: it can't be a name, or the alias, the metrics or a gate are none.
        UserError: nothing is being recorded.
    """
    check_name(name, "model")
    if alias is not None:
        check_alias(alias)
    if not (metrics is None or isinstance(metrics, (Handle, Metrics))):
        if not isinstance(metrics, Mapping):
            raise ParameterError(
                f"register({name!r}) was given metrics={metrics!r}; give what a step that measures"
                " the model returned, or a mapping: metrics={'auc': 0.9}."
            )
        metrics = Metrics(metrics)
    _name(
        Naming(
            kind="model",
            name=name,
            value=model,
            metrics=metrics,
            gates=rules_of(gates),
            alias=alias,
            description=check_text(description, "a description"),
            tags=tags_of(tags or {}),
        )
    )


def _name(naming: Naming) -> None:
    trace = current_trace.get()
    if trace is not None:
        trace.names.append(naming)
    elif (context := _context()) is not None:
        if isinstance(naming.metrics, Handle):
            naming = replace(naming, metrics=Metrics(naming.metrics.value))
        context.names.append(replace(naming, value=None, place=len(context.artifacts)))
        context.artifacts.append((naming.name, naming.value))
