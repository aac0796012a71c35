"""What a run asks of the catalog does not grow with its steps, when they are all reused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from lineal import Pipeline, pipeline, task
from lineal.workspace import Workspace

FEW, MANY = 10, 100
SLACK = 20
"""More transactions than usual, should this machine be slow: far fewer than one for a step."""


@task
def one_more(x: int) -> int:
    return x + 1


@pipeline
def wide(steps: int) -> list[int]:
    return one_more.map(list(range(steps)))


@pipeline
def deep(steps: int) -> int:
    x = 0
    for _ in range(steps):
        x = one_more(x)
    return x


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that SQLite carries out, on whatever connection."""
    seen: list[str] = []

    def trace(connection: Any, _record: Any) -> None:
        connection.set_trace_callback(seen.append)

    event.listen(Engine, "connect", trace)
    yield seen
    event.remove(Engine, "connect", trace)


def asked(statements: list[str]) -> list[str]:
    """Without the rows that are inserted, each of which SQLite tells by itself."""
    return [text for text in statements if not text.startswith("INSERT")]


@pytest.mark.parametrize("study", [wide, deep], ids=["wide", "deep"])
def test_a_reused_run_asks_no_more_of_the_catalog_for_more_steps(
    study: Pipeline[..., Any], statements: list[str], tmp_path: Path
) -> None:
    counts = {}
    for steps in (FEW, MANY):
        with Workspace.open(tmp_path / str(steps)) as workspace:
            workspace.run(study, {"steps": steps})
            statements.clear()
            again = workspace.run(study, {"steps": steps})
            counts[steps] = len(asked(statements))
        assert [e.status.value for e in again.executions] == ["reused"] * steps
    assert 0 < counts[FEW] <= counts[MANY] <= counts[FEW] + SLACK, counts


def test_what_a_step_asks_for_would_be_seen(statements: list[str], tmp_path: Path) -> None:
    """The count above means something: steps that are executed do ask, each of them."""
    with Workspace.open(tmp_path / "store") as workspace:
        workspace.run(deep, {"steps": MANY})
    assert len(asked(statements)) > MANY
