"""What changed, which run is better, what is this model: asked on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lineal import Workspace
from lineal.errors import LinealError, UserError

HOSTILE = "<b>|`*é\u202e*`|</b>"
STUDY = '''
from pathlib import Path

import numpy as np
import pandas as pd

from lineal import Metrics, dataset, log_metric, pipeline, register, task

FACTOR = 2


class Line:
    """A model."""

    def __init__(self, slope):
        self.slope = slope

    def fit(self, x):
        return self

    def get_params(self, deep=True):
        return {"slope": self.slope}


def helper(x):
    return x * FACTOR


@task
def load(csv: Path) -> pd.DataFrame:
    return dataset("people", pd.read_csv(csv))


@task
def fit(people, slope: float = 1.0):
    for step in range(3):
        log_metric("loss", slope / (step + 1), step=step)
    return Line(slope * helper(people["x"].sum()))


@task
def judge(model, people):
    return Metrics(
        {"score": model.slope}, slices={"HOSTILE": {"HOSTILE": {"score": 1.0}, "b": {"score": 3.0}}}
    )


@pipeline
def study(csv: Path = Path("people.csv"), slope: float = 1.0):
    people = load(csv)
    model = fit(people, slope)
    scores = judge(model, people)
    register("line", model, metrics=scores)
    return scores
'''.replace("HOSTILE", HOSTILE)


class Teller:
    """Runs `lineal` in a folder of its own, and keeps what it complained of last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.complaint = ""

    def __call__(self, *words: object, exits: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lineal.cli.main", *map(str, words)],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "160", "PYTHONUTF8": "1"},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == exits, done.stdout + done.stderr
        self.complaint = " ".join(done.stderr.split())
        return done.stdout

    def facts(self, *words: object) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs: other data, another helper, another parameter; each registered a model."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LINEAL_STORE", str(folder / ".lineal"))
        lineal = Teller(folder)
        (folder / "study.py").write_text(STUDY, "utf-8")
        (folder / "people.csv").write_text("id,x,s\n1,1.0,a\n2,2.0,b\n3,,c\n")
        lineal("run", "study.py")
        (folder / "people.csv").write_text("id,x,s\n1,1.0,a\n2,5.0,b\n4,,c\n")
        (folder / "study.py").write_text(STUDY.replace("x * FACTOR", "x + FACTOR"), "utf-8")
        lineal("run", "study.py", "-p", "slope=2.0", "--tag", f"note={HOSTILE}")
        lineal("deploy", "line@v2", "production", "--reason", HOSTILE, "--by", "é|")
    return folder


@pytest.fixture
def lineal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Teller:
    monkeypatch.setenv("LINEAL_STORE", str(folder / ".lineal"))
    return Teller(folder)


@pytest.fixture
def workspace(lineal: Teller):
    with Workspace.open() as opened:
        yield opened


def test_two_versions_differ_in_code_data_parameters_and_metrics(lineal):
    found = lineal.facts("diff", "line@v1", "line@production", "--key", "id")
    assert (found["before"], found["after"], found["kind"]) == (
        "line@v1", "line@v2", "model version",
    )  # fmt: skip
    (code,) = found["code"]
    assert code["name"] == "study:helper"
    assert "-    return x * FACTOR\n+    return x + FACTOR" in code["patch"]
    assert [(p["name"], p["before"], p["after"]) for p in found["params"]] == [
        ("slope", "1.0", "2.0")
    ]
    data = {change["name"]: change for change in found["data"]}
    assert set(data) == {"", "load.csv", "load.result"}
    rows = data["load.result"]["rows"]
    assert (rows["added"], rows["removed"], rows["changed"], rows["unchanged"]) == (1, 1, 1, 1)
    assert rows["by_column"] == {"x": 1}
    assert {f["name"] for f in data[""]["facts"]} == {"params.slope"}
    score = next(m for m in found["metrics"] if m["name"] == "score")
    assert (score["before"], score["after"]) == (6.0, 16.0)
    assert score["relative"] == pytest.approx(10 / 6)
    assert found["environment"] == {"packages": [], "facts": []}
    assert found["notes"] == []


def test_a_difference_is_told_to_people(lineal):
    told = lineal("diff", 1, 2)
    for words in ("return x + FACTOR", "slope", "Data: input load.csv", "+166.7%"):
        assert words in told
    assert "do not differ" in lineal("diff", "line@v1", "1:fit")


def test_versions_of_a_dataset_are_compared_by_key_and_as_wholes(lineal):
    words = ("people@v1", "people@v2")
    keyed = lineal.facts("dataset", "diff", *words, "--key", "id")["data"][0]
    assert (keyed["rows"]["changed"], keyed["rows"]["key"]) == (1, ["id"])
    assert [c["name"] for c in keyed["columns"]] == ["id", "x"]
    wholes = lineal.facts("dataset", "diff", *words)["data"][0]
    assert (wholes["rows"]["added"], wholes["rows"]["changed"]) == (2, None)
    lineal("dataset", "diff", *words, "--key", "nobody", exits=2)
    assert "has no column 'nobody'" in lineal.complaint
    assert "'id', 'x', 's'" in lineal.complaint


def test_things_of_two_kinds_can_be_compared(lineal):
    found = lineal.facts("diff", "1", "line@v2")
    assert found["kind"] == "run, model version"
    assert found["shape"]["steps_removed"] == ["judge"]


def test_an_unknown_thing_is_refused(lineal):
    lineal("diff", "line@v1", "line@v9", exits=2)
    assert "line@v2" in lineal.complaint
    lineal("compare", "1", "99", exits=2)
    assert "no run '99'" in lineal.complaint


def test_values_that_were_not_kept_are_compared_by_their_profiles(workspace, monkeypatch):
    def gone(artifact: Any) -> Any:
        raise LinealError("the disk is gone")

    monkeypatch.setattr(workspace.services.values, "load", gone)
    run = workspace.diff("1", "2")
    change = next(c for c in run.data if c.name == "load.result")
    assert (change.rows, change.note) == (None, "the disk is gone")
    assert [c.name for c in change.columns] == ["id", "x"]


def test_runs_stand_side_by_side(lineal):
    found = lineal.facts("compare", 1, 2, "latest", "--metric", "score")
    assert [run["number"] for run in found["runs"]] == [1, 2]
    assert found["params"][0] == {"name": "slope", "values": ["1.0", "2.0"], "differs": True}
    assert [(m["name"], m["best"]) for m in found["metrics"]] == [("score", [1])]
    assert len(found["slices"]) == 2
    assert HOSTILE in found["slices"][0]["name"]
    told = lineal("compare", 1, 2)
    assert "16 ★" in told
    assert "loss ↓" in told


def test_a_page_of_plots_is_one_file(lineal):
    pytest.importorskip("plotly")
    assert "wrote out.html" in lineal("compare", 1, 2, "--plot", "out.html")
    page = (lineal.folder / "out.html").read_text("utf-8")
    assert "<b>|" not in page
    assert page.count("Plotly.newPlot(") >= 3


def test_runs_are_a_frame_that_is_searched(workspace):
    frame = workspace.runs("metrics.score > 10 and params.slope = '2.0'")
    assert frame["number"].tolist() == [2]
    assert frame["metrics.loss"].tolist() == [pytest.approx(2 / 3)]
    assert frame["tags.note"].tolist() == [HOSTILE]
    everything = workspace.runs(order_by=["number ASC"], experiment="study")
    assert everything["run_id"].tolist() == [
        r.id for r in workspace.list_runs(order_by=["number ASC"])
    ]
    assert isinstance(everything, pd.DataFrame)
    assert workspace.runs(order_by="number ASC", experiment="study").equals(everything)
    assert len(workspace.runs(limit=1)) == 1
    assert len(workspace.runs("metrics.score > 1000")) == 0


def test_records_stand_for_references(workspace):
    run, version = workspace.get_run("2"), workspace.registry.version("line", 1)
    assert workspace.diff(version, run).kind == "model version, run"
    assert [r.number for r in workspace.compare([run, 1]).runs] == [2, 1]
    assert "# Model card: line@v1" in workspace.card(version)


def test_a_card_says_what_is_recorded_and_what_is_not(lineal):
    assert "wrote card.md" in lineal("card", "line@production", "-o", "card.md")
    card = (lineal.folder / "card.md").read_text("utf-8")
    for words in (
        "# Model card: line@v2",
        "| people.csv |",
        "people@v2",
        "| x | float64 |",
        "| fit | study:fit | 2 | slope = 2.0 |",
        "| score | 16 |",
        "| **largest difference** | 2 |",
        "- study:helper",
        "| commit | not recorded |",
        "in force",
        "the seed 0",
    ):
        assert words in card, words
    assert "<b>" not in card
    cells = next(line for line in card.splitlines() if "| production |" in line)
    assert cells.replace("\\|", "").count("|") == 7
    assert card.rstrip("\n") == lineal("card", "line@v2").rstrip("\n")


def test_a_card_is_about_a_model_version(lineal, workspace):
    lineal("card", "people@v1", exits=2)
    assert "no model version" in lineal.complaint
    with pytest.raises(UserError, match="no model version"):
        workspace.card(1)
