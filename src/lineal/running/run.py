"""A run as its user sees it: the record, with its result, metrics and parameters at hand."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from msgspec import Struct

from lineal.errors import ReferenceNotFound
from lineal.records import Execution, MetricSummary, Nondeterminism, RunRecord, RunStatus

RESULT = "result"
_UNSET: Any = object()


class Run:
    """One run: what it was given, what it did, what came of it."""

    def __init__(
        self,
        record: RunRecord,
        load_result: Callable[[RunRecord], Any],
        result: Any = _UNSET,
        error: BaseException | None = None,
        look_up: Callable[[RunRecord], tuple[Nondeterminism, ...]] = lambda _: (),
    ) -> None:
        self.record = record
        self._load_result = load_result
        self._result = result
        self._look_up = look_up
        self.exception = error
        """What its failure raised, when it ran in this process."""

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self.record.id

    @property
    def number(self) -> int:
        """Counts up from 1 in its store."""
        return self.record.number

    @property
    def name(self) -> str:
        """The run's name."""
        return self.record.name

    @property
    def experiment(self) -> str:
        """The group it belongs to."""
        return self.record.experiment

    @property
    def status(self) -> RunStatus:
        """running, finished, failed, cancelled or lost."""
        return self.record.status

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.record.started_at

    @property
    def params(self) -> Mapping[str, str]:
        """The pipeline's parameters and those logged, as text."""
        return self.record.params

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self.record.tags

    @property
    def executions(self) -> tuple[Execution, ...]:
        """Its steps in the order they were declared."""
        return self.record.executions

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric; slices as ``auc[site=hungarian]``.

        When several steps have a metric of the same name, each is ``step.name``.
        """
        return metrics_by_name(self.record)

    @property
    def nondeterministic(self) -> tuple[Nondeterminism, ...]:
        """What is known now of its tasks that gave different content under one key."""
        return self._look_up(self.record)

    @property
    def result(self) -> Any:
        """What the pipeline returned, loaded from the store when it is not at hand.

        Raises:
            ReferenceNotFound: the run did not finish, or returned nothing.
        """
        if self._result is _UNSET:
            self._result = self._load_result(self.record)
        return self._result

    def execution(self, step: str) -> Execution:
        """One of its steps by name.

        Raises:
            ReferenceNotFound: there is no such step; names those there are.
        """
        for execution in self.executions:
            if execution.step == step:
                return execution
        known = ", ".join(e.step for e in self.executions[:20])
        raise ReferenceNotFound(
            f"Run {self.id[:8]} has no step {step!r}; it has {known or 'none'}."
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-like data, in the shape the command line prints."""
        return {
            **to_json(self.record),
            "metrics": self.metrics,
            "nondeterministic": to_json(self.nondeterministic),
        }

    def __repr__(self) -> str:
        return f"<run #{self.number} {self.name} {self.id[:8]} {self.status.value}>"

    def _repr_html_(self) -> str:
        from html import escape

        rows = [
            ("status", self.status.value),
            ("experiment", self.experiment),
            *((f"param {k}", v) for k, v in self.params.items()),
            *((f"metric {k}", f"{v:.6g}") for k, v in self.metrics.items()),
        ]
        body = "".join(
            f"<tr><th style='text-align:left'>{escape(str(k))}</th><td>{escape(str(v))}</td></tr>"
            for k, v in rows
        )
        title = escape(f"{self.name} #{self.number}")
        return f"<table><caption>{title} <code>{self.id[:8]}</code></caption>{body}</table>"


def metric_name(summary: MetricSummary) -> str:
    """A metric's name with its slice: ``auc[site=hungarian]``."""
    if not summary.labels:
        return summary.key
    labels = ",".join(f"{k}={v}" for k, v in sorted(summary.labels.items()))
    return f"{summary.key}[{labels}]"


def metrics_by_name(record: RunRecord) -> dict[str, float]:
    """The last values of a run's metrics; a name of several steps gets the step in front."""
    steps = {e.id: e.step for e in record.executions}
    ordered = sorted(
        record.metrics, key=lambda m: (m.execution_id, m.key, sorted(m.labels.items()))
    )
    names = [metric_name(m) for m in ordered]
    shared = {name for name, count in Counter(names).items() if count > 1}
    found = {}
    for name, summary in zip(names, ordered, strict=True):
        step = steps.get(summary.execution_id, "")
        found[f"{step}.{name}" if name in shared and step else name] = summary.last
    return found


def to_json(value: Any) -> Any:
    """Records as JSON-like data: their fields to objects, times to ISO 8601, enums to values."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Struct):
        return {name: to_json(getattr(value, name)) for name in value.__struct_fields__}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return str(value)
    return value


def assemble(names: list[str], values: list[Any]) -> Any:
    """A result from its parts: one ``result``, or items ``result[0]``, ``result['auc']``."""
    if names == [RESULT]:
        return values[0]
    places = [ast.literal_eval(name.removeprefix(RESULT).strip("[]")) for name in names]
    if places == list(range(len(places))):
        return tuple(values)
    return dict(zip(places, values, strict=True))
