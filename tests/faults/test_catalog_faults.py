"""Whatever happens to a writer, the catalog stays whole and says what went wrong."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lineal.catalog import Batch, Catalog
from lineal.digests.digest import Digest, combine
from lineal.errors import StoreUnwritable
from lineal.records import Artifact, RunRecord, RunStatus, Stored

WRITER = """
import sys
from datetime import UTC, datetime
from lineal.catalog import Batch, Catalog
from lineal.digests.digest import combine
from lineal.records import *

url, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
catalog = Catalog.open(url)
now = datetime.now(UTC)
number = catalog.begin_run(RunRecord(
    id=combine("run", [name]).hex, number=0, name=name, experiment="e", pipeline="p",
    status=RunStatus.RUNNING, started_at=now))
for i in range(1, count + 1):
    made = [Artifact(digest=combine(name, [str(i), str(j)]), kind="value", type="int",
                     stored=Stored(codec="json/1", size=1000, inline=b"x" * 1000))
            for j in range(20)]
    done = Execution(
        id=execution_id(number, i), run_id="", position=i, step=f"s{i}", task="t",
        status=ExecutionStatus.EXECUTED, key=combine("key", [name, str(i)]),
        reason=Reason(cause=Cause.FIRST, text=""), finished_at=now,
        outputs=tuple(Output(name=f"o{j}", digest=a.digest) for j, a in enumerate(made)))
    catalog.commit(Batch(artifacts=tuple(made), executions=(done,)))
    print(i, flush=True)
catalog.finish_run(number, status=RunStatus.FINISHED, finished_at=now)
"""


def start(url: str, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, name, str(count)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


def test_two_processes_that_start_and_commit_at_once_both_succeed(path):
    url = f"sqlite:///{path}"
    writers = [start(url, name, 30) for name in ("a", "b")]
    for writer in writers:
        writer.communicate(timeout=180)
        assert writer.returncode == 0
    with Catalog.open(url) as catalog:
        runs = catalog.runs()
        assert {run.status for run in runs} == {RunStatus.FINISHED}
        assert [len(catalog.run(run.id).executions) for run in runs] == [30, 30]


@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_writer_killed_at_any_moment_leaves_whole_batches_and_all_it_acknowledged(path, after):
    url = f"sqlite:///{path}"
    writer = start(url, "a", 100_000)
    assert writer.stdout is not None
    seen = 0
    while seen < after:
        seen = int(writer.stdout.readline())
    time.sleep(0.001 * after)
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    acknowledged = int(([str(seen), *rest.split("\n")[:-1]])[-1])
    with Catalog.open(url) as catalog:
        run = catalog.run(1)
        assert len(run.executions) >= acknowledged
        assert all(len(e.outputs) == 20 for e in run.executions)
        (lost,) = catalog.runs()
        assert lost.status is RunStatus.RUNNING
        catalog.set_note(1, "still writable")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def artifact(i: int, size: int) -> Artifact:
    return Artifact(
        digest=combine("a", [str(i)]),
        kind="value",
        type="bytes",
        stored=Stored(codec="bytes/1", size=size, inline=bytes(size)),
    )


def test_a_full_disk_is_said_and_what_was_recorded_is_kept(path):
    with Catalog.open(f"sqlite:///{path}") as catalog:
        catalog.commit(Batch(artifacts=(artifact(1, 10),)))
        with catalog._database.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreUnwritable, match="space left on its disk"):
            catalog.commit(Batch(artifacts=(artifact(2, 10), artifact(3, 1_000_000))))
        kept = catalog.artifacts([artifact(i, 0).digest for i in (1, 2, 3)])
        assert list(kept) == [artifact(1, 0).digest]
        catalog.commit(Batch(artifacts=(artifact(2, 10),)))


def test_a_file_that_may_not_grow_is_said(path):
    script = f"""
import resource, sys
from lineal.catalog import Batch, Catalog
from lineal.errors import StoreUnwritable
from lineal.records import *
from lineal.digests.digest import Digest
catalog = Catalog.open("sqlite:///{path}")
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
big = Artifact(digest=Digest("xxh3:1"), kind="v", type="t",
               stored=Stored(codec="c", size=1, inline=bytes(2_000_000)))
try:
    catalog.commit(Batch(artifacts=(big,)))
except StoreUnwritable:
    sys.exit(7)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7
    with Catalog.open(f"sqlite:///{path}") as catalog:
        assert catalog.artifacts([Digest("xxh3:1")]) == {}


def open_as_nobody(url: str) -> None:
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        catalog = Catalog.open(url)
    except StoreUnwritable:
        os._exit(7)
    try:
        catalog.set_note(1, "x")
    except StoreUnwritable:
        os._exit(8)
    os._exit(0)


@pytest.mark.parametrize(("made_before", "expected"), [(False, (7,)), (True, (7, 8))])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_folder_that_is_read_only_is_said(made_before, expected):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'catalog.db'}"
        if made_before:
            with Catalog.open(url) as catalog:
                catalog.begin_run(run("a"))
        folder.chmod(0o555)
        child = multiprocessing.get_context("fork").Process(target=open_as_nobody, args=(url,))
        child.start()
        child.join(30)
        folder.chmod(0o755)
        assert child.exitcode in expected


def run(name: str) -> RunRecord:
    return RunRecord(
        id=combine("run", [name]).hex,
        number=0,
        name=name,
        experiment="e",
        pipeline=None,
        status=RunStatus.RUNNING,
        started_at=datetime.now(UTC),
    )


def write_in_child(catalog: Catalog) -> None:
    catalog.begin_run(run("child"))
    os._exit(0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_without_harm_to_its_parent(path):
    with Catalog.open(f"sqlite:///{path}") as catalog:
        catalog.begin_run(run("parent"))
        child = multiprocessing.get_context("fork").Process(target=write_in_child, args=(catalog,))
        child.start()
        child.join(30)
        assert child.exitcode == 0
        catalog.begin_run(run("parent again"))
        assert [r.name for r in catalog.runs()] == ["parent again", "child", "parent"]
