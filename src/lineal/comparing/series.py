"""The points of the metrics that were logged over steps, for curves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from lineal.metrics import MetricStore
from lineal.records import RunRecord

from .runs import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One series of one run."""

    run: int
    """The run's number."""
    metric: str
    """With its slice."""
    steps: Sequence[int]
    values: Sequence[float]


def curves(
    metrics: MetricStore, records: Sequence[RunRecord], comparison: Comparison
) -> list[Curve]:
    """The series with several points, of the metrics that are compared."""
    keys = {row.name.partition("[")[0] for row in (*comparison.metrics, *comparison.slices)}
    # A name that several steps have carries the step's in front.
    keys |= {key.rpartition(".")[2] for key in keys}
    found = []
    for record in records:
        long = [m for m in record.metrics if m.count > 1 and m.key in keys]
        if long:
            table = metrics.read(sorted({m.execution_id for m in long}))
            found += _curves(table.to_pandas(), record.number, {m.key for m in long})
    return found


def _curves(points: object, number: int, keys: set[str]) -> list[Curve]:
    import pandas as pd

    assert isinstance(points, pd.DataFrame)
    found = []
    for place, part in points.groupby(["execution_id", "key", "labels"], sort=False, dropna=False):
        _, key, labels = place
        if key not in keys or len(part) < 2:
            continue
        told = ",".join(f"{k}={v}" for k, v in sorted(json.loads(str(labels) or "{}").items()))
        found.append(
            Curve(
                run=number,
                metric=f"{key}[{told}]" if told else str(key),
                steps=part["step"].tolist(),
                values=part["value"].tolist(),
            )
        )
    return found
