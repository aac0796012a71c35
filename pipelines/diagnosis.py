"""Diagnose breast tumours over four hospital sites.

The data is the Wisconsin diagnostic set that scikit-learn carries, written out as one CSV
per site (the sites are invented, the patients are real). One model is fitted per site and
one on all of them, and they are judged on each site's held-out patients.

    python pipelines/diagnosis.py
    lineal run pipelines/diagnosis.py -p n_estimators=400 -p csv=other.csv
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import RocCurveDisplay, accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

from lineal import Metrics, pipeline, task, unmapped

SITES = ("east", "north", "south", "west")
SHARES = (0.4, 0.3, 0.2, 0.1)  # of the patients, by site


@task
def export_sites() -> Path:
    """The carried data as a folder with one CSV per site."""
    patients = load_breast_cancer(as_frame=True).frame
    patients.columns = patients.columns.str.replace(" ", "_")
    patients["malignant"] = patients.pop("target") == 0
    patients["site"] = np.random.default_rng(0).choice(SITES, size=len(patients), p=SHARES)

    folder = Path(tempfile.mkdtemp())
    for site, rows in patients.groupby("site"):
        rows.to_csv(folder / f"{site}.csv", index=False)
    return folder


@task
def load(source: Path) -> pd.DataFrame:
    """One CSV, or every CSV of a folder, as one frame."""
    files = sorted(source.glob("*.csv")) if source.is_dir() else [source]
    return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)


@task
def check(patients: pd.DataFrame, sites: tuple[str, ...] = SITES) -> pd.DataFrame:
    """The same patients, when they can be learnt from."""
    if missing := {"site", "malignant"} - set(patients.columns):
        raise ValueError(f"columns are missing: {sorted(missing)}")
    if (blank := patients.columns[patients.isna().any()]).size:
        raise ValueError(f"columns have missing values: {list(blank)}")
    if unknown := set(patients["site"]) ^ set(sites):
        raise ValueError(f"sites differ from {list(sites)}: {sorted(unknown)}")
    if not patients["malignant"].isin([False, True]).all():
        raise ValueError("the column malignant holds other values than 0 and 1, or False and True")
    return patients.astype({"malignant": bool})


@task(outputs=("train", "test"))
def split(patients: pd.DataFrame, test_size: float = 0.3):
    """Training and test patients, alike in site and diagnosis."""
    groups = patients["site"] + patients["malignant"].astype(str)
    return train_test_split(patients, test_size=test_size, stratify=groups, random_state=0)


@task
def fit(
    train: pd.DataFrame, site: str | None = None, n_estimators: int = 200
) -> RandomForestClassifier:
    """A forest that learnt from one site, or from all."""
    rows = train if site is None else train[train["site"] == site]
    model = RandomForestClassifier(n_estimators, random_state=0)
    return model.fit(features(rows), rows["malignant"])


@task
def evaluate(
    pooled: RandomForestClassifier,
    local: list[RandomForestClassifier],
    test: pd.DataFrame,
    sites: tuple[str, ...] = SITES,
) -> Metrics:
    """How well the pooled model does, overall and by site, beside each site's own."""
    by_site = {}
    for site, own in zip(sites, local, strict=True):
        rows = test[test["site"] == site]
        by_site[site] = judge(pooled, rows) | {"auc_of_own_model": judge(own, rows)["auc"]}
    return Metrics(judge(pooled, test), slices={"site": by_site})


@task
def draw_roc(
    model: RandomForestClassifier, test: pd.DataFrame, sites: tuple[str, ...] = SITES
) -> Figure:
    """The pooled model's ROC curve at each site."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    for site in sites:
        rows = test[test["site"] == site]
        RocCurveDisplay.from_predictions(rows["malignant"], risk(model, rows), ax=axes, name=site)
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    return figure


def features(patients: pd.DataFrame) -> pd.DataFrame:
    """What a model may look at."""
    return patients.drop(columns=["site", "malignant"])


def risk(model: RandomForestClassifier, patients: pd.DataFrame) -> np.ndarray:
    """The probability that each tumour is malignant."""
    return model.predict_proba(features(patients))[:, 1]


def judge(model: RandomForestClassifier, patients: pd.DataFrame) -> dict[str, float]:
    """The scores of a model on some patients."""
    truth, risks = patients["malignant"], risk(model, patients)
    return {"auc": roc_auc_score(truth, risks), "accuracy": accuracy_score(truth, risks > 0.5)}


@pipeline
def diagnosis(
    csv: Path | None = None, n_estimators: int = 200, sites: tuple[str, ...] = SITES
) -> Metrics:
    """Fit per site and on all sites; with `csv`, on patients of your own.

    Args:
        csv: The same columns as `export_sites` writes, with `site` and `malignant`.
        n_estimators: Trees in each forest.
        sites: The sites to expect.
    """
    source = export_sites() if csv is None else csv
    train, test = split(check(load(source), sites))
    pooled = fit(train, n_estimators=n_estimators)
    local = fit.map(unmapped(train), sites, unmapped(n_estimators))
    draw_roc(pooled, test, sites)
    return evaluate(pooled, local, test, sites)


if __name__ == "__main__":
    print(diagnosis())
