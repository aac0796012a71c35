"""A run whose catalog is a PostgreSQL database: recorded, found, reused."""

from __future__ import annotations

from lineal import pipeline, task
from lineal.workspace import Workspace


@task
def double(number: int) -> int:
    return number * 2


@pipeline
def doubling(number: int = 4) -> int:
    return double(double(number))


def test_a_run_in_postgresql_is_recorded_found_and_reused(new_postgresql, monkeypatch):
    monkeypatch.setenv("LINEAL_CATALOG", new_postgresql())
    with Workspace.open() as workspace:
        first, second = workspace.run(doubling), workspace.run(doubling)
        assert first.result == second.result == 16
        assert [e.status.value for e in second.executions] == ["reused", "reused"]
        found = workspace.services.catalog.runs("params.number = '4'", ["start_time ASC"])
        assert [record.id for record in found] == [first.id, second.id]
        assert workspace.get(f"{second.number}:double-2") == 16
    assert not list(workspace.root.glob("catalog.db*"))
