"""Whatever kills or starves a run, what was committed stays and running again completes it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from lineal import Workspace, pipeline, task
from lineal.errors import BlobCorrupt, StoreError, StoreUnwritable
from lineal.records import ExecutionStatus, RunStatus

CHAIN = """
import sys, time
from lineal import pipeline, task

@task
def step(x, pause):
    time.sleep(pause)
    return x + 1

@pipeline
def chain(pause: float = 0.05):
    x = 0
    for _ in range(12):
        x = step(x, pause)
        print(x.value, flush=True)
    return x

if __name__ == "__main__":
    assert chain() == 12
"""

RACING = """
import os, sys, time
from pathlib import Path
from lineal import Workspace, log_metric, pipeline, task

@task
def count(i):
    log_metric("i", i)
    time.sleep(0.01)
    return i

@task
def noise(n):
    return os.urandom(8000)

@pipeline
def racing():
    return noise.map(count.map(range(10)))

if __name__ == "__main__":
    ready, go = map(Path, sys.argv[1:])
    with Workspace.open() as workspace:
        ready.touch()
        while not go.exists():
            time.sleep(0.001)
        assert workspace.run(racing).status.value == "finished"
"""


ON_A_FULL_DISK = """
import os, subprocess, sys
from pathlib import Path

os.chdir(sys.argv[1])
os.environ["LINEAL_STORE"] = "store"
Path("full.py").write_text('''
import os
from lineal import log_metric, pipeline, task

@task
def small(n: int) -> int:
    log_metric("n", n)
    return n + 1

@task
def big(n: int) -> bytes:
    return os.urandom(n)

@pipeline
def full(n: int = 1_000):
    return small(n), big(n)
''')

def lineal(*words):
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", *words], capture_output=True, text=True
    )
    print("$", *words, "->", done.returncode)
    print(done.stdout, done.stderr)

def fill():
    with open("filling", "ab", buffering=0) as filling:
        try:
            while filling.write(bytes(1024)):
                pass
        except OSError:
            pass

lineal("run", "full.py")
lineal("run", "full.py", "-p", "n=9000000")
lineal("runs")
fill()
lineal("run", "full.py")
lineal("replay", "1")
lineal("get", "1:small")
lineal("get", "1:big", "-o", "big.bin")
print("left behind:", *sorted(os.listdir()))
os.unlink("filling")
lineal("run", "full.py")
lineal("verify")
"""


@task
def big(n: int) -> bytes:
    return os.urandom(n)


@pipeline
def make(n: int = 300_000) -> Any:
    return big(n)


def start(tmp_path: Path) -> subprocess.Popen[str]:
    script = tmp_path / "chain.py"
    script.write_text(CHAIN)
    return subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 6])
def test_a_killed_run_is_lost_and_running_again_completes_it(
    tmp_path: Path, store: Path, after: int
) -> None:
    process = start(tmp_path)
    assert process.stdout is not None
    for _ in range(after):
        process.stdout.readline()
    time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Workspace.open(store) as workspace:
        assert [r.status for r in workspace.list_runs()] == [RunStatus.LOST]
        lost = workspace.get_run("latest")
        committed = {e.step for e in lost.executions if e.outputs}
        seen = [e.finished_at for e in lost.executions if e.finished_at]
    assert committed or after == 1
    assert lost.record.finished_at is not None
    assert lost.record.finished_at >= max([lost.started_at, *seen])
    again = start(tmp_path)
    _, errors = again.communicate(timeout=180)
    assert again.returncode == 0, errors
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
        assert run.status is RunStatus.FINISHED
        reused = {e.step for e in run.executions if e.status is ExecutionStatus.REUSED}
        assert committed <= reused


@pytest.mark.slow
@pytest.mark.parametrize("processes", [(), ("--processes",)], ids=["threads", "processes"])
def test_a_run_that_is_interrupted_is_recorded_as_cancelled_and_says_so(
    tmp_path: Path, store: Path, processes: tuple[str, ...]
) -> None:
    (tmp_path / "chain.py").write_text(CHAIN)
    process = subprocess.Popen(
        [sys.executable, "-m", "lineal.cli.main", "run", "chain.py", *processes, "-p", "pause=0.3"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    begun, first = process.stderr.readline(), process.stderr.readline()
    assert "executed" in first, begun + first
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 130
    assert "what had finished is kept, and running again goes on from there" in errors
    assert "Traceback" not in errors
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
        assert run.status is RunStatus.CANCELLED
        assert run.executions[0].status is ExecutionStatus.EXECUTED


@pytest.mark.slow
def test_worker_processes_end_with_a_run_that_is_killed(tmp_path: Path, store: Path) -> None:
    (tmp_path / "chain.py").write_text(CHAIN)
    command = ["run", "chain.py", "--processes", "-p", "pause=60"]
    process = subprocess.Popen(
        [sys.executable, "-m", "lineal.cli.main", *command],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    run = psutil.Process(process.pid)
    deadline = time.monotonic() + 60
    while not (workers := _workers_of(run)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1.0)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    for worker in alive:
        worker.kill()
    assert alive == []


def _workers_of(run: psutil.Process) -> list[psutil.Process]:
    return [child for child in run.children() if _is_worker(child)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # ended since it was listed: git, for one
        return False


@pytest.mark.slow
def test_two_runs_of_the_same_keys_at_once_lose_nothing_and_a_third_reuses(
    tmp_path: Path, store: Path
) -> None:
    script = tmp_path / "racing.py"
    script.write_text(RACING)
    both = [
        subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / name), str(tmp_path / "go")],
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("ready-1", "ready-2")
    ]
    while not all((tmp_path / name).exists() for name in ("ready-1", "ready-2")):
        assert all(process.poll() is None for process in both)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    for process in both:
        _, errors = process.communicate(timeout=180)
        assert process.returncode == 0, errors
    with Workspace.open(store) as workspace:
        runs = [workspace.get_run(str(number)) for number in (1, 2)]
        assert runs[0].started_at < runs[1].record.finished_at
        assert runs[1].started_at < runs[0].record.finished_at
        for run in runs:
            assert run.status is RunStatus.FINISHED
            steps = [e for e in run.executions if e.position]
            assert len(steps) == 20
            assert all(e.outputs for e in steps)
            for step in steps:
                assert isinstance(workspace.get(f"{run.id}:{step.step}"), (int, bytes))
            executed = [e for e in steps if e.status is ExecutionStatus.EXECUTED]
            counted = [e for e in executed if e.task.endswith(":count")]
            assert workspace.metrics(run).num_rows == len(counted)
    third = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "ready-3"), str(tmp_path / "go")], check=False
    )
    assert third.returncode == 0
    with Workspace.open(store) as workspace:
        run = workspace.get_run("3")
        assert {e.status for e in run.executions if e.position} == {ExecutionStatus.REUSED}
        assert run.result in [earlier.result for earlier in runs]


def test_a_corrupted_blob_is_named_and_never_returned(store: Path) -> None:
    run = make.run()
    blobs = [p for p in (store / "blobs").rglob("*") if p.is_file() and p.stat().st_size > 100_000]
    assert blobs
    for blob in blobs:
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.chmod(0o644)
        blob.write_bytes(content)
    with Workspace.open(store) as workspace, pytest.raises(BlobCorrupt):
        workspace.get(f"{run.id}:big")


@task
def length(content: bytes, more: int) -> int:
    return len(content) + more


@pipeline
def measured(more: int = 0) -> Any:
    return length(big(300_000), more)


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_step_whose_input_is_damaged_fails_without_being_blamed(store: Path, damage: str) -> None:
    measured.run()
    for blob in [p for p in (store / "blobs").rglob("*") if p.is_file()]:
        blob.chmod(0o644)
        blob.write_bytes(b"other") if damage == "changed" else blob.unlink()
    run = measured.run(more=1)
    assert run.status is RunStatus.FAILED
    told = str(run.record.error)
    assert told.startswith("The step 'length' can't be given what it takes. The blob blake3:")
    assert "--force" in told
    assert told == str(run.exception) == run.execution("length").error


def test_a_full_disk_fails_the_run_and_loses_nothing_before_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make.run(n=200_000)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        try:
            run = make.run(n=250_000)
        except StoreUnwritable:
            pass
        else:
            assert run.status is RunStatus.FAILED
    with Workspace.open(store) as workspace:
        assert len(workspace.get(f"{first.id}:big")) == 200_000
    assert make.run(n=250_000).status is RunStatus.FINISHED


@pytest.mark.slow
def test_a_disk_that_is_really_full_fails_a_run_and_can_be_read(
    on_a_small_disk: Callable[[str, str], str],
) -> None:
    told = on_a_small_disk("6m", ON_A_FULL_DISK).split("$ ")[1:]
    answers = iter(told)
    assert next(answers).startswith("run full.py -> 0")
    during = next(answers)
    assert during.startswith("run full.py -p n=9000000 -> 1")
    assert "Run #2 could not be recorded to its end" in during
    assert "the disk is full: make room on it" in during
    assert [line.split()[4] for line in next(answers).splitlines()[2:4]] == ["failed", "finished"]
    before = next(answers)
    assert before.startswith("run full.py -> 2")
    assert "the space left on its disk" in before
    replayed = next(answers)
    assert replayed.startswith("replay 1 -> 2")
    assert "the space left on its disk" in replayed
    assert "AssertionError" not in replayed
    assert next(answers).split() == ["get", "1:small", "->", "0", "1001"]
    refused = next(answers)
    assert refused.startswith("get 1:big -o big.bin -> 2")
    assert "big.bin can't be written: No space left on device" in refused
    assert "left behind: filling full.py store" in refused.replace("__pycache__ ", "")
    assert "2 reused" in next(answers)
    assert "sound" in next(answers)


@pytest.mark.parametrize("under", ["file", "file/deeper"])
def test_a_store_that_cannot_be_made_is_named(tmp_path: Path, under: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="file"):
        Workspace.open(tmp_path / under)


@task
def failing(x: int) -> int:
    raise ValueError(x)


@task
def one_more(x: int) -> int:
    return x + 1


@pipeline
def broken_chain(steps: int) -> Any:
    x: Any = failing(0)
    for _ in range(steps):
        x = one_more(x)
    return x


def test_a_failure_above_a_long_chain_skips_all_of_it(store: Path) -> None:
    with Workspace.open(store) as workspace:
        run = workspace.run(broken_chain, {"steps": 1500})
        assert run.status is RunStatus.FAILED
        counts = [e.status for e in run.executions if e.position]
        assert counts == [ExecutionStatus.FAILED] + [ExecutionStatus.SKIPPED] * 1500
