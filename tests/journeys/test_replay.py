"""The example pipelines replay identical, wherever they are taken, with one worker or two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("LINEAL_TEST_DATA", ROOT.parent / "shared" / "data"), "nsl-kdd")
STEPS = 11
BY_ITSELF = "import subprocess, sys; subprocess.check_call([sys.executable, '-c', 'import lineal'])"


def lineal(
    folder: Path, store: Path, *words: str, code: int = 0, become: tuple[str, ...] = ()
) -> str:
    """Run a command in a folder, against a store, as a user with an empty home."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    shutil.chown(home, folder.owner(), folder.group())
    done = subprocess.run(
        [*become, sys.executable, "-P", "-m", "lineal.cli.main", *words],
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


@pytest.fixture
def become_nobody() -> tuple[str, ...]:
    """The beginning of a command that runs this Python as another user."""
    if os.getuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user, with util-linux's setpriv")
    plain = ("setpriv", "--reuid=nobody", "--regid=65534", "--clear-groups")
    # Where this Python lies in root's own home, the other user has to be let in to read it.
    let_in = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    for become in (plain, (*plain, *let_in)):
        tried = [*become, sys.executable, "-c", BY_ITSELF]
        if subprocess.run(tried, check=False, capture_output=True).returncode == 0:
            return become
    pytest.skip("another user can't run this Python")


def test_a_frozen_run_replays_identical_as_another_user_in_another_folder(
    recorded: Path, store: Path, become_nobody: tuple[str, ...]
) -> None:
    lineal(recorded, store, "freeze", "1", "-o", "run.tar.zst")
    with tempfile.TemporaryDirectory(prefix="lineal-nobody-") as name:
        Path(name).chmod(0o755)
        theirs = Path(name, "theirs")
        theirs.mkdir()
        shutil.copy(recorded / "run.tar.zst", theirs)
        for path in (theirs, *theirs.iterdir()):
            shutil.chown(path, "nobody")
        shutil.rmtree(store)
        other = theirs / "store"
        lineal(theirs, other, "thaw", "run.tar.zst", become=become_nobody)
        told = lineal(theirs, other, "replay", "1", "--json", become=become_nobody)
        assert counts(told) == {"identical": STEPS}
        assert {path.owner() for path in theirs.rglob("*")} == {"nobody"}


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_intrusion_replays_identical_with_one_job_or_two(
    tmp_path: Path, store: Path, jobs: int
) -> None:
    if not DATA.is_dir():
        pytest.skip(f"there is no {DATA}; set LINEAL_TEST_DATA to the folder above nsl-kdd")
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    text = (ROOT / "pipelines/intrusion.py").read_text()
    forest = '"n_estimators": 100'
    assert forest in text
    (project / "intrusion.py").write_text(text.replace(forest, f'{forest}, "n_jobs": {jobs}'))
    files = [f"train={DATA / 'KDDTrain+_20Percent.txt'}", f"test={DATA / 'KDDTest+.txt'}"]
    given = [word for text in (*files, "rows=600", "seeds=1") for word in ("-p", text)]
    lineal(project, store, "run", "intrusion.py", *given)
    shutil.rmtree(project)
    empty = tmp_path / "empty"
    empty.mkdir()
    told = lineal(empty, store, "replay", "1", "--workers", "2", "--json")
    assert counts(told) == {"identical": 13}


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
