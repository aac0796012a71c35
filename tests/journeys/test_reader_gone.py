"""A reader of the progress who goes away, as ``lineal run … 2>&1 | head -1`` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lineal import Workspace

MANY = """
from lineal import Metrics, pipeline, task

@task
def one(i: int) -> int:
    return i

@task
def total(numbers: list[int]) -> Metrics:
    return Metrics(total=sum(numbers))

@pipeline
def many():
    return total(one.map(range(60)))
"""


def test_a_run_goes_on_and_is_recorded(tmp_path: Path, store: Path) -> None:
    (tmp_path / "many.py").write_text(MANY)
    reading, writing = os.pipe()
    os.close(reading)  # whatever is written is refused from the first line on
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", "run", "many.py"],
        cwd=tmp_path,
        stdout=writing,
        stderr=writing,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 0
    with Workspace.open(store) as workspace:
        run = workspace.get_run("latest")
    assert run.status.value == "finished"
    assert len(run.executions) == 61
    assert run.metrics == {"total": 1770.0}
