"""What a step reads without taking it is seen, recorded, and checked before it is reused."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.csv import read_csv as read_csv_unseen
from pyarrow.parquet import ParquetFile

from lineal import Workspace, pipeline, task
from lineal.errors import UndeclaredInput
from lineal.records import Cause
from lineal.running.observed import UNSEEN, unseen_by


@pytest.fixture
def workspace(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    with Workspace.open(store) as opened:
        yield opened


def by_csv() -> Any:
    return pd.read_csv("hidden.csv").to_dict("list")


def by_open() -> Any:
    return Path("hidden.csv").read_text()


def by_thread() -> Any:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(by_open()))
    thread.start()
    thread.join()
    return found


def by_pool() -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(by_open).result()


def by_parquet() -> Any:
    return pd.read_parquet("hidden.parquet").to_dict("list")


def by_arrow() -> Any:
    return pq.read_table("hidden.parquet").to_pydict()


def by_parquet_file() -> Any:
    return pq.ParquetFile("hidden.parquet").read().to_pydict()


def by_parquet_file_held_by_name() -> Any:
    return ParquetFile("hidden.parquet").read().to_pydict()


def by_memmap() -> Any:
    return np.array(np.memmap("hidden.bin", dtype="u1", mode="r")).tolist()


def by_sqlite() -> Any:
    connection = sqlite3.connect("hidden.db")
    try:
        return connection.execute("select x from t").fetchall()
    finally:
        connection.close()


def by_listing() -> Any:
    return sorted(path.name for path in Path("folder").iterdir())


def by_variable() -> Any:
    return os.environ.get("HIDDEN", "none")


def by_getenv() -> Any:
    return os.getenv("HIDDEN")


def write(n: int) -> None:
    Path("hidden.csv").write_text(f"x\n{n}\n")
    Path("hidden.bin").write_bytes(bytes([n]))
    pq.write_table(pa.table({"x": [n]}), "hidden.parquet")
    Path("folder").mkdir(exist_ok=True)
    Path("folder", f"file{n}").touch()
    connection = sqlite3.connect("hidden.db")
    connection.executescript(
        f"drop table if exists t; create table t (x); insert into t values ({n})"
    )
    connection.close()
    os.environ["HIDDEN"] = f"secret{n}"


WAYS: dict[str, Callable[[], Any]] = {
    name: way for name, way in list(globals().items()) if name.startswith("by_")
}


@task(version="1")
def peek(way: str) -> Any:
    return WAYS[way]()


@task
def total(found: Any) -> str:
    return str(found)


@pipeline
def peeking(way: str) -> str:
    return total(peek(way))


@pytest.mark.parametrize("way", WAYS)
def test_a_hidden_read_is_recorded_and_a_change_of_it_is_a_miss(
    workspace: Workspace, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", "")
    write(1)
    first = workspace.run(peeking, {"way": way})
    assert first.exception is None, first.exception
    names = [i.name for i in first.execution("peek").inputs if i.observed]
    assert len(names) == 1, names
    again = workspace.run(peeking, {"way": way})
    assert again.execution("peek").status.value == "reused"
    assert [i.name for i in again.execution("peek").inputs if i.observed] == names
    write(2)
    changed = workspace.run(peeking, {"way": way})
    execution = changed.execution("peek")
    assert (execution.status.value, execution.reason.cause) == ("executed", Cause.OBSERVED)
    assert execution.reason.changes[0].name == names[0]
    assert changed.result != first.result
    reread = workspace.get_run(changed.id).execution("peek")
    assert [i.name for i in reread.inputs if i.observed] == names


def test_going_back_to_what_was_read_before_is_a_hit(workspace: Workspace) -> None:
    for n, status in ((1, "executed"), (2, "executed"), (1, "reused")):
        Path("hidden.csv").write_text(f"x\n{n}\n")
        run = workspace.run(peeking, {"way": "by_csv"})
        assert run.execution("peek").status.value == status


def test_a_variables_value_is_nowhere_in_the_store(
    workspace: Workspace, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIDDEN", "a-very-secret-token")

    @task
    def ask() -> int:
        return len(os.environ["HIDDEN"])

    @pipeline
    def asking() -> int:
        return ask()

    run = workspace.run(asking)
    assert [i.name for i in run.execution("ask").inputs] == ["env:HIDDEN"]
    for file in store.rglob("*"):
        if file.is_file():
            assert b"a-very-secret-token" not in file.read_bytes()


def test_a_hermetic_run_refuses_and_an_unobserved_one_sees_nothing(workspace: Workspace) -> None:
    write(1)
    refused = workspace.run(peeking, {"way": "by_csv"}, workspace.options(observe="error"))
    assert isinstance(refused.exception, UndeclaredInput)
    assert "the file hidden.csv" in str(refused.exception)
    unseen = workspace.run(peeking, {"way": "by_csv"}, workspace.options(observe="off"))
    assert not any(i.observed for i in unseen.execution("peek").inputs)


def test_a_run_tells_it_in_one_line(workspace: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    write(1)
    with caplog.at_level(logging.WARNING, "lineal"):
        workspace.run(peeking, {"way": "by_csv"})
    (line,) = [r.getMessage() for r in caplog.records if r.name == "lineal"]
    assert line.startswith("peek used without taking it as an argument: the file hidden.csv")


@task
def declared(csv: Path) -> str:
    Path("own.txt").write_text("mine")
    return csv.read_text() + Path("own.txt").read_text()


@pipeline
def declaring(csv: Path = Path("hidden.csv")) -> str:
    return declared(csv)


def test_what_a_step_takes_or_writes_itself_is_no_secret(workspace: Workspace) -> None:
    write(1)
    run = workspace.run(declaring)
    assert [i.name for i in run.execution("declared").inputs] == ["csv"]


@task
def reads_then_writes() -> int:
    count = int(Path("count").read_text()) + 1
    Path("count").write_text(str(count))
    return count


@pipeline
def counting() -> int:
    return reads_then_writes()


def test_a_file_that_is_read_and_then_written_is_never_trusted(workspace: Workspace) -> None:
    Path("count").write_text("0")
    assert [workspace.run(counting).result for _ in range(3)] == [1, 2, 3]


@task
def starts_a_process() -> str:
    done = subprocess.run(
        [sys.executable, "-c", "print(1)"], capture_output=True, text=True, check=True
    )
    return done.stdout


@pipeline
def starting() -> str:
    return starts_a_process()


def test_a_process_is_named(workspace: Workspace) -> None:
    (given,) = workspace.run(starting).execution("starts_a_process").inputs
    assert given.name == f"process:{sys.executable}"


def test_a_missing_file_that_appears_is_a_change(workspace: Workspace) -> None:
    @task
    def maybe() -> str:
        try:
            return Path("maybe").read_text()
        except FileNotFoundError:
            return "nothing"

    @pipeline
    def trying() -> str:
        return maybe()

    assert workspace.run(trying).result == "nothing"
    Path("maybe").write_text("something")
    assert workspace.run(trying).result == "something"


def test_a_swapped_file_of_the_same_name_size_and_time_is_a_change(workspace: Workspace) -> None:
    write(1)
    first = workspace.run(peeking, {"way": "by_csv"})
    stat = Path("hidden.csv").stat()
    Path("other").write_text("x\n2\n")
    Path("other").replace("hidden.csv")
    os.utime("hidden.csv", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert workspace.run(peeking, {"way": "by_csv"}).result != first.result


def test_everything_is_as_it_was_after_a_run(workspace: Workspace) -> None:
    before = (type(os.environ).__getitem__, threading.Thread.start, pq.read_table)
    workspace.run(peeking, {"way": "by_variable"})
    assert (type(os.environ).__getitem__, threading.Thread.start, pq.read_table) == before


@task
def never_reads(rows: int, rate: float = 0.1) -> int:
    return rows


@pipeline
def with_an_unread_parameter() -> list[int]:
    return never_reads.map([1, 2])


def test_a_parameter_that_is_never_read_is_told_once_by_run_and_plan(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    (planned,) = workspace.plan(with_an_unread_parameter).warnings
    assert planned.startswith("never_reads never reads its parameter rate:")
    with caplog.at_level(logging.WARNING, "lineal"):
        workspace.run(with_an_unread_parameter)
    assert [r.getMessage() for r in caplog.records if r.name == "lineal"] == [planned]


@task
def looks_for_leftovers() -> bool:
    return any(Path(tempfile.gettempdir()).iterdir())


@pipeline
def looking() -> bool:
    return looks_for_leftovers()


@task
def imports_late(name: str) -> bool:
    Path(name).touch()  # so that the import lists the folder again
    import colorsys

    return colorsys is not None


@pipeline
def importing(name: str) -> bool:
    return imports_late(name)


def test_the_folders_that_an_import_looks_into_are_no_inputs(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    run = workspace.run(importing, {"name": str(tmp_path / "new")})
    assert run.exception is None, run.exception
    assert [i.name for i in run.execution("imports_late").inputs if i.observed] == []


def test_the_names_in_the_temporary_folder_decide_nothing(workspace: Workspace) -> None:
    assert workspace.run(looking).execution("looks_for_leftovers").inputs == ()


@task
def reads_unseen() -> Any:
    return read_csv_unseen("hidden.csv").to_pydict()


@task
def starts_cat() -> str:
    return subprocess.run(["cat", "hidden.csv"], capture_output=True, check=True).stdout.decode()


@task
def reads_nothing(x: Any) -> str:
    return str(x)


@pipeline
def unseen() -> Any:
    return reads_nothing(reads_unseen()), starts_cat()


def test_what_may_have_been_read_unseen_is_named_in_the_record(workspace: Workspace) -> None:
    write(1)
    for expected in ("executed", "reused"):
        run = workspace.run(unseen)
        assert run.exception is None, run.exception
        told = {e.step: e.tags.get(UNSEEN) for e in workspace.get_run(run.id).executions}
        assert told == {
            "reads_unseen": "files read by pyarrow.csv.read_csv, which is held by name",
            "reads_nothing": None,
            "starts_cat": "files read by the process cat",
        }
        assert run.execution("reads_nothing").status.value == expected
    off = workspace.run(unseen, options=workspace.options(observe="off"))
    assert off.exception is None


def test_a_library_that_reads_in_c_is_a_blind_spot_whatever_its_case() -> None:
    assert unseen_by(write, ("DuckDB", "numpy", "netCDF4"), ()) == (
        "files named in queries of duckdb; files read by netCDF4"
    )
    assert unseen_by(write, ("numpy", "pandas"), ()) == ""
