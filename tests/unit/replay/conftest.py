"""A small project with a helper module, run once, and what replays need."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lineal.cli.loading import load_pipeline
from lineal.records import RunRecord
from lineal.workspace import Workspace

_count = itertools.count()

MAIN = """
from pathlib import Path
import pandas as pd
from lineal import Metrics, pipeline, task
from {helpers} import scale

@task
def load(csv: Path) -> pd.DataFrame:
    return pd.read_csv(csv)

@task
def grow(frame: pd.DataFrame, factor: float) -> pd.DataFrame:
    return frame.assign(x=scale(frame["x"], factor))

@task
def count(frame: pd.DataFrame) -> Metrics:
    return Metrics({{"total": float(frame["x"].sum())}})

@pipeline
def growth(csv: Path = Path("data/x.csv"), factor: float = 2.0):
    return count(grow(load(csv), factor))
"""
HELPERS = "def scale(column, factor):\n    return column * factor\n"


class Project:
    """The files of a project in a folder, under module names that no other test has."""

    def __init__(self, folder: Path) -> None:
        number = next(_count)
        self.folder = folder
        self.main = folder / f"main_{number}.py"
        self.helpers = folder / f"helpers_{number}.py"
        self.csv = folder / "data" / "x.csv"
        self.csv.parent.mkdir(parents=True)
        (folder / "pyproject.toml").touch()
        self.helpers.write_text(HELPERS)
        self.main.write_text(MAIN.format(helpers=self.helpers.stem))
        self.csv.write_text("x,y\n1.0,a\n2.0,b\n")

    def run(self, workspace: Workspace, target: str = "", **arguments: object) -> RunRecord:
        """Run its pipeline."""
        for path in (self.main, self.helpers):
            sys.modules.pop(path.stem, None)
        return workspace.run(load_pipeline(target or str(self.main)), arguments).record


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project that is also where the test stands."""
    made = Project(tmp_path / "project")
    monkeypatch.chdir(made.folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return made


@pytest.fixture
def workspace(store: Path) -> Iterator[Workspace]:
    """The test's own store, opened."""
    with Workspace.open() as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Path]:
    """Removes the project, and goes to an empty folder."""

    def go() -> Path:
        import shutil

        empty = tmp_path / "empty"
        empty.mkdir(exist_ok=True)
        monkeypatch.chdir(empty)
        shutil.rmtree(tmp_path / "project")
        return empty

    return go
