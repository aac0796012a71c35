"""Lineage on the command line: formats, exit codes, and mistakes that are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineal.cli.main import app
from lineal.errors import LinealError

PIPELINE = """
from pathlib import Path
from lineal import Metrics, pipeline, task

@task
def load(csv: Path) -> list[int]:
    return [int(line) for line in csv.read_text().split()]

@task
def double(n: int) -> int:
    return 2 * n

@task
def total(numbers: list[int], scale: float = 1.0) -> Metrics:
    return Metrics(total=sum(numbers) * scale)

@pipeline
def study(csv: Path = Path("x.txt")):
    return total(double.map(load(csv)))
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder with a pipeline; gives its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    Path("study.py").write_text(PIPELINE)
    Path("x.txt").write_text("1 2 3")

    def running(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, list(words))
        if isinstance(result.exception, LinealError):
            return result.exception.exit_code, str(result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        return result.exit_code, result.stdout

    return running


def test_from_a_result_to_its_file_and_back(run):
    assert run("graph", "study.py")[0] == 0
    assert run("run", "study.py")[0] == 0
    code, tree = run("lineage", "latest:total")
    assert code == 0
    assert "scale=1.0" in tree
    assert "total 12" in tree
    assert tree.count("← load") >= 1
    assert tree.count("run #1") == 5
    code, text = run("lineage", "latest:total", "--json")
    told = json.loads(text)
    assert code == 0
    assert len([n for n in told["nodes"] if n["kind"] == "execution"]) == 5
    code, down = run("lineage", "x.txt", "--down", "--depth", "1")
    assert "load" in down
    assert "total" not in down
    assert run("lineage", "latest:load", "--both")[1].count("x.txt") >= 1


def test_impact_names_what_is_downstream_of_data_and_of_code(run):
    run("run", "study.py")
    for reference in ("x.txt", "study.py"):
        code, text = run("impact", reference)
        assert code == 0
        assert "5 executions" in text
    told = json.loads(run("impact", "x.txt", "--json")[1])
    assert {n["facts"]["step"] for n in told["executions"]} >= {"load", "double[0]", "total"}
    assert told["truncated"] is False
    assert json.loads(run("impact", "x.txt", "--limit", "2", "--json")[1])["truncated"] is True


def test_a_path_is_found_in_either_order(run):
    run("run", "study.py")
    for references in (("latest:total", "x.txt"), ("x.txt", "latest:total")):
        code, text = run("path", *references)
        assert code == 0
        assert text.splitlines()[-1].strip() == "← x.txt  artifact"
    code, text = run("path", "latest:double[2]", "latest:double[1]")
    assert (code, text.strip()) == (1, "Neither came from the other.")


def test_the_declared_graph_needs_no_run(run):
    code, text = run("graph", "study.py", "--json")
    assert code == 0
    assert '"load"' in text
    assert json.loads(run("runs", "--json")[1]) == []
    run("run", "study.py")
    code, text = run("graph", "study.py")
    assert text.count("└── load") == 3
    assert "double[2]" in text


def test_the_declared_graph_shows_what_a_step_is_placed_by(run):
    run("run", "study.py")
    text = PIPELINE.replace("@task\ndef total", '@task(resources={"gpus": 1})\ndef total')
    Path("study.py").write_text(text)
    told = json.loads(run("graph", "study.py", "--json")[1])
    placed = {
        n["label"]: n["facts"]["resources"] for n in told["nodes"] if "resources" in n["facts"]
    }
    assert placed == {"total": {"gpus": 1}}
    assert "total  gpus=1" in run("graph", "study.py")[1]
    assert "gpus=1" in run("graph", "study.py", "--format", "mermaid")[1]


def test_a_file_gets_the_format_of_its_ending_and_a_crate_a_folder(run):
    run("run", "study.py")
    assert run("lineage", "latest:total", "-o", "x.mmd") == (0, "wrote x.mmd\n")
    assert Path("x.mmd").read_text() == run("lineage", "latest:total", "--format", "mermaid")[1]
    assert run("lineage", "latest:total", "--format", "ro-crate", "-o", "crate")[0] == 0
    assert {p.name for p in Path("crate").iterdir()} == {"ro-crate-metadata.json", "workflows"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("lineage", "fraud@v3"), "Nothing is called"),
        (("lineage", "latest:nope"), "has no step 'nope'"),
        (("lineage", "./nope.csv"), "is not there"),
        (("impact", "nope.csv"), "no run has read a file under this path"),
        (("impact", "numpy==0.0"), "No step's code reached"),
        (("path", "latest:total", "nope"), "no run 'nope'"),
        (("lineage", "latest:total", "--format", "nope"), "no format 'nope'"),
        (("lineage", "latest:total", "--format", "tree", "-o", "x"), "only printed"),
        (("lineage", "latest:total", "-o", "nope/x.svg"), "nope/x.svg can't be written"),
        (("graph", "nope.py"), "no pipeline file"),
    ],
)
def test_a_mistake_is_told_and_ends_with_2(run, words, said):
    run("run", "study.py")
    code, text = run(*words)
    assert code == 2
    assert said in text
