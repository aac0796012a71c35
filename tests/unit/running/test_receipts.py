"""A receipt stands for an answer that was lost, and for nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.cli.main import app
from lineal.errors import StepFailed
from lineal.records import RunStatus
from lineal.running import Run, receipts
from lineal.running.execute import Outcome
from lineal.running.receipts import DONE_BY, LOST, Receipts, remove_receipts

LONG = receipts.QUICK * 2
ORDER = b"an order"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path


def receipt(root: Path, order: bytes = ORDER, execution: int = 7, trusted: bool = True) -> Receipts:
    return Receipts(root, "run", execution, order, trusted=trusted)


def outcome(seconds: float = LONG, error: Exception | None = None) -> Outcome:
    return Outcome(started=1.0, finished=1.0 + seconds, log="said", error=error)


def files(root: Path) -> list[Path]:
    return list((root / "tmp").iterdir())


def test_who_is_given_the_same_order_finds_what_came_of_it(root: Path) -> None:
    assert receipt(root).done() is None
    first = receipt(root)
    first.begin()
    assert receipt(root).done() is None, "it has only begun"
    first.end(outcome())
    found = receipt(root).done()
    assert found is not None
    assert found.log == "said"
    assert found.tags[DONE_BY].endswith(f":{os.getpid()}")
    assert receipt(root, order=b"another order").done() is None
    assert receipt(root, execution=8).done() is None
    assert receipt(root, trusted=False).done() is None
    assert len(files(root)) == 1
    remove_receipts(root, "another run")
    assert receipt(root).done() is not None
    remove_receipts(root, "run")
    assert files(root) == []


def test_a_receipt_that_is_not_whole_is_none(root: Path) -> None:
    receipt(root).end(outcome())
    (file,) = files(root)
    whole = file.read_bytes()
    file.chmod(0o644)
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert receipt(root).done() is None
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert receipt(root).done() is None
    file.write_bytes(whole)
    assert receipt(root).done() is not None


def test_failures_and_quick_steps_leave_none(root: Path) -> None:
    for what in (outcome(seconds=receipts.QUICK / 2), outcome(error=StepFailed("no good"))):
        giver = receipt(root)
        giver.begin()
        giver.end(what)
        assert files(root) == []
    receipt(root, trusted=False).end(outcome())
    assert files(root) == []


def test_who_begins_what_others_had_begun_says_that_they_are_lost(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for worker in ("one:1", "two:2"):
        monkeypatch.setattr(receipts, "_me", lambda worker=worker: worker)
        receipt(root).begin()
    monkeypatch.setattr(receipts, "_me", lambda: "three:3")
    for _attempt in range(2):
        giver = receipt(root)
        giver.begin()
    done = outcome()
    giver.end(done)
    assert done.tags[LOST] == "one:1 two:2"


STUDY = """
import os, signal, time
from lineal import pipeline, task
from lineal.running.receipts import Receipts

HOW

@task(cache=False)
def work(log: str) -> int:
    time.sleep(0.1)
    with open(log, "a") as file:
        file.write("x")
    end = Receipts.end
    Receipts.end = lambda self, outcome: killing(end, self, outcome)
    return 41

@task
def after(n: int) -> int:
    return n + 1

@pipeline
def study(log: str):
    return after(work(log))
"""
AFTER = """
def killing(end, self, outcome):
    end(self, outcome)
    os.kill(os.getpid(), signal.SIGKILL)
"""
BEFORE = """
def killing(end, self, outcome):
    os.kill(os.getpid(), signal.SIGKILL)
"""
TORN = """
def killing(end, self, outcome):
    end(self, outcome)
    self._path.chmod(0o600)
    os.truncate(self._path, self._path.stat().st_size // 2)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run(workspace: Workspace, folder: Path, how: str) -> Run:
    (folder / "study.py").write_text(STUDY.replace("HOW", how))
    study: Any = load_pipeline(str(folder / "study.py"))
    options = workspace.options(runner="processes", workers=1, echo=False)
    return workspace.run(study, {"log": str(folder / "log")}, options)


@pytest.mark.slow
def test_what_a_killed_process_had_finished_is_not_lost(tmp_path: Path, store: Path) -> None:
    with Workspace.open(store) as workspace:
        done = run(workspace, tmp_path, AFTER)
        assert done.status is RunStatus.FINISHED
        assert done.result == 42
        assert DONE_BY in done.execution("work").tags
        assert DONE_BY not in done.execution("after").tags
        assert (tmp_path / "log").read_text() == "x"
        assert not list((store / "tmp").glob("receipt-*"))
        shown = CliRunner().invoke(app, ["show", "latest"]).stdout
        assert f"done by {done.execution('work').tags[DONE_BY]}, whose answer was lost" in shown
        again = run(workspace, tmp_path, AFTER)
        assert again.execution("work").status.value == "executed", "it must not be reused"
        assert (tmp_path / "log").read_text() == "xx"


@pytest.mark.slow
@pytest.mark.parametrize("how", [BEFORE, TORN])
def test_what_a_killed_process_had_not_quite_finished_is_lost(
    tmp_path: Path, store: Path, how: str
) -> None:
    with Workspace.open(store) as workspace:
        failed = run(workspace, tmp_path, how)
        assert failed.status is RunStatus.FAILED
        assert "went away" in str(failed.execution("work").error)
        assert not list((store / "tmp").glob("receipt-*"))


def test_what_is_written_is_known_to_the_next_attempt_as_far_as_it_is_whole(
    root: Path,
) -> None:
    first = receipt(root).written()
    assert first.before() == []
    first.add("/data/a b")
    first.add("/data/c\n")
    assert receipt(root).written().before() == ["/data/a b", "/data/c\n"]
    assert receipt(root, trusted=False).written().before() == []
    (file,) = files(root)
    file.write_bytes(file.read_bytes() + b"/data/tor")
    assert receipt(root).written().before() == ["/data/a b", "/data/c\n"]
    remove_receipts(root, "run")
    assert files(root) == []
