"""The work of the pipeline that every tool is given: no tool is known here.

Breast tumours of four hospital sites (the Wisconsin diagnostic set that scikit-learn
carries; the sites are invented): one forest per site and one on all of them, judged on
each site's held-out patients. `benchmarks/whole.py` edits copies of this file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import RocCurveDisplay, accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

SITES = ("east", "north", "south", "west")
SHARES = (0.4, 0.3, 0.2, 0.1)  # of the patients, by site


def export(folder: Path) -> None:
    """Write one CSV per site: what the pipelines start from, no step of theirs."""
    patients = load_breast_cancer(as_frame=True).frame
    patients.columns = patients.columns.str.replace(" ", "_")
    patients["malignant"] = patients.pop("target") == 0
    patients["site"] = np.random.default_rng(0).choice(SITES, size=len(patients), p=SHARES)
    folder.mkdir(parents=True)
    for site, rows in patients.groupby("site"):
        rows.to_csv(folder / f"{site}.csv", index=False)


def load(folder: Path) -> pd.DataFrame:
    """Every CSV of a folder as one frame."""
    return pd.concat(map(pd.read_csv, sorted(folder.glob("*.csv"))), ignore_index=True)


def check(patients: pd.DataFrame) -> pd.DataFrame:
    """The same patients, when they can be learnt from."""
    if unknown := set(patients["site"]) ^ set(SITES):
        raise ValueError(f"sites differ from {SITES}: {sorted(unknown)}")
    if (blank := patients.columns[patients.isna().any()]).size:
        raise ValueError(f"columns have missing values: {list(blank)}")
    return patients.astype({"malignant": bool})


def split(patients: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test patients, alike in site and diagnosis."""
    groups = patients["site"] + patients["malignant"].astype(str)
    train, test = train_test_split(patients, test_size=0.3, stratify=groups, random_state=0)
    return train, test


def fit(train: pd.DataFrame, site: str | None, trees: int) -> RandomForestClassifier:
    """A forest that learnt from one site, or from all."""
    # The forest of a site sees none of the others' patients.
    rows = train if site is None else train[train["site"] == site]
    return RandomForestClassifier(trees, random_state=0).fit(features(rows), rows["malignant"])


def draw(model: RandomForestClassifier, test: pd.DataFrame) -> Figure:
    """The ROC curve of a model at each site."""
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    for site in SITES:
        rows = test[test["site"] == site]
        RocCurveDisplay.from_predictions(rows["malignant"], risk(model, rows), ax=axes, name=site)
    return figure


def evaluate(
    pooled: RandomForestClassifier, local: list[RandomForestClassifier], test: pd.DataFrame
) -> dict[str, float]:
    """How well the pooled model does overall, and each site's own at its site."""
    scores = judge(pooled, test)
    for site, own in zip(SITES, local, strict=True):
        at_site = judge(own, test[test["site"] == site])
        scores |= {f"{name}_{site}": score for name, score in at_site.items()}
    return scores


def judge(model: RandomForestClassifier, patients: pd.DataFrame) -> dict[str, float]:
    """The scores of a model on some patients."""
    truth, risks = patients["malignant"], risk(model, patients)
    return {
        "auc": float(roc_auc_score(truth, risks)),
        "accuracy": float(accuracy_score(truth, risks > 0.5)),
    }


def risk(model: RandomForestClassifier, patients: pd.DataFrame) -> np.ndarray:
    """The probability that each tumour is malignant."""
    return model.predict_proba(features(patients))[:, 1]


def features(patients: pd.DataFrame) -> pd.DataFrame:
    """What a model may look at."""
    return patients.drop(columns=["site", "malignant"])
