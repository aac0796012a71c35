"""The bundled pipelines, told as stories through the real command line, from an empty store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("LINEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
FRAUD = DATA / "card-fraud" / "creditcard_sample.csv"
LOANS = DATA / "german-credit" / "german.data"


class Teller:
    """Runs `lineal` in a folder of its own, and keeps what it said last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: object, exits: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "lineal.cli.main", *map(str, words)],
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == exits, done.stdout + done.stderr
        self.complaint = done.stderr
        return done.stdout

    def facts(self, *words: object) -> Any:
        return json.loads(self(*words, "--json"))


@pytest.fixture
def lineal(tmp_path: Path, store: Path) -> Teller:
    return Teller(tmp_path)


def needs(file: Path) -> pytest.MarkDecorator:
    reason = f"there is no {file}; set LINEAL_TEST_DATA to the folder that holds the data"
    return pytest.mark.skipif(not file.is_file(), reason=reason)


@pytest.mark.slow
@needs(FRAUD)
def test_a_bad_model_is_kept_out_and_a_worse_one_rolled_back(lineal):
    run = ("run", ROOT / "pipelines" / "fraud.py", "-p", f"transactions={FRAUD}")
    lineal(*run)
    lineal("model", "alias", "fraud", "champion", "v1")
    lineal("deploy", "fraud@v1", "production", "--reason", "the first one")

    # A challenger that finds more takes over.
    lineal(*run, "-p", "candidate=forest")
    lineal("deploy", "fraud@v2", "production", "--reason", "finds more")
    lineal("model", "alias", "fraud", "champion", "v2")

    # One that has hardly seen anything is refused, with the numbers, and nothing changes.
    lineal(*run, "-p", "rows=60")
    lineal("deploy", "fraud@v3", "production", "--reason", "in a hurry", exits=2)
    assert "f1 is 0.7" in lineal.complaint
    assert "champion's 0.94" in lineal.complaint
    assert [d["version"] for d in lineal.facts("deployments", "production")] == [2, 1]

    # Somebody overrides the gate, and it is put back at once.
    lineal("deploy", "fraud@v3", "production", "--reason", "the boss says so", "--override")
    lineal("rollback", "production", "--reason", "floods the analysts")
    past = lineal.facts("deployments", "production")
    assert [(d["version"], d["action"], d["overridden"]) for d in past] == [
        (2, "rollback", False), (3, "deploy", True), (2, "deploy", False), (1, "deploy", False),
    ]  # fmt: skip
    assert [d["succeeded_by"] is None for d in past] == [True, False, False, False]
    actions = [event["action"] for event in lineal.facts("model", "history", "fraud")]
    assert actions.count("deploy") == 3
    assert actions[-1] == "rollback"

    # What is in production, and what made it?
    tree = lineal("lineage", "fraud@production")
    for word in ("fraud@v2", "forest", "fit", "split", "load", FRAUD.name):
        assert word in tree, word

    # All three were made of the same data; running again registers nothing new.
    assert len(lineal.facts("dataset", "show", "transactions")["versions"]) == 1
    lineal(*run)
    assert len(lineal.facts("model", "show", "fraud")["versions"]) == 3
    reached = lineal("impact", FRAUD)
    for name in ("fraud@v1", "fraud@v2", "fraud@v3", "production"):
        assert name in reached, name


@pytest.mark.slow
@needs(LOANS)
def test_a_lender_shows_how_its_model_treats_groups(lineal):
    lineal("run", ROOT / "pipelines" / "loans.py", "-p", f"data={LOANS}")
    version = lineal.facts("model", "show", "loans@v1")
    slices = {
        (next(iter(m["labels"].items())), m["key"]): m["value"]
        for m in version["version"]["metrics"]
        if m["labels"]
    }
    gap = abs(
        slices[("sex", "female"), "selection_rate"] - slices[("sex", "male"), "selection_rate"]
    )
    (judged,) = version["judgements"]
    assert judged["stage"] == "register"
    by_rule = {result["rule"]: result for result in judged["results"]}
    rule = next(rule for rule in by_rule if "selection_rate" in rule)
    numbers = list(by_rule[rule]["numbers"].values())
    assert abs(numbers[0] - numbers[1]) == pytest.approx(gap)
    assert all(result["passed"] for result in judged["results"])

    # The report is an artifact that anyone can have back.
    lineal("get", "1:report_disparity", "-o", "report.csv")
    report = (lineal.folder / "report.csv").read_text()
    assert "female" in report
    assert "granted_of_good" in report
    lineal("deploy", "loans@v1", "production", "--reason", "fair enough")

    # A stricter policy of the team: the same model may not be deployed elsewhere any more.
    lineal("model", "gate", "add", "loans", "max |tpr(age_group=old) - tpr(age_group=middle)| 0.05")
    lineal("deploy", "loans@v1", "branches", "--reason", "roll out", exits=2)
    assert "are apart by" in lineal.complaint
    assert len(lineal.facts("deployments")) == 1
