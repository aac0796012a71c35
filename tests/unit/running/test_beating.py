"""A run says that it goes on, from its beginning to its end and no longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineal import Workspace, pipeline, task
from lineal.errors import StoreError
from lineal.running import beating
from lineal.running.beating import Beat


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beating, "BEAT", 0.02)


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


def beats(workspace: Workspace) -> list[tuple[int, int]]:
    """Of each run, when it started and was last heard of."""
    with workspace.services.catalog._database.read() as connection:
        rows = connection.exec_driver_sql("SELECT started_at, heartbeat_at FROM runs").all()
    return [(started, heard) for started, heard in rows]


@task
def wait() -> int:
    time.sleep(0.2)
    return 1


@pipeline
def waiting() -> int:
    return wait()


def test_a_run_of_a_pipeline_and_a_block_are_heard_of(workspace: Workspace) -> None:
    workspace.run(waiting)
    with workspace.start_run("block"):
        time.sleep(0.2)
    assert all(heard - started > 20_000 for started, heard in beats(workspace))
    assert len(beats(workspace)) == 2
    assert "lineal-beat" not in {thread.name for thread in threading.enumerate()}


def test_who_can_not_be_heard_goes_on_and_is_heard_later(workspace: Workspace) -> None:
    class Catalog:
        heard = 0

        def heartbeat(self, _: int) -> None:
            self.heard += 1
            if self.heard < 3:
                raise StoreError("busy")

    catalog = Catalog()
    with Beat(catalog) as beat:  # type: ignore[arg-type]
        beat.begun(1)
        until = time.monotonic() + 30
        while catalog.heard < 4 and time.monotonic() < until:
            time.sleep(0.01)
    assert catalog.heard >= 4
    ended = catalog.heard
    time.sleep(0.1)
    assert catalog.heard == ended


def test_a_run_that_never_began_says_nothing() -> None:
    with Beat(None):  # type: ignore[arg-type]
        pass
