"""Runs on Prefect whose worker, server or own process is killed in the middle."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from lineal import Workspace
from lineal.records import RunStatus
from lineal.running.prefect.runner import FLOW_RUN
from lineal.running.prefect.server import TemporaryServer
from lineal.running.receipts import DONE_BY, LOST

pytestmark = [pytest.mark.slow, pytest.mark.prefect]
CLUSTERS = [
    pytest.param(
        word,
        marks=[
            getattr(pytest.mark, word),
            pytest.mark.skipif(not find_spec(f"prefect_{word}"), reason=f"needs lineal[{word}]"),
        ],
    )
    for word in ("dask", "ray")
]

STUDY = """
import os, signal, sys, time
from pathlib import Path
from lineal import pipeline, task

@task
def before(folder: str) -> int:
    with open(f"{folder}/before", "a") as file:
        file.write("x")
    return 1

@task
def dies(n: int, folder: str) -> int:
    with open(f"{folder}/calls", "a") as file:
        file.write("x")
    mark = Path(folder) / "died"
    if mark.exists():
        return n + 1
    mark.touch()
    HOW

@task
def after(n: int) -> int:
    return n + 1

@pipeline
def study(folder: str = "."):
    return after(dies(before(folder), folder))
"""
RUN = """
import sys
import lineal
from study import study
from lineal.running.prefect import runner
runner.PATIENCE = 5.0

if __name__ == "__main__":
    run = lineal.run(study, {"folder": sys.argv[1]}, runner="prefect", task_runner=sys.argv[2],
                     workers=1)
    print(run.status.value)
    if run.exception is not None:
        print(run.exception)
"""
DONE = """
    from lineal.running.receipts import Receipts
    end = Receipts.end
    def end_and_die(self, outcome):
        end(self, outcome)
        os.kill(os.getpid(), signal.SIGKILL)
    Receipts.end = end_and_die
    time.sleep(0.1)
    return n + 1
"""
WAITS = """
    while not (Path(folder) / "go").exists():
        time.sleep(0.05)
    return n + 1
"""
SERVER = """
    from lineal.running.prefect.server import temporary
    temporary._process.kill()
    temporary._process.wait()
    return n + 1
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "run.py").write_text(RUN)
    return tmp_path


def begun(project: Path, on: str, how: str, **variables: str) -> subprocess.Popen[str]:
    (project / "study.py").write_text(STUDY.replace("    HOW\n", how))
    environment = {n: v for n, v in os.environ.items() if not n.startswith("PREFECT_")}
    return subprocess.Popen(
        [sys.executable, "run.py", str(project), on],
        cwd=project,
        env={**environment, "PREFECT_HOME": str(project / "prefect"), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=240)[0]


def states(workspace: Workspace, reference: str) -> dict[str, str]:
    return {e.step: e.status.value for e in workspace.get_run(reference).executions}


def goes_on(project: Path, store: Path) -> None:
    """The same command completes, and what was committed is not executed again."""
    with Workspace.open(store) as workspace:
        sys.path.insert(0, str(project))
        try:
            from lineal.cli.loading import load_pipeline

            study = load_pipeline(str(project / "study.py"))
            run = workspace.run(study, {"folder": str(project)})
        finally:
            sys.path.remove(str(project))
            sys.modules.pop("study", None)
    assert run.status is RunStatus.FINISHED
    assert run.result == 3
    assert run.execution("before").status.value == "reused"
    assert (project / "before").read_text() == "x"


def test_a_worker_that_is_killed_fails_its_step(
    project: Path, store: Path, prefect_server: str
) -> None:
    how = "    os.kill(os.getpid(), signal.SIGKILL)\n"
    told = said(begun(project, "processes", how, PREFECT_API_URL=prefect_server))
    assert "failed" in told.splitlines(), told
    assert "The worker that executed the step went away" in told
    with Workspace.open(store) as workspace:
        assert states(workspace, "1") == {
            "before": "executed",
            "dies": "failed",
            "after": "skipped",
        }
        assert "went away" in str(workspace.execution("1", "dies").error)
    goes_on(project, store)


MAP = """
import json, os, signal, sys, time
from pathlib import Path
from urllib.request import Request, urlopen
import lineal
from lineal import pipeline, task

def die_when_prefect_knows(step):
    states = {"type": {"any_": ["RUNNING"]}}
    asked = {"task_runs": {"name": {"any_": [step]}, "state": states}}
    url = os.environ["PREFECT_API_URL"] + "/task_runs/filter"
    how = {"data": json.dumps(asked).encode(), "headers": {"Content-Type": "application/json"}}
    while not json.load(urlopen(Request(url, **how))):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)

@task
def work(n: int, folder: str) -> int:
    own = Path(folder)
    (own / f"began-{n}").touch()
    if n == 0:
        while not (own / "began-1").exists():
            time.sleep(0.01)
        die_when_prefect_knows("work")
    while not (own / "over").exists():
        time.sleep(0.01)
    return n

@task(retries=1)
def last(n: int, folder: str) -> int:
    mark = Path(folder) / "tried"
    if mark.exists():
        return n + len(mark.read_text())
    mark.write_text("x")
    die_when_prefect_knows("last")

@pipeline
def study(folder: str):
    made = [work(n, folder) for n in range(3)]
    return last(made[2], folder), made

if __name__ == "__main__":
    def finish():
        while not (own / "began-2").exists():
            time.sleep(0.01)
        (own / "over").touch()
    import threading
    own = Path(sys.argv[1])
    threading.Thread(target=finish, daemon=True).start()
    run = lineal.run(study, {"folder": sys.argv[1]}, runner="prefect", task_runner="processes",
                     workers=2, keep_going=True)
    print(run.status.value)
"""


def test_a_process_that_is_killed_takes_only_its_own_step_with_it(
    project: Path, store: Path, prefect_server: str
) -> None:
    (project / "study.py").write_text(MAP)
    environment = {**os.environ, "PREFECT_API_URL": prefect_server}
    words = [sys.executable, "study.py", str(project)]
    done = subprocess.run(
        words, cwd=project, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.stdout == "failed\n", done.stderr
    with Workspace.open(store) as workspace:
        assert states(workspace, "1") == {
            "work": "failed",
            "work-2": "executed",
            "work-3": "executed",
            "last": "executed",
        }
        last = workspace.execution("1", "last")
        assert last.attempts == 2
        # What the killed attempt wrote is the step's own.
        assert [given.name for given in last.inputs] == ["n", "folder"]
        flow_run = workspace.get_run("1").tags[FLOW_RUN]
    asked = {"flow_runs": {"id": {"any_": [flow_run]}}}

    def shown() -> list[tuple[str, str]]:
        found = httpx.post(f"{prefect_server}/task_runs/filter", json=asked).json()
        return sorted((run["name"], run["state_name"]) for run in found)

    expected = [
        ("last", "Completed"),
        ("last", "Crashed"),
        ("work", "Crashed"),
        ("work-2", "Completed"),
        ("work-3", "Completed"),
    ]
    wait_for(lambda: shown() == expected)  # Prefect takes in by and by what it is told
    assert shown() == expected


@pytest.mark.parametrize("on", CLUSTERS)
def test_what_a_killed_worker_of_a_cluster_had_begun_is_done_by_another(
    project: Path, store: Path, prefect_server: str, on: str
) -> None:
    how = "    time.sleep(1)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    told = said(begun(project, on, how, PREFECT_API_URL=prefect_server))
    assert "finished" in told.splitlines(), told
    with Workspace.open(store) as workspace:
        assert set(states(workspace, "1").values()) == {"executed"}
        tags = workspace.execution("1", "dies").tags
        assert tags[LOST].partition(":")[0] == socket.gethostname()
        assert DONE_BY not in tags
    goes_on(project, store)


@pytest.mark.parametrize("on", CLUSTERS)
def test_what_a_killed_worker_of_a_cluster_had_finished_is_not_done_again(
    project: Path, store: Path, prefect_server: str, on: str
) -> None:
    told = said(begun(project, on, DONE, PREFECT_API_URL=prefect_server))
    assert "finished" in told.splitlines(), told
    with Workspace.open(store) as workspace:
        execution = workspace.execution("1", "dies")
        assert execution.status.value == "executed"
        assert execution.tags[DONE_BY].partition(":")[0] == socket.gethostname()
        assert execution.attempts == 1
    assert (project / "calls").read_text() == "x"
    assert not list((store / "tmp").glob("receipt-*"))
    goes_on(project, store)


def test_a_server_that_is_killed_does_not_stop_the_run(project: Path, store: Path) -> None:
    told = said(begun(project, "threads", SERVER))
    assert "finished" in told.splitlines(), told
    assert "Prefect was not told all of this run" in told
    with Workspace.open(store) as workspace:
        assert set(states(workspace, "1").values()) == {"executed"}
    goes_on(project, store)


def test_a_server_of_its_own_that_is_killed_is_not_waited_for(
    project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(project / "server"))
    server = TemporaryServer()
    try:
        url = server.url({"PREFECT_SERVER_ANALYTICS_ENABLED": "false"}, patience=180)
        running = begun(project, "processes", WAITS, PREFECT_API_URL=url)
        wait_for(lambda: (project / "died").exists() or running.poll() is not None)
        assert server._process is not None
        server._process.kill()
        server._process.wait()
        (project / "go").touch()
        told = said(running)
    finally:
        server.stop()
    assert "finished" in told.splitlines(), told
    assert "Prefect was not told all of this run" in told
    assert "EventsWorker" not in told
    assert "Still processing" not in told
    with Workspace.open(store) as workspace:
        assert set(states(workspace, "1").values()) == {"executed"}
    goes_on(project, store)


@pytest.mark.parametrize("on", ["processes", *CLUSTERS])
def test_a_killed_run_leaves_no_process_behind_and_is_recorded_as_lost(
    project: Path, store: Path, on: str
) -> None:
    running = begun(project, on, "    time.sleep(600)\n")
    wait_for(lambda: (project / "died").exists() or running.poll() is not None)
    assert (project / "died").exists()
    family = psutil.Process(running.pid).children(recursive=True)
    assert any("serving.py" in " ".join(p.cmdline()) for p in family)
    assert len(family) >= 2
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert running.stdout is not None
    running.stdout.close()
    wait_for(lambda: not any(alive(p) and not looks_after_ray(p) for p in family))
    assert [p for p in family if alive(p) and not looks_after_ray(p)] == []
    with Workspace.open(store) as workspace:
        run = workspace.get_run("1")
        assert run.status is RunStatus.LOST
        assert states(workspace, "1") == {"before": "executed"}
    goes_on(project, store)


def looks_after_ray(process: psutil.Process) -> bool:
    """Whether it is an agent of Ray's, which looks only once in a while whether its node lives."""
    try:
        return "Agent" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for(what: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.1)
