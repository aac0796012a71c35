"""Where did my record go? Rows followed from a file to the models in production."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PIPELINE = """
from pathlib import Path
import pandas as pd
from lineal import Metrics, dataset, pipeline, register, task

@task(outputs={"patients": dataset("patients")})
def load(csv: Path) -> pd.DataFrame:
    return pd.read_csv(csv)

@task(outputs=("train", "test"))
def split(patients: pd.DataFrame):
    return patients[patients["id"] % 2 == 0], patients[patients["id"] % 2 == 1]

@task
def features(train: pd.DataFrame) -> pd.DataFrame:
    return train.drop(columns="id")

@task
def fit(features: pd.DataFrame) -> dict[str, float]:
    return {"mean": float(features["age"].mean())}

@task
def fit_on_rows(train: pd.DataFrame) -> dict[str, float]:
    return {"most": float(train["age"].max())}

@task
def ages(patients: pd.DataFrame) -> pd.DataFrame:
    return patients.groupby("site", as_index=False)["age"].mean()

@task
def evaluate(model: dict[str, float], test: pd.DataFrame) -> Metrics:
    return Metrics(error=float((test["age"] - model["mean"]).abs().mean()))

@task
def odd(test: pd.DataFrame) -> dict[str, int]:
    return {"rows": len(test)}

@pipeline
def study(csv: Path = Path("patients.csv")) -> Metrics:
    patients = load(csv)
    train, test = split(patients)
    ages(patients)
    model = fit(features(train))
    direct = fit_on_rows(train)
    register("odd", odd(test))
    register("risk", model)
    register("direct", direct)
    return evaluate(model, test)
"""
CSV = "id,site,age\n1,a,30\n2,a,40\n3,b,50\n4,b,60\n"


@pytest.fixture
def lineal(command, tmp_path, monkeypatch):
    """Runs a command in a folder with a study that has run; gives what it printed."""
    monkeypatch.chdir(tmp_path)
    Path("study.py").write_text(PIPELINE)
    Path("patients.csv").write_text(CSV)

    command("run", "study.py")
    for model in ("risk", "direct", "odd"):
        command("deploy", f"{model}@v1", model, "--reason", "first")
    return command


def verdicts(text):
    told = json.loads(text)
    kinds = ("start", "deployments", "models", "datasets", "data", "runs")
    return {k: {f["place"] or f["label"]: f["verdict"] for f in told[k]} for k in kinds}


def test_a_record_is_followed_to_the_models_that_were_made_from_it(lineal):
    found = verdicts(lineal("impact", "patients.csv", "--row-key", "id=2", "--json"))
    assert found["start"] == {"patients.csv": "holds"}
    assert found["data"] == {
        "1:load.patients": "holds",
        "1:split.train": "holds",
        "1:split.test": "free",
        "1:features": "unknown",
        "1:ages": "unknown",
        "1:fit": "unknown",
        "1:fit_on_rows": "given",
        "1:evaluate": "unknown",
    }
    assert found["models"] == {"direct@v1": "given", "risk@v1": "unknown"}
    assert found["deployments"] == {"direct: direct@v1": "given", "risk: risk@v1": "unknown"}
    assert found["datasets"] == {"patients@v1": "holds"}
    assert found["runs"] == {"run #1 study": "given"}


def test_what_came_only_of_data_without_the_record_is_not_followed(lineal):
    found = verdicts(lineal("impact", "patients.csv", "--row-key", "id=3", "--json"))
    assert found["data"]["1:split.train"] == "free"
    assert found["data"]["1:odd"] == "given"
    assert "1:fit" not in found["data"]
    assert found["models"] == {"odd@v1": "given"}


def test_people_are_told_in_words(lineal):
    text = lineal("impact", "patients.csv", "--row-key", "id=2")
    assert "holds it: 1 row" in text
    assert "made from data that holds it" in text
    assert "does not hold it" in text
    assert "unknown, follows by lineage" in " ".join(text.split())


def test_a_key_may_have_several_columns(lineal):
    one = lineal("impact", "patients.csv", "--row-key", "id=2", "--row-key", "site=a", "--json")
    assert json.loads(one)["start"][0]["rows"] == 1
    words = ("--row-key", "id=2", "--row-key", "site=b")
    assert "No row of patients.csv has id=2 and site=b" in lineal(
        "impact", "patients.csv", *words, exits=1
    )


def test_a_record_that_was_taken_out_since_is_found_in_the_content_that_was_read(lineal):
    Path("patients.csv").write_text(CSV.replace("2,a,40\n", ""))
    lineal("run", "study.py")
    for reference in ("patients.csv", str(Path("patients.csv").absolute()), "patients"):
        text = lineal("impact", reference, "--row-key", "id=2", "--json")
        found = json.loads(text)
        assert [f["verdict"] for f in found["start"]].count("free") == 1
        assert {f["label"] for f in found["models"]} == {"direct@v1", "risk@v1"}
        assert [f["label"] for f in found["runs"]] == ["run #1 study"]
    Path("patients.csv").unlink()
    assert "direct@v1" in lineal("impact", "patients.csv", "--row-key", "id=2")
    assert lineal("impact", "patients@v2", "--row-key", "id=2", exits=1)


def test_the_rows_of_a_step_s_output_can_be_asked_about(lineal):
    found = verdicts(lineal("impact", "1:split.train", "--row-key", "id=2", "--json"))
    assert list(found["start"].values()) == ["holds"]
    assert "1:ages" not in found["data"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("patients.csv", "--row-key", "idd=2"), "has no column 'idd'; it has id"),
        (("patients.csv", "--row-key", "id"), "write COLUMN=VALUE"),
        (("patients.csv", "--row-key", "=2"), "write COLUMN=VALUE"),
        (("latest", "--row-key", "id=2"), "names no data"),
        (("risk@v1", "--row-key", "id=2"), "names no data"),
        (("study.py", "--row-key", "id=2"), "names no data"),
        (("nope.csv", "--row-key", "id=2"), "nope.csv is not there"),
    ],
)
def test_a_mistake_is_told_and_ends_with_2(lineal, words, said):
    assert said in lineal("impact", *words, exits=2)
