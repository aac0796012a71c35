"""The file of a pipeline: what it prints and raises is its user's, not ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SPEAKS = """
from lineal import pipeline, task
print("at import")

@task
def double(x: int) -> int:
    return 2 * x

@pipeline
def speaks(x: int = 1):
    print("in the body")
    if x < 0:
        raise ValueError("x is negative")
    return double(x)
"""

Lineal = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def lineal(tmp_path: Path) -> Lineal:
    (tmp_path / "speaks.py").write_text(SPEAKS)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lineal.cli.main", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    "words",
    [("run", "--json"), ("run", "--json", "--dry-run"), ("graph", "--json")],
    ids=["run", "plan", "graph"],
)
def test_json_is_all_there_is_on_the_output_stream(lineal: Lineal, words: tuple[str, ...]) -> None:
    done = lineal(words[0], "speaks.py", *words[1:])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert "at import" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def x(:", "can't be imported: SyntaxError: "),
        ("import nosuchmodule", "can't be imported: ModuleNotFoundError: No module named"),
        ("raise ValueError('early')", "can't be imported: ValueError: early"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_by_the_users_traceback(
    lineal: Lineal, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "broken.py").write_text(text)
    done = lineal("run", "broken.py")
    assert done.returncode == 2
    assert told in done.stderr
    assert 'broken.py", line 1' in done.stderr
    assert "lineal/cli" not in done.stderr
    assert "importlib" not in done.stderr


def test_a_plan_whose_body_raises_is_told_by_the_users_traceback(lineal: Lineal) -> None:
    done = lineal("run", "speaks.py", "--dry-run", "-p", "x=-1")
    assert done.returncode == 1
    assert 'speaks.py", line 13, in speaks' in done.stderr
    assert "ValueError: x is negative" in done.stderr
    assert "lineal/pipeline" not in done.stderr
