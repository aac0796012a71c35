"""The example pipelines replay identical, wherever they are taken, with one worker or two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
STEPS = 11


def lineal(folder: Path, store: Path, *words: str, code: int = 0) -> str:
    """Run a command in a folder, against a store, as a user with an empty home."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "lineal.cli.main", *words],
        cwd=folder,
        env={**os.environ, "LINEAL_STORE": str(store), "HOME": str(home), "USER": "somebody"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def recorded(tmp_path: Path, store: Path) -> Path:
    """An empty folder, after the pipeline was run in another that is gone."""
    project = tmp_path / "project"
    (project / "pipelines").mkdir(parents=True)
    (project / "pyproject.toml").touch()
    shutil.copy(ROOT / "pipelines/diagnosis.py", project / "pipelines")
    lineal(project, store, "run", "pipelines/diagnosis.py", "-p", "n_estimators=20")
    shutil.rmtree(project)
    empty = tmp_path / "empty"
    empty.mkdir()
    return empty


def counts(printed: str) -> dict[str, int]:
    facts: dict[str, Any] = json.loads(printed)
    return {name: number for name, number in facts["counts"].items() if number}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_diagnosis_replays_identical_from_an_empty_working_tree(
    recorded: Path, store: Path, workers: str
) -> None:
    told = lineal(recorded, store, "replay", "1", "--workers", workers, "--json")
    assert counts(told) == {"identical": STEPS}


def test_the_diagnosis_replays_identical_from_its_frozen_file(
    recorded: Path, store: Path, tmp_path: Path
) -> None:
    lineal(recorded, store, "freeze", "1", "-o", "run.tar.zst")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(recorded / "run.tar.zst", elsewhere)
    shutil.rmtree(store)
    other = elsewhere / "store"
    lineal(elsewhere, other, "thaw", "run.tar.zst", "--store", str(other))
    assert counts(lineal(elsewhere, other, "replay", "1", "--json")) == {"identical": STEPS}
    lineal(elsewhere, other, "verify", "--data")


def test_a_changed_parameter_of_the_diagnosis_shows_in_predictions(
    recorded: Path, store: Path
) -> None:
    words = ("replay", "1", "-p", "n_estimators=21", "-o", "report.html", "--json")
    facts = json.loads(lineal(recorded, store, *words, code=1))
    assert facts["first"] == "fit"
    fit = next(step for step in facts["steps"] if step["step"] == "fit")
    assert fit["causes"] == ["parameter: n_estimators was 20 and is 21"]
    assert "predict_proba on the recorded train" in fit["why"]
    assert "predict_proba" in (recorded / "report.html").read_text()


def test_mistakes_are_said_in_a_paragraph_and_end_with_code_2(recorded: Path, store: Path) -> None:
    for words in (
        ("replay", "nothing"),
        ("replay", "1", "--steps", "nope"),
        ("replay", "1", "-p", "nope=1"),
        ("replay", "1", "--tolerance", "x"),
        ("replay", "1", "--env", "x"),
        ("thaw", "nothing.tar.zst"),
        ("verify", "nothing"),
    ):
        lineal(recorded, store, *words, code=2)
