"""Runs as a pandas frame, with the columns that MLflow's searches give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lineal.records import RunRecord
from lineal.running.run import metrics_by_name

if TYPE_CHECKING:
    import pandas as pd

_OWN = ("run_id", "number", "name", "experiment", "status", "start_time", "end_time")


def runs_frame(records: Sequence[RunRecord]) -> pd.DataFrame:
    """One row a run: what it is, then ``params.x``, ``metrics.y``, ``tags.z``, each by name.

    Metrics are floats, with slices as ``metrics.auc[site=a]``; parameters and tags are
    text; what a run does not have is missing. Times are in UTC.
    """
    import pandas as pd

    rows = [_row(record) for record in records]
    named = sorted({name for row in rows for name in row} - {*_OWN}, key=_order)
    columns: dict[str, Any] = {}
    for name in (*_OWN, *named):
        items = [row.get(name) for row in rows]
        columns[name] = pd.Series(items, dtype=_dtype(name))
    return pd.DataFrame(columns)


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "run_id": record.id,
        "number": record.number,
        "name": record.name,
        "experiment": record.experiment,
        "status": record.status.value,
        "start_time": record.started_at,
        "end_time": record.finished_at,
        **{f"params.{name}": value for name, value in record.params.items()},
        **{f"metrics.{name}": value for name, value in metrics_by_name(record).items()},
        **{f"tags.{name}": value for name, value in record.tags.items()},
    }


def _order(name: str) -> tuple[int, str]:
    kinds = ("params.", "metrics.", "tags.")
    return next(i for i, kind in enumerate(kinds) if name.startswith(kind)), name


def _dtype(name: str) -> str:
    if name.endswith("_time") and "." not in name:
        return "datetime64[us, UTC]"
    if name == "number":
        return "int64"
    return "float64" if name.startswith("metrics.") else "object"
