"""The table of runs, on terminals of any width."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lineal.cli.render import SafeConsole, runs_table
from lineal.records import MetricSummary, RunRecord, RunStatus

NOW = datetime.now(UTC)
METRICS = {"macro_precision": 0.123456, "macro_recall": 0.987654, "f1": 0.55555, "n": 1.0}


def record(number: int, **other: Any) -> RunRecord:
    given: dict[str, Any] = {
        "id": f"{number:032x}",
        "number": number,
        "name": "intrusion_detection",
        "experiment": "intrusion_detection",
        "pipeline": None,
        "status": RunStatus.FINISHED,
        "started_at": NOW - timedelta(seconds=7260),
        "finished_at": NOW - timedelta(seconds=7000),
        "metrics": tuple(
            MetricSummary(
                execution_id=1, key=key, labels={}, last=value, min=value, max=value, count=1
            )
            for key, value in METRICS.items()
        ),
    }
    return RunRecord(**{**given, **other})


def shown(records: list[RunRecord], width: int) -> list[str]:
    console = SafeConsole(file=io.StringIO(), width=width, highlight=False, markup=False)
    console.print(runs_table(records, width))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


@pytest.mark.parametrize("width", range(37, 140, 3))
def test_no_number_and_no_word_is_broken(width: int) -> None:
    lines = shown([record(1234, experiment="security"), record(99)], width)
    words = set(" ".join(lines).split())
    assert {"1234", "99", "intrusion_detection", "finished"} <= words
    assert all(len(line) <= width for line in lines)
    whole = {f"{key}={value:.4g}" for key, value in METRICS.items()} | {"+1", "4", "min", "20"}
    for word in words:
        assert not any(c.isdigit() for c in word) or word in {
            *whole, "1234", "99", "f1=0.5555", "2", "121", f"{1234:032x}"[:12], f"{99:032x}"[:12]
        }, word  # fmt: skip


def test_what_matters_least_gives_way_first() -> None:
    def columns(width: int) -> list[str]:
        return shown([record(1)], width)[0].split()

    everything = ["#", "id", "name", "experiment", "status", "started", "time", "metrics"]
    assert columns(140) == everything
    assert columns(100) == [c for c in everything if c != "experiment"]
    assert columns(70) == ["#", "name", "status", "started", "metrics"]
    assert columns(40) == ["#", "name", "status"]
