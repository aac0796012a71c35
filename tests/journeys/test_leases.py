"""Runs at once in one store: one executes a key, the others wait for it and reuse.

All are processes of their own, started on the command line. A step goes on as long as a
file called `hold` lies in the folder, so that nothing here depends on how fast anything is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineal.records import ExecutionStatus
from lineal.running import leases as timing
from lineal.workspace import Workspace

PIPELINE = '''
import os
import time
from pathlib import Path

from lineal import pipeline, task


def hold(name):
    """Say that a step is under way, and go on as long as the test wants."""
    with open(Path.cwd() / f"began-{name}", "a") as file:
        file.write("x")
    while (Path.cwd() / "hold").exists():
        time.sleep(0.01)
    if (Path.cwd() / "fail").exists():
        (Path.cwd() / "fail").unlink()
        raise ValueError("as it was told")


@task
def first(x: int) -> int:
    hold("first")
    return x + 1


@task
def second(x: int) -> int:
    hold("second")
    return x + 2


@task(cache=False)
def never_kept(x: int) -> int:
    hold("never_kept")
    return x + 3


@task(ttl=3600.0)
def for_a_while(x: int) -> int:
    hold("for_a_while")
    return x + 4


@task
def double(x: int) -> int:
    return x * 2


@pipeline
def one(x: int = 1) -> int:
    return double(first(x))


@pipeline
def crosswise(x: int = 1, turned: bool = False) -> int:
    both = (second, first) if turned else (first, second)
    a, b = (step(x) for step in both)
    return double(a), double(b)


@pipeline
def uncached(x: int = 1) -> int:
    return never_kept(x)


@pipeline
def with_ttl(x: int = 1) -> int:
    return for_a_while(x)
'''
PATIENCE = 60.0


class Stage:
    """A folder with the pipeline, and the processes that run it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[subprocess.Popen[str]] = []
        (folder / "pipe.py").write_text(PIPELINE)

    def run(self, target: str, *more: str) -> subprocess.Popen[str]:
        """Start `lineal run` in the background."""
        process = subprocess.Popen(
            [Path(sys.executable).with_name("lineal"), "run", f"pipe.py:{target}", *more],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "COLUMNS": "400"},
        )
        self.started.append(process)
        return process

    def hold(self) -> None:
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        (self.folder / "hold").unlink()

    def begun(self, step: str) -> int:
        """How often a step was begun."""
        file = self.folder / f"began-{step}"
        return len(file.read_text()) if file.exists() else 0

    def until(self, what: Callable[[], object]) -> None:
        over = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < over, [p.poll() for p in self.started]
            time.sleep(0.02)

    def held(self, step: str = "first") -> None:
        """Wait until a step is under way and holds a lease."""
        with Workspace.open() as workspace:
            self.until(lambda: self.begun(step) and workspace.services.catalog.leases.held())

    def waiting(self, process: subprocess.Popen[str]) -> str:
        """Wait until a run waits; returns the line in which it says so."""
        assert process.stdout is not None
        for line in process.stdout:
            if "waiting" in line:
                return line
        raise AssertionError(f"it ended with {process.wait()} and never waited")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    folder = tmp_path / "project"
    folder.mkdir()
    made = Stage(folder)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_kind(request, monkeypatch) -> str:
    if request.param == "postgresql":
        monkeypatch.setenv("LINEAL_CATALOG", request.getfixturevalue("new_postgresql")())
    return request.param


def statuses(number: int) -> dict[str, str]:
    with Workspace.open() as workspace:
        return {e.step: e.status.value for e in workspace.get_run(str(number)).executions}


@pytest.mark.usefixtures("catalog_kind")
def test_one_executes_and_the_other_waits_and_reuses(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    waiter = stage.run("one")
    line = stage.waiting(waiter)
    assert "Run #1 one has been executing it since" in line
    assert f"process {holder.pid} on " in line
    stage.let_go()
    assert holder.wait(PATIENCE) == waiter.wait(PATIENCE) == 0
    assert stage.begun("first") == 1
    assert statuses(1) == {"first": "executed", "double": "executed"}
    assert statuses(2)["first"] == "reused"
    with Workspace.open() as workspace:
        assert workspace.services.catalog.leases.held() == []


def test_a_plan_names_who_is_waited_for(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    told = stage.run("one", "--dry-run", "--json").communicate(timeout=PATIENCE)[0]
    plan = json.loads(told)
    first, double = plan["steps"]
    assert first["decision"] == double["decision"] == "wait"
    assert first["held_by"]["pid"] == holder.pid
    assert first["held_by"]["run_number"] == 1
    assert double["held_by"] is None
    shown = stage.run("one", "--dry-run").communicate(timeout=PATIENCE)[0]
    assert "Run #1 one has been executing it since" in shown
    forced = stage.run("one", "--dry-run", "--json", "--force", "first")
    plan = json.loads(forced.communicate(timeout=PATIENCE)[0])
    assert plan["steps"][0]["decision"] == "execute"


@pytest.mark.usefixtures("catalog_kind")
def test_a_holder_that_is_killed_is_taken_over_from_at_once(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    waiter = stage.run("one")
    stage.waiting(waiter)
    holder.kill()
    holder.wait()
    stage.until(lambda: stage.begun("first") == 2)
    stage.let_go()
    assert waiter.wait(PATIENCE) == 0
    assert statuses(2) == {"first": "executed", "double": "executed"}


def test_a_holder_whose_machine_went_away_is_taken_over_from_when_it_was_silent(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    with Workspace.open() as workspace:
        catalog = workspace.services.catalog
        with catalog._database.write() as connection:
            connection.exec_driver_sql("UPDATE runs SET host = 'elsewhere'")
        holder.kill()
        holder.wait()
        waiter = stage.run("one")
        assert "on elsewhere" in stage.waiting(waiter)
        with catalog._database.write() as connection:
            back = int(1e6 * timing.LIFE)
            connection.exec_driver_sql(f"UPDATE leases SET renewed_at = renewed_at - {back}")
    stage.until(lambda: stage.begun("first") == 2)
    stage.let_go()
    assert waiter.wait(PATIENCE) == 0


def test_a_holder_that_is_stopped_for_good_does_not_hold_others_up_for_ever(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    holder.send_signal(signal.SIGSTOP)
    waiter = stage.run("one")
    stage.waiting(waiter)
    with Workspace.open() as workspace, workspace.services.catalog._database.write() as connection:
        back = int(1e6 * timing.LIFE)
        connection.exec_driver_sql(f"UPDATE leases SET renewed_at = renewed_at - {back}")
    stage.until(lambda: stage.begun("first") == 2)
    stage.let_go()
    assert waiter.wait(PATIENCE) == 0
    # It wakes up, and its result is one more record of the same.
    holder.send_signal(signal.SIGCONT)
    assert holder.wait(PATIENCE) == 0
    assert statuses(1)["first"] == statuses(2)["first"] == "executed"
    with Workspace.open() as workspace:
        assert workspace.services.catalog.leases.held() == []


def test_the_lease_of_a_long_step_is_renewed(stage):
    stage.hold()
    stage.run("one")
    stage.held()
    with Workspace.open() as workspace:
        leases = workspace.services.catalog.leases
        (before,) = leases.held()
        stage.until(lambda: leases.held()[0].renewed_at > before.renewed_at)
        assert leases.held()[0].since == before.since
    stage.let_go()


def test_a_holder_that_fails_lets_the_waiter_execute(stage):
    stage.hold()
    (stage.folder / "fail").touch()
    holder = stage.run("one")
    stage.held()
    waiter = stage.run("one")
    stage.waiting(waiter)
    stage.let_go()
    assert holder.wait(PATIENCE) == 1
    assert waiter.wait(PATIENCE) == 0
    assert statuses(1)["first"] == "failed"
    assert statuses(2) == {"first": "executed", "double": "executed"}


@pytest.mark.usefixtures("catalog_kind")
def test_two_that_hold_and_wait_crosswise_both_go_on(stage):
    stage.hold()
    one = stage.run("crosswise", "--workers", "1")
    stage.until(lambda: stage.begun("first") == 1)
    other = stage.run("crosswise", "-p", "turned=true", "--workers", "1")
    stage.until(lambda: stage.begun("first") + stage.begun("second") >= 1)
    stage.waiting(other)
    stage.let_go()
    assert one.wait(PATIENCE) == other.wait(PATIENCE) == 0
    assert stage.begun("first") == stage.begun("second") == 1


@pytest.mark.parametrize(
    ("target", "more", "step"),
    [
        ("uncached", (), "never_kept"),
        ("one", ("--no-cache",), "first"),
        ("one", ("--force", "first"), "first"),
        ("one", ("--seed", "7"), "first"),
    ],
)
def test_what_reuses_nothing_or_draws_otherwise_waits_for_nobody(stage, target, more, step):
    stage.hold()
    stage.run(target)
    stage.until(lambda: stage.begun(step) == 1)
    other = stage.run(target, *more)
    stage.until(lambda: stage.begun(step) == 2)
    stage.let_go()
    assert other.wait(PATIENCE) == 0


def test_a_result_that_lasts_a_while_is_waited_for(stage):
    stage.hold()
    stage.run("with_ttl")
    stage.held("for_a_while")
    waiter = stage.run("with_ttl")
    stage.waiting(waiter)
    stage.let_go()
    assert waiter.wait(PATIENCE) == 0
    assert statuses(2) == {"for_a_while": "reused"}


def test_a_wait_can_be_broken_off(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    waiter = stage.run("one")
    stage.waiting(waiter)
    waiter.send_signal(signal.SIGINT)
    assert waiter.wait(PATIENCE) != 0
    with Workspace.open() as workspace:
        record = workspace.get_run("2")
        assert record.status.value == "cancelled"
        assert {e.status for e in record.executions} == {ExecutionStatus.SKIPPED}
        (lease,) = workspace.services.catalog.leases.held()
        assert lease.run_number == 1
    stage.let_go()
    assert holder.wait(PATIENCE) == 0


def test_a_holder_that_is_broken_off_lets_the_waiter_execute(stage):
    stage.hold()
    holder = stage.run("one")
    stage.held()
    waiter = stage.run("one")
    stage.waiting(waiter)
    holder.send_signal(signal.SIGINT)
    stage.until(lambda: stage.begun("first") == 2)
    stage.let_go()
    assert waiter.wait(PATIENCE) == 0
    assert statuses(2)["first"] == "executed"


def test_processes_of_a_run_wait_like_threads(stage):
    stage.hold()
    holder = stage.run("one", "--processes")
    stage.held()
    waiter = stage.run("one", "--processes")
    stage.waiting(waiter)
    stage.let_go()
    assert holder.wait(PATIENCE) == waiter.wait(PATIENCE) == 0
    assert stage.begun("first") == 1


def test_a_run_inside_a_step_waits_for_no_other(stage):
    """It might wait for what waits for the step it is in."""
    (stage.folder / "pipe.py").write_text(
        PIPELINE
        + """

@task
def outer(x: int) -> int:
    return one.run(x=x).result


@pipeline
def nested(x: int = 1) -> int:
    return outer(x), first(x)
"""
    )
    nested = stage.run("nested", "--workers", "1")
    assert nested.wait(PATIENCE) == 0
