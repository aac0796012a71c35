"""A process that carries out orders runs the recorded code on recorded values, or nothing."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.digests.digest import Digest
from lineal.running.execute import Outcome
from lineal.running.orders import Order, Orders

STUDY = """
from helper import factor
from lineal import pipeline, task

@task
def scale(xs, by):
    return [x * factor() * by for x in xs]

@pipeline
def study():
    return scale([1, 2, 3], 10)
"""
HELPER = "def factor():\n    return 2\n"
WORKER = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
import helper, study
assert helper.factor() == 3
from lineal.running.worker import carry_out
for path in sys.argv[2:]:
    with open(path, "rb") as file:
        outcome = carry_out(file.read())
    with open(path, "wb") as file:
        pickle.dump(outcome, file)
"""


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store) as opened:
        yield opened


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "study.py").write_text(STUDY)
    (folder / "helper.py").write_text(HELPER)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield folder
    for name in ("study", "helper"):
        sys.modules.pop(name, None)


def orders_of(workspace: Workspace, project: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The orders that a run writes, beside what it does itself."""
    written: list[bytes] = []
    original = Orders.of

    def of(self: Orders, call: Any) -> bytes:
        written.append(original(self, call))
        return written[-1]

    monkeypatch.setattr(Orders, "of", of)
    study = load_pipeline(str(project / "study.py"))
    run = workspace.run(study, options=workspace.options(runner="processes", workers=1))
    assert run.result == [20, 40, 60]
    return written


def carried_out(tmp_path: Path, folder: Path, *orders: bytes) -> list[Outcome]:
    """What a process makes of orders that has imported the project from some folder."""
    paths = []
    for number, order in enumerate(orders):
        path = tmp_path / f"order-{number}"
        path.write_bytes(order)
        paths.append(str(path))
    subprocess.run(
        [sys.executable, "-c", WORKER, str(folder), *paths], timeout=120, check=True, cwd=tmp_path
    )
    return [pickle.loads(Path(path).read_bytes()) for path in paths]


@pytest.mark.slow
def test_a_worker_from_another_checkout_runs_the_recorded_code(
    workspace: Workspace, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (order,) = orders_of(workspace, project, monkeypatch)
    other = tmp_path / "other"
    other.mkdir()
    (other / "study.py").write_text(STUDY.replace("* by", "* by * 100"))
    (other / "helper.py").write_text(HELPER.replace("2", "3"))
    elsewhere = replace(pickle.loads(order), pid=0)
    differs = replace(elsewhere, code=Digest("xxh3:" + "0" * 32))
    done, refused = carried_out(tmp_path, other, pickle.dumps(elsewhere), pickle.dumps(differs))
    assert done.error is None
    (made,) = done.outputs
    assert made.artifact is not None
    assert workspace.services.values.load(made.artifact) == [20, 40, 60]
    assert refused.error is not None
    assert "was not executed" in str(refused.error)
    assert "a package differs" in str(refused.error)


@pytest.mark.slow
def test_an_order_holds_no_data(
    workspace: Workspace, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "study.py").write_text(
        STUDY.replace("[1, 2, 3], 10", "['secret' * 2000] * 0 or [1, 2, 3], 10")
        .replace("return [x", "assert text.endswith('the end')\n    return [x")
        .replace("(xs, by)", "(xs, by, text)")
        .replace("], 10)", "], 10, 'much text' * 2000 + 'the end')")
    )
    (order,) = orders_of(workspace, project, monkeypatch)
    read: Order = pickle.loads(order)
    assert b"much text" not in order
    assert len(order) < 6000
    assert read.step == "scale"
    assert read.task.place == "study.py"
