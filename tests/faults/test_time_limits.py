"""A step that can't be stopped from inside its process is ended with it, and nothing else is."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest

from lineal import Workspace
from lineal.records import ExecutionStatus
from lineal.running.lanes import Lane, Overdue
from lineal.running.limits import Limit, limit_here

pytestmark = pytest.mark.slow

STUCK = """
import os, subprocess, sys, time
from pathlib import Path
from lineal import pipeline, task

def note(folder, name):
    with Path(folder, name).open("a") as file:
        file.write("x")

@task(timeout=0.3)
def stuck(folder: str) -> int:
    note(folder, "stuck")
    time.sleep(600)
    return 1

@task(timeout=0.3)
def waits_for_another(folder: str) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(folder, "child").write_text(str(child.pid))
    child.wait()
    return 1

@task(timeout=2.0, retries=2)
def stuck_once(folder: str) -> int:
    note(folder, "once")
    if Path(folder, "once").read_text() == "x":
        time.sleep(600)
    print("came through")
    return 7

@task
def beside(folder: str, i: int) -> int:
    note(folder, f"beside-{i}")
    time.sleep(1.0)
    return i

@task
def below(x: int) -> int:
    return x

@pipeline
def limits(folder: str):
    lost = below(stuck(folder)), below(waits_for_another(folder))
    return below(stuck_once(folder)), [beside(folder, i) for i in range(3)], lost
"""


def test_only_what_takes_too_long_is_lost(tmp_path: Path, store: Path) -> None:
    (tmp_path / "limits.py").write_text(STUCK)
    command = ["run", "limits.py", "--processes", "--workers", "3", "--keep-going"]

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lineal.cli.main", *command, "-p", f"folder={tmp_path}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    told = run()
    assert "took longer than its timeout of 0.3 s" in told
    with Workspace.open(store) as workspace:
        record = workspace.get_run("latest")
        steps = {e.step: e for e in record.executions}
        failed = {e.step for e in steps.values() if e.status is ExecutionStatus.FAILED}
        assert failed == {"stuck", "waits_for_another"}
        assert {steps[f"beside{n}"].status.value for n in ("", "-2", "-3")} == {"executed"}
        assert [steps["stuck"].attempts, steps["stuck_once"].attempts] == [1, 2]
        assert workspace.get(f"{record.id}:stuck_once") == 7
        # What an attempt wrote is the step's own, also when its process is gone.
        assert [given.name for given in steps["stuck_once"].inputs] == ["folder"]
        # None of it is the process's start, and all of a step's attempts are its own.
        assert steps["stuck"].resources.wall_seconds >= 0.3
        assert steps["stuck_once"].started_at is not None
        took = steps["stuck_once"].finished_at - steps["stuck_once"].started_at
        assert took.total_seconds() >= 2.0
    assert [(tmp_path / f"beside-{i}").read_text() for i in range(3)] == ["x"] * 3
    assert not psutil.pid_exists(int((tmp_path / "child").read_text()))
    again = run()
    assert "2 failed, 5 reused" in again


KILLED = """
import os, signal
from pathlib import Path
from lineal import pipeline, task

def tried(folder, name):
    made = Path(folder, name)
    before = len(made.read_text()) if made.exists() else 0
    made.write_text("x" * (before + 1))
    return before

@task(retries=2)
def killed_twice(folder: str) -> int:
    if (before := tried(folder, "twice")) < 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return before

@task(retries=1)
def killed_always(folder: str) -> None:
    tried(folder, "always")
    os.kill(os.getpid(), signal.SIGKILL)

@pipeline
def study(folder: str):
    return killed_twice(folder), killed_always(folder)
"""


def test_a_process_that_is_killed_costs_an_attempt(tmp_path: Path, store: Path) -> None:
    (tmp_path / "study.py").write_text(KILLED)
    command = ["run", "study.py", "--processes", "--keep-going", "-p", f"folder={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", *command],
        cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "process" in done.stderr
    with Workspace.open(store) as workspace:
        record = workspace.get_run("latest")
        twice, always = record.executions
        assert workspace.get(f"{record.id}:killed_twice") == 2
    assert (twice.status, twice.attempts) == (ExecutionStatus.EXECUTED, 3)
    assert [given.name for given in twice.inputs] == ["folder"]
    assert always.status is ExecutionStatus.FAILED
    assert (tmp_path / "always").read_text() == "xx"


# A lane by itself


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane()
    yield made
    made.close()


def hold(seconds: float, attempt: int, hold_for: float) -> int:
    limit = limit_here()
    assert limit is not None
    limit.began(attempt)
    with limit.running(seconds):
        time.sleep(hold_for)
    return os.getpid()


def test_what_keeps_to_its_limit_stays_in_its_process(lane: Lane) -> None:
    first = lane.do(True, hold, 60.0, 1, 0.0)
    assert lane.do(True, hold, 60.0, 1, 0.3) == first
    assert lane.do(False, os.getpid) == first


def test_what_does_not_is_ended_and_the_next_goes_to_another_process(lane: Lane) -> None:
    first = lane.do(True, os.getpid)
    with pytest.raises(Overdue) as told:
        lane.do(True, hold, 0.1, 3, 600.0)
    assert told.value.attempt == 3
    assert told.value.late > 0
    assert told.value.memory > 1 << 20
    assert not psutil.pid_exists(first)
    assert lane.do(True, hold, 60.0, 1, 0.0) != first


def test_a_process_that_goes_away_is_replaced(lane: Lane) -> None:
    with pytest.raises(BrokenProcessPool):
        lane.do(False, os._exit, 9)
    first = lane.do(False, os.getpid)
    psutil.Process(first).kill()
    while psutil.pid_exists(first) and psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    time.sleep(0.2)
    assert lane.do(False, os.getpid) != first


def test_a_lane_that_is_stopped_starts_nothing(lane: Lane) -> None:
    told: list[BaseException] = []

    def wait() -> None:
        try:
            lane.do(True, hold, 600.0, 1, 600.0)
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(1.0)
    lane.stop()
    thread.join(60)
    assert isinstance(told[0], BrokenProcessPool)
    with pytest.raises(CancelledError):
        lane.do(False, os.getpid)


def test_a_limit_counts_down_while_it_runs_and_is_none_before_and_after() -> None:
    limit = Limit(multiprocessing.get_context("spawn"))
    assert limit.left is None
    limit.began(2)
    with limit.running(60.0):
        assert limit.left is not None
        assert 0.0 < limit.left <= 60.0
        assert limit.attempt == 2
    assert limit.left is None
