"""Runs side by side: what they were given and what came of them, the best marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from lineal.errors import UserError
from lineal.records import RunRecord
from lineal.running.run import metrics_by_name

_LOWER = re.compile(
    r"(^|[^a-z])(loss|error|err|[rn]?m?[as]e|rmse|msle|mape|brier|logloss|perplexity|latency"
    r"|seconds|duration|time|cost|deviance|disparity|difference)($|[^a-z])",
    re.IGNORECASE,
)
"""Names of metrics of which less is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One of the runs."""

    id: str
    number: int
    name: str
    experiment: str
    status: str
    started_at: datetime
    seconds: float | None
    """How long it took; None while it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedParam:
    """A parameter in every run."""

    name: str
    values: tuple[str | None, ...]
    """By run; None where it has none."""
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """The last value of a metric in every run."""

    name: str
    """With its slice: ``auc[site=west]``."""
    values: tuple[float | None, ...]
    lower_is_better: bool
    best: tuple[int, ...] = ()
    """Places of the best runs; empty where all are alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side."""

    runs: tuple[ComparedRun, ...]
    params: tuple[ComparedParam, ...] = ()
    """Those that differ first."""
    metrics: tuple[ComparedMetric, ...] = ()
    """Those of the whole."""
    slices: tuple[ComparedMetric, ...] = ()
    """Those of slices."""


def compare_runs(
    records: Sequence[RunRecord],
    metrics: Sequence[str] | None = None,
    lower: Sequence[str] = (),
) -> Comparison:
    """Put runs side by side.

    Args:
        records: At least one; one that is given twice stands there once.
        metrics: Only these, by name with or without slice; all by default.
        lower: Metrics of which less is better, besides those whose name says so (``loss``,
            ``rmse``, …).

    Raises:
        UserError: no run is given, or none has a metric that was asked for.
    """
    chosen = tuple({record.id: record for record in records}.values())
    if not chosen:
        raise UserError("There is nothing to compare; name at least one run.")
    found = [metrics_by_name(record) for record in chosen]
    names = _chosen(sorted({name for one in found for name in one}), metrics)
    rows = [_metric(name, tuple(one.get(name) for one in found), lower) for name in names]
    return Comparison(
        runs=tuple(map(_run, chosen)),
        params=_params(chosen),
        metrics=tuple(row for row in rows if "[" not in row.name),
        slices=tuple(row for row in rows if "[" in row.name),
    )


def _chosen(known: list[str], wanted: Sequence[str] | None) -> list[str]:
    if not wanted:
        return known
    for name in wanted:
        if not any(name in (one, one.partition("[")[0]) for one in known):
            near = get_close_matches(name, known, n=5) or known[:10]
            raise UserError(
                f"None of the runs has a metric {name!r}; they have {', '.join(near) or 'none'}."
            )
    return [name for name in known if name in wanted or name.partition("[")[0] in wanted]


def _run(record: RunRecord) -> ComparedRun:
    took = record.finished_at - record.started_at if record.finished_at else None
    return ComparedRun(
        id=record.id,
        number=record.number,
        name=record.name,
        experiment=record.experiment,
        status=record.status.value,
        started_at=record.started_at,
        seconds=None if took is None else took.total_seconds(),
    )


def _params(records: Sequence[RunRecord]) -> tuple[ComparedParam, ...]:
    rows = []
    for name in sorted({name for record in records for name in record.params}):
        values = tuple(record.params.get(name) for record in records)
        rows.append(ComparedParam(name=name, values=values, differs=len(set(values)) > 1))
    return tuple(sorted(rows, key=lambda row: not row.differs))


def _metric(name: str, values: tuple[float | None, ...], lower: Sequence[str]) -> ComparedMetric:
    key = name.partition("[")[0]
    less = key in lower or name in lower or _LOWER.search(key) is not None
    numbers = [value for value in values if value is not None and value == value]
    best: tuple[int, ...] = ()
    if len(set(numbers)) > 1:
        goal = min(numbers) if less else max(numbers)
        best = tuple(place for place, value in enumerate(values) if value == goal)
    return ComparedMetric(name=name, values=values, lower_is_better=less, best=best)
