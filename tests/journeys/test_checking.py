"""What `lineal check` and `lineal doctor` say of an example pipeline, and of mistakes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its own store, in which the diagnosis was run."""
    made = tmp_path_factory.mktemp("diagnosis")
    (made / "pyproject.toml").touch()
    shutil.copy(ROOT / "pipelines/diagnosis.py", made)
    lineal(made, "run", "diagnosis.py", "-p", "n_estimators=10")
    return made


def lineal(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", "--store", str(folder / ".lineal"), *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout or done.stderr


def test_the_split_of_the_diagnosis_leaks_no_row_and_shares_its_sites(folder: Path) -> None:
    assert "nothing is on two sides" in lineal(folder, "check", "1")
    facts = json.loads(lineal(folder, "check", "1", "--key", "site", "--json", code=1))
    (split,) = facts["splits"]
    assert [side["name"] for side in split["sides"]] == ["train", "test"]
    assert sorted(split["labels"]) == ["malignant", "site"]
    assert [(o["level"], o["key"], o["shared"]) for o in split["overlaps"]] == [("key", "site", 4)]


def test_steps_of_the_diagnosis_are_deterministic(folder: Path) -> None:
    facts = json.loads(
        lineal(folder, "doctor", "1", "--steps", "split", "--steps", "fit", "--json")
    )
    assert facts["deterministic"]
    assert facts["counts"] == {
        "deterministic": 6,
        "differs": 0,
        "not run": 0,
    }  # split, and fit of each site


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "nothing"), "There is no run"),
        (("check", "1", "--key", "nope"), "has a column 'nope'"),
        (("check", "1", "--train", "split.train"), "Name both sides"),
        (("check", "1", "--train", "nope", "--test", "test"), "has no output or argument 'nope'"),
        (("check", "1", "-o", "report.docx"), ".html, .md or .json"),
        (("doctor", "nothing"), "There is no run"),
        (("doctor", "1", "--steps", "nope"), "has no step 'nope'"),
        (("doctor", "1", "--times", "1"), "--times"),
    ],
)
def test_a_mistake_is_one_paragraph_and_exit_code_2(
    folder: Path, words: tuple[str, ...], told: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", "--store", str(folder / ".lineal"), *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
