"""Runs to compare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lineal.records import MetricSummary, RunRecord, RunStatus

BEGAN = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def record() -> Callable[..., RunRecord]:
    """Makes the record of a run; metrics by name, or by name and slice."""

    def making(number: int, metrics: dict[Any, float] | None = None, **given: Any) -> RunRecord:
        summaries = []
        for name, value in (metrics or {}).items():
            key, labels = name if isinstance(name, tuple) else (name, {})
            labels = dict(labels)
            summaries.append(
                MetricSummary(
                    execution_id=number << 24, key=key, labels=labels,
                    last=value, min=value, max=value, count=1,
                )
            )  # fmt: skip
        ended = BEGAN + timedelta(seconds=number)
        return RunRecord(
            **{
                "id": f"{number:032x}", "number": number, "name": "study", "experiment": "e",
                "pipeline": None, "status": RunStatus.FINISHED, "started_at": BEGAN,
                "finished_at": ended, "metrics": tuple(summaries), **given,
            }
        )  # fmt: skip

    return making
