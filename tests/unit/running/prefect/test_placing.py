"""What a task asks of a cluster is heard by Dask's and Ray's own schedulers, and by no key."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace, pipeline, task, unmapped
from lineal.records import RunStatus
from lineal.running import Run
from lineal.running.prefect import RESOURCES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.prefect,
    # Sockets that Dask and Ray leave to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def takes_a_while(n: int, folder: str) -> str:
    began = time.time()
    time.sleep(0.3)
    with Path(folder, "log").open("a") as log:
        log.write(f"{began} {time.time()}\n")
    return os.environ.get("PLACE", str(n))


gpu = task(name="gpu", resources={"gpus": 1}, cache=False)(takes_a_while)
both = task(name="both", resources={"cpus": 2}, cache=False)(takes_a_while)
disk = task(name="disk", resources={"disk": 1}, cache=False)(takes_a_while)


@pipeline
def on_gpus(folder: str = "") -> Any:
    return gpu.map(range(4), unmapped(folder))


@pipeline
def one_by_one(folder: str = "") -> Any:
    return both.map(range(3), unmapped(folder))


@pipeline
def by_disk(folder: str = "") -> Any:
    return disk.map(range(3), unmapped(folder))


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


def overlapping(folder: Path) -> bool:
    times = sorted(tuple(map(float, line.split())) for line in (folder / "log").open())
    return any(end > begin for (_, end), (begin, _) in pairwise(times))


class Told(logging.Handler):
    """Does something when the run first says something."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.then = then

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        if len(self.lines) == 1:
            self.then()


class DaskCluster:
    """A scheduler of Dask's and workers, each a process with a name for the place it is."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        where = folder / "scheduler.json"
        self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(where),
        )  # fmt: skip
        end = time.monotonic() + 60
        while not where.exists():
            assert time.monotonic() < end
            time.sleep(0.1)
        self.address = json.loads(where.read_text())["address"]

    def worker(self, place: str, *more: str) -> None:
        self._start(
            "worker", self.address, "--nthreads", "2", "--no-dashboard", "--no-nanny",
            *more, PLACE=place,
        )  # fmt: skip

    def _start(self, *words: str, **variables: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self._folder,
            env={**os.environ, **variables},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)


@pytest.fixture
def dask_cluster(tmp_path: Path, prefect_server: str) -> Iterator[DaskCluster]:
    pytest.importorskip("prefect_dask")
    with ExitStack() as stack:
        yield DaskCluster(stack, tmp_path)


def on(workspace: Workspace, what: Any, folder: Path, **options: Any) -> Run:
    given = workspace.options(runner="prefect", echo=False, **options)
    return workspace.run(what, {"folder": str(folder)}, given)


@pytest.mark.dask
def test_dask_executes_a_step_where_there_is_what_it_asks_for(
    workspace: Workspace,
    dask_cluster: DaskCluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dask_cluster.worker("plain")
    comes = Told(lambda: dask_cluster.worker("gpu", "--resources", "GPU=1"))
    monkeypatch.setattr(logging.getLogger("lineal"), "handlers", [comes])
    address = dask_cluster.address
    run = on(workspace, on_gpus, tmp_path, task_runner="dask", address=address)
    assert run.status is RunStatus.FINISHED
    said = "gpu[0] asks for gpus=1: no worker of the Dask cluster offers that now"
    assert comes.lines == [said]
    assert run.result == ["gpu"] * 4
    assert not overlapping(tmp_path)
    assert [e.step for e in run.executions] == [f"gpu[{n}]" for n in range(4)]
    assert {e.tags.get(RESOURCES) for e in run.executions} == {"gpus=1"}


@pytest.mark.dask
def test_a_cluster_of_its_own_that_can_not_place_a_step_fails_it_at_once(
    workspace: Workspace, tmp_path: Path, prefect_server: str
) -> None:
    pytest.importorskip("prefect_dask")
    run = on(workspace, on_gpus, tmp_path, task_runner="dask", workers=1)
    assert run.status is RunStatus.FAILED
    assert "asks for gpus=1, which no worker of the Dask cluster" in str(run.exception)
    assert '--resources "GPU=1"' in str(run.exception)
    run = on(workspace, one_by_one, tmp_path, task_runner="dask", workers=2)
    assert run.status is RunStatus.FINISHED, "Dask's workers say nothing of their processors"


@pytest.mark.ray
def test_ray_executes_at_once_only_what_there_is_enough_for(
    workspace: Workspace, tmp_path: Path, prefect_server: str
) -> None:
    runners = pytest.importorskip("prefect_ray.task_runners")
    run = on(workspace, on_gpus, tmp_path, task_runner="ray", workers=2)
    assert run.status is RunStatus.FAILED
    assert "asks for gpus=1, which no worker of the Ray cluster" in str(run.exception)
    run = on(workspace, one_by_one, tmp_path, task_runner="ray", workers=2)
    assert run.status is RunStatus.FINISHED, run.exception
    assert not overlapping(tmp_path)
    assert {e.tags.get(RESOURCES) for e in run.executions if e.position} == {"cpus=2"}
    (tmp_path / "log").unlink()
    with_disk = runners.RayTaskRunner(
        init_kwargs={"num_cpus": 2, "resources": {"disk": 1}, "include_dashboard": False}
    )
    run = on(workspace, by_disk, tmp_path, task_runner=with_disk)
    assert run.status is RunStatus.FINISHED, run.exception
    assert not overlapping(tmp_path)
