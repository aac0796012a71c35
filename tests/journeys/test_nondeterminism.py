"""A step that gives other content under the same key is marked wherever it is shown."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
import os
from lineal import pipeline, task

@task(outputs=("noise", "size"))
def draw(n: int = 8):
    return list(os.urandom(n)), n

@task
def count(noise: list, size: int) -> int:
    return len(noise) - size

@pipeline
def drawing(n: int = 8):
    noise, size = draw(n)
    return count(noise, size)
"""


def lineal(folder: Path, *words: str) -> tuple[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", *words],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return " ".join(done.stdout.split()), done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "drawing.py").write_text(PROJECT)
    lineal(tmp_path, "run", "drawing.py")
    return tmp_path


TOLD = "draw is not deterministic: with one key it gave"


@pytest.mark.parametrize("words", [("--force", "draw"), ("--no-cache",)])
def test_a_run_that_executes_a_key_again_and_differs_ends_with_one_line(
    folder: Path, words: tuple[str, ...]
) -> None:
    _, told = lineal(folder, "run", "drawing.py", *words)
    lines = [line for line in told.splitlines() if "not deterministic" in line]
    assert lines == [f"{TOLD} other content than in run #1 for noise (lineal doctor 2)"]


def test_it_is_shown_by_show_why_lineage_and_in_json(folder: Path) -> None:
    assert "deterministic" not in lineal(folder, "show", "1")[0]
    lineal(folder, "run", "drawing.py", "--force", "draw")
    said = f"{TOLD} different content in runs #1, #2 for noise"
    for words in (("show", "1"), ("show", "2"), ("why", "1", "draw")):
        assert said in lineal(folder, *words)[0]
    assert "deterministic" not in lineal(folder, "why", "2", "count")[0]
    tree = lineal(folder, "lineage", "2:draw.noise")[0]
    assert re.search(r"draw run #2.* not deterministic", tree)
    graph = json.loads(lineal(folder, "lineage", "2:draw.noise", "--json")[0])
    (draw,) = [n for n in graph["nodes"] if n["kind"] == "execution" and n["label"] == "draw"]
    assert draw["facts"]["nondeterministic"] == [1, 2]
    shown = json.loads(lineal(folder, "show", "1", "--json")[0])
    assert [(n["task"], n["outputs"]) for n in shown["nondeterministic"]] == [
        ("drawing:draw", ["noise"])
    ]
    why = json.loads(lineal(folder, "why", "1", "draw", "--json")[0])
    assert why["nondeterministic"] == shown["nondeterministic"][0]
    assert json.loads(lineal(folder, "why", "1", "count", "--json")[0])["nondeterministic"] is None


def test_the_task_is_marked_in_runs_where_it_was_given_something_else(folder: Path) -> None:
    lineal(folder, "run", "drawing.py", "--force", "draw")
    _, told = lineal(folder, "run", "drawing.py", "-p", "n=9")
    assert "not deterministic" not in told  # this key was executed only once
    assert f"{TOLD} different content in runs #1, #2" in lineal(folder, "show", "3")[0]


def test_a_replay_that_differs_marks_the_step(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineal.cli.main", "replay", "1"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"{TOLD} different content in runs #1, #2" in lineal(folder, "show", "1")[0]


def test_two_processes_at_once_that_differ_mark_the_step(tmp_path: Path) -> None:
    slow = PROJECT.replace(
        "    return list(", "    import time\n    time.sleep(2)\n    return list("
    )
    (tmp_path / "drawing.py").write_text(slow)
    command = [sys.executable, "-m", "lineal.cli.main", "run", "drawing.py"]
    racers = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    told = "".join(racer.communicate()[1] for racer in racers)
    assert [racer.returncode for racer in racers] == [0, 0]
    ran = told.count("draw                     executed")
    assert ("not deterministic" in told) == (ran == 2)
