"""Files are read when they have changed, and a store is kept in order by its runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace, log_metric, pipeline, task
from lineal.digests import files
from lineal.digests.memo import GRANULARITY_NS
from lineal.metrics import MetricStore
from lineal.metrics import store as metric_store
from lineal.records import RunStatus


@task
def read(file: Path) -> str:
    return file.read_text()


@pipeline
def reads(file: Path) -> Any:
    return read(file)


@task
def edit(file: Path) -> str:
    before = file.read_text()
    file.write_text(before + "!")
    return before


@task
def delete(file: Path) -> int:
    file.unlink()
    return 1


@task(ignore=("target",))
def write_to(text: str, target: Path) -> str:
    target.write_text(text)
    return text


@pipeline
def edits(file: Path) -> Any:
    return edit(file)


@pipeline
def deletes(file: Path) -> Any:
    return delete(file)


@pipeline
def writes(target: Path) -> Any:
    return write_to("new", target)


@task(cache=False)
def log(n: int) -> int:
    log_metric("n", n)
    return n


@pipeline
def logs(n: int) -> Any:
    return log(n)


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to identify them; all files count as old enough to remember."""
    read_: list[Path] = []
    original = files._steady

    def steady(path: Path) -> Any:
        read_.append(path)
        return original(path)

    monkeypatch.setattr(files, "_steady", steady)
    monkeypatch.setattr(files, "now_ns", lambda: time.time_ns() + 2 * GRANULARITY_NS)
    return read_


def test_an_unchanged_file_is_not_read_again_by_later_runs_and_plans(
    store: Path, tmp_path: Path, reading: list[Path]
) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    with Workspace.open(store) as first:
        first.run(reads, {"file": file})
    assert file in reading
    reading.clear()
    with Workspace.open(store) as second:
        assert second.plan(reads, {"file": file}).counts()["reuse"] == 1
        run = second.run(reads, {"file": file})
    assert run.execution("read").status.value == "reused"
    assert reading == []


def test_a_file_swapped_under_the_same_name_size_and_time_is_noticed(
    store: Path, tmp_path: Path, reading: list[Path]
) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    for text, replacing in (("new", False), ("odd", True)):
        with Workspace.open(store) as workspace:
            workspace.run(reads, {"file": file})
            stat = file.stat()
            time.sleep(0.02)  # more than a tick of the clock that stamps files
            target = tmp_path / "other" if replacing else file
            target.write_text(text)
            os.utime(target, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            if replacing:
                target.replace(file)
            assert file.stat().st_mtime_ns == stat.st_mtime_ns
            assert file.stat().st_size == stat.st_size
            assert workspace.plan(reads, {"file": file}).counts()["execute"] == 1
            run = workspace.run(reads, {"file": file})
        assert run.result == text


def test_a_plan_leaves_no_memo(store: Path, tmp_path: Path, reading: list[Path]) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    with Workspace.open(store) as workspace:
        before = sorted(p.name for p in store.iterdir())
        workspace.plan(reads, {"file": file})
        assert file in reading
        assert sorted(p.name for p in store.iterdir()) == before


@pytest.mark.parametrize("of", [edits, deletes])
def test_a_step_that_changes_a_file_it_was_given_is_not_kept(
    workspace: Workspace, tmp_path: Path, of: Any
) -> None:
    file = tmp_path / "data.txt"
    file.write_text("old")
    run = workspace.run(of, {"file": file})
    assert run.status is RunStatus.FAILED
    assert "data.txt" in str(run.exception)
    assert run.executions[-1].outputs == ()


def test_a_step_may_write_where_an_ignored_argument_says(
    workspace: Workspace, tmp_path: Path
) -> None:
    target = tmp_path / "target.txt"
    target.write_text("old")
    assert workspace.run(writes, {"target": target}).result == "new"


def segments(store: Path) -> int:
    return len(list((store / "metrics" / "segments").glob("*.parquet")))


def test_runs_merge_small_segments_and_lose_no_point(
    store: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_store, "MANY", 4)
    monkeypatch.setattr(MetricStore.compact, "__defaults__", (4,))
    runs = [workspace.run(logs, {"n": n}) for n in range(10)]
    assert segments(store) < 4
    for n, run in enumerate(runs):
        assert workspace.metrics(run).column("value").to_pylist() == [n]


def test_segments_that_cannot_be_merged_fail_no_run(
    store: Path,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(metric_store, "MANY", 2)
    workspace.run(logs, {"n": 1})
    for segment in (store / "metrics" / "segments").glob("*.parquet"):
        segment.write_bytes(bytes(segment.stat().st_size))
    assert workspace.run(logs, {"n": 2}).status is RunStatus.FINISHED
    assert "could not be merged" in caplog.text
