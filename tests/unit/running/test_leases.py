"""Who takes a lease: what is new or usually long at once, what is quick only when it lasts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lineal import Workspace, pipeline, task
from lineal.digests.digest import combine
from lineal.planning import Execute
from lineal.records import Cause, Lease, Reason
from lineal.running.leases import QUICK, Leases


@task
def one() -> int:
    return 1


@pipeline
def ones() -> int:
    return one()


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        # Two runs that leases can name; they go on, as far as anybody knows.
        for _ in range(2):
            opened.run(ones)
        with opened.services.catalog._database.write() as connection:
            connection.exec_driver_sql("UPDATE runs SET status = 'running'")
        yield opened


def step(position: int, cause: Cause = Cause.FIRST, name: str = "m:work") -> Any:
    options = SimpleNamespace(cache=True, persist=True)
    return SimpleNamespace(
        node=SimpleNamespace(
            position=position, task=SimpleNamespace(qualified_name=name, options=options)
        ),
        key=SimpleNamespace(digest=combine("key", [str(position)])),
        seed=7,
        decision=Execute(reason=Reason(cause=cause, text="")),
    )


def held(workspace: Workspace) -> int:
    return len(workspace.services.catalog.leases.held())


def test_a_task_that_is_new_or_usually_long_takes_leases_at_once(workspace: Workspace) -> None:
    leases = Leases(workspace.services.catalog, waits=True)
    leases.begun(1)
    assert leases.claim(step(1)) is True
    assert held(workspace) == 1
    assert leases.ended(step(1), 10 * QUICK)
    assert leases.claim(step(2)) is True
    assert held(workspace) == 2


def test_a_quick_task_takes_a_lease_only_for_a_step_that_lasts(workspace: Workspace) -> None:
    leases = Leases(workspace.services.catalog, waits=True)
    leases.begun(1)
    leases.claim(step(1))
    leases.ended(step(1), QUICK / 100)
    for position in range(2, 20):
        assert leases.claim(step(position)) is False
        assert not leases.ended(step(position), QUICK / 100)
    assert held(workspace) == 1  # the first, until it is recorded
    assert leases.claim(step(20)) is False
    patience = leases.patience(awaiting=False)
    assert patience is not None
    assert 0 <= patience <= QUICK
    time.sleep(QUICK)
    assert leases.tend([]) == []
    assert held(workspace) == 2
    assert leases.ended(step(20), QUICK)


def test_one_step_that_was_held_up_makes_no_quick_task_a_long_one(workspace: Workspace) -> None:
    leases = Leases(workspace.services.catalog, waits=True)
    leases.begun(1)
    leases.ended(step(1), QUICK / 100)
    leases.ended(step(2), 4 * QUICK)
    leases.claim(step(3))
    leases.ended(step(3), QUICK / 100)
    leases.ended(step(4), QUICK / 100)
    before = held(workspace)
    assert leases.claim(step(5)) is False
    assert held(workspace) == before


def test_what_another_run_holds_is_waited_for_unless_it_is_executed_in_any_case(
    workspace: Workspace,
) -> None:
    catalog = workspace.services.catalog
    holder, other = Leases(catalog, waits=True), Leases(catalog, waits=True)
    holder.begun(1)
    other.begun(2)
    assert holder.claim(step(1)) is True
    waited = other.claim(step(1))
    assert isinstance(waited, Lease)
    assert waited.run_number == 1
    assert other.claim(step(1, Cause.FORCED)) is False
    other.await_one()
    time.sleep(QUICK)
    assert other.tend([step(1)]) == []
    catalog.leases.let_go(1)
    time.sleep(QUICK * 2)
    assert other.tend([step(1)]) != []
    inside = Leases(catalog, waits=False)
    inside.begun(2)
    holder.claim(step(9))
    assert inside.claim(step(9)) is False
