"""Find fraud among card transactions: champion and challenger.

Any CSV with the columns of the ULB credit card data will do: V1 to V28, Amount, Class. Each
run fits one candidate and registers it as a version of the model `fraud`; gates keep a
candidate that finds less than the champion out of production.

    lineal run pipelines/fraud.py -p transactions=creditcard.csv
    lineal model alias fraud champion v1
    lineal deploy fraud@v1 production --reason "the first one"
    lineal run pipelines/fraud.py -p transactions=creditcard.csv -p candidate=forest
    lineal deploy fraud@v2 production --reason "finds more"
    lineal rollback production --reason "too many false alarms"
"""

import sys
from pathlib import Path
from typing import Literal

import pandas as pd
from matplotlib.figure import Figure
from sklearn.base import ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import (
    PrecisionRecallDisplay,
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from lineal import Metrics, dataset, pipeline, register, task

Candidate = Literal["tree", "forest"]
GATES = ("min recall 0.6", "must beat champion on f1")


@task(outputs={"transactions": dataset("transactions")})
def load(transactions: Path) -> pd.DataFrame:
    """Transactions in order of time, each with a number of its own."""
    rows = pd.read_csv(transactions)
    rows = rows.drop(columns=[name for name in rows if name.startswith("Unnamed")])
    if missing := {"Amount", "Class"} - set(rows.columns):
        raise ValueError(f"columns are missing: {sorted(missing)}")
    return rows.sort_values("Time", kind="stable", ignore_index=True).astype({"Class": bool})


@task(outputs=("train", "test"))
def split(transactions: pd.DataFrame, test_size: float = 0.3):
    """What to learn from and what to judge by, alike in the share of fraud."""
    return train_test_split(
        transactions, test_size=test_size, stratify=transactions["Class"], random_state=0
    )


@task
def fit(
    train: pd.DataFrame,
    candidate: Candidate = "tree",
    n_estimators: int = 100,
    rows: int | None = None,
) -> ClassifierMixin:
    """A classifier that has seen all training transactions, or the first `rows` of them."""
    seen = train if rows is None else train.head(rows)
    if candidate == "forest":
        model = RandomForestClassifier(n_estimators, random_state=0)
    else:
        model = DecisionTreeClassifier(max_depth=4, random_state=0)
    return model.fit(features(seen), seen["Class"])


@task
def evaluate(model: ClassifierMixin, test: pd.DataFrame) -> Metrics:
    """How much fraud it finds, overall and by amount, and how much it raises in vain."""
    risks = pd.Series(model.predict_proba(features(test))[:, 1], index=test.index)
    sizes = test["Amount"].gt(100).map({True: "large", False: "small"})
    by_size = {size: judge(rows["Class"], risks[rows.index]) for size, rows in test.groupby(sizes)}
    return Metrics(judge(test["Class"], risks), slices={"amount": by_size})


@task
def draw_precision(model: ClassifierMixin, test: pd.DataFrame) -> Figure:
    """Precision against recall."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    PrecisionRecallDisplay.from_estimator(
        model, features(test), test["Class"], ax=figure.subplots()
    )
    return figure


def features(transactions: pd.DataFrame) -> pd.DataFrame:
    """What a model may look at."""
    return transactions.drop(columns=["Time", "Class"])


def judge(truth: pd.Series, risks: pd.Series) -> dict[str, float]:
    """The scores of some transactions."""
    alarms = risks >= 0.5
    return {
        "f1": f1_score(truth, alarms),
        "precision": precision_score(truth, alarms, zero_division=0),
        "recall": recall_score(truth, alarms),
        "average_precision": average_precision_score(truth, risks),
    }


@pipeline
def fraud(
    transactions: Path,
    candidate: Candidate = "tree",
    n_estimators: int = 100,
    rows: int | None = None,
) -> Metrics:
    """Fit one candidate, judge it, and register it as a version of `fraud`.

    Args:
        transactions: A CSV with the columns V1 to V28, Time, Amount and Class.
        candidate: tree or forest.
        n_estimators: Trees of the forest.
        rows: How many transactions it may learn from; all by default.
    """
    train, test = split(load(transactions))
    model = fit(train, candidate, n_estimators, rows)
    scores = evaluate(model, test)
    draw_precision(model, test)
    register("fraud", model, metrics=scores, gates=GATES)
    return scores


if __name__ == "__main__":
    print(fraud(Path(sys.argv[1])))
