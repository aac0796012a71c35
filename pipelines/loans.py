"""Decide on loans, and show how the decision falls on women and men, young and old.

The data is the German Credit set (Statlog): 1,000 loans that were paid back or not. One
model is fitted and judged overall, by sex and by age group, and a report sets the groups
side by side. The model is registered with gates on both: it has to be good, and it may
not grant loans to one group much more readily than to another.

    python pipelines/loans.py german.data
    lineal run pipelines/loans.py -p data=german.data -p penalty=0.1
"""

import sys
from pathlib import Path

import pandas as pd
from fairlearn.metrics import MetricFrame, selection_rate, true_positive_rate
from matplotlib.figure import Figure
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lineal import Metrics, dataset, pipeline, register, task

COLUMNS = """
    checking duration history purpose amount savings employment rate status guarantors
    residence property age plans housing credits job dependants phone foreign class
"""  # the file has no header
WOMEN = ("A92", "A95")  # of the codes of personal status and sex
PROTECTED = ["sex", "age_group"]
GATES = (
    "min auc 0.7",
    "max |selection_rate(sex=female) - selection_rate(sex=male)| 0.2",
    "max |tpr(sex=female) - tpr(sex=male)| 0.15",
)


@task(outputs={"loans": dataset("loans")})
def load(data: Path) -> pd.DataFrame:
    """Loans as they came, with the applicants' groups told from the codes."""
    loans = pd.read_csv(data, sep=r"\s+", names=COLUMNS.split())
    loans["sex"] = loans.pop("status").isin(WOMEN).map({True: "female", False: "male"})
    loans["age_group"] = pd.cut(loans["age"], [0, 25, 60, 200], labels=["young", "middle", "old"])
    loans["repaid"] = loans.pop("class") == 1
    return loans.astype({"age_group": "str"})


@task(outputs=("train", "test"))
def split(loans: pd.DataFrame, test_size: float = 0.3):
    """Loans to learn from and to judge by, alike in outcome and sex."""
    groups = loans["sex"] + loans["repaid"].astype(str)
    return train_test_split(loans, test_size=test_size, stratify=groups, random_state=0)


@task
def fit(train: pd.DataFrame, penalty: float = 1.0) -> Pipeline:
    """A model that is not told the groups."""
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    model = make_pipeline(encode, LogisticRegression(C=1 / penalty, max_iter=1000))
    return model.fit(applications(train), train["repaid"])


@task
def evaluate(model: Pipeline, test: pd.DataFrame, threshold: float = 0.5) -> Metrics:
    """How well it tells who pays back, overall and for each group."""
    chances = pd.Series(model.predict_proba(applications(test))[:, 1], index=test.index)
    by_group = {
        dimension: {
            group: judge(rows["repaid"], chances[rows.index], threshold)
            for group, rows in test.groupby(dimension)
        }
        for dimension in PROTECTED
    }
    return Metrics(judge(test["repaid"], chances, threshold), slices=by_group)


@task
def report_disparity(model: Pipeline, test: pd.DataFrame, threshold: float = 0.5) -> pd.DataFrame:
    """For each group: how many, how many get a loan, and how many of those who would pay it back.

    The column `difference` is how far apart the groups of one kind are at the most.
    """
    granted = model.predict_proba(applications(test))[:, 1] >= threshold
    measures = {
        "count": lambda truth, _: len(truth),
        "granted": selection_rate,
        "granted_of_good": true_positive_rate,
        "accuracy": accuracy_score,
    }
    tables = []
    for dimension in PROTECTED:
        frame = MetricFrame(
            metrics=measures,
            y_true=test["repaid"],
            y_pred=granted,
            sensitive_features=test[dimension],
        )
        table = frame.by_group.rename_axis("group").reset_index()
        table.insert(0, "by", dimension)
        tables.append(table.assign(difference=frame.difference()["granted"]))
    return pd.concat(tables, ignore_index=True).astype({"count": "int64"})


@task
def draw_disparity(report: pd.DataFrame) -> Figure:
    """The groups' chances of a loan, side by side."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    labels = report["by"] + " " + report["group"]
    axes.barh(labels, report["granted"], color="lightsteelblue", label="gets a loan")
    axes.plot(report["granted_of_good"], labels, "o", color="navy", label="… of who would repay")
    axes.set_xlim(0, 1)
    axes.legend(loc="lower left")
    return figure


def applications(loans: pd.DataFrame) -> pd.DataFrame:
    """What the model may look at: neither the outcome nor the groups."""
    return loans.drop(columns=["repaid", "age", *PROTECTED])


def judge(truth: pd.Series, chances: pd.Series, threshold: float) -> dict[str, float]:
    """The scores of a group of loans."""
    granted = chances >= threshold
    return {
        "auc": roc_auc_score(truth, chances) if truth.nunique() == 2 else float("nan"),
        "accuracy": accuracy_score(truth, granted),
        "selection_rate": granted.mean(),
        "tpr": granted[truth].mean(),
    }


@pipeline
def loans(data: Path, penalty: float = 1.0, threshold: float = 0.5) -> Metrics:
    """Fit, judge by group, and register under gates.

    Args:
        data: The file `german.data` of the Statlog German Credit set.
        penalty: The strength of the model's regularisation.
        threshold: The chance of being paid back from which a loan is granted.
    """
    train, test = split(load(data))
    model = fit(train, penalty)
    scores = evaluate(model, test, threshold)
    draw_disparity(report_disparity(model, test, threshold))
    register("loans", model, metrics=scores, gates=GATES)
    return scores


if __name__ == "__main__":
    print(loans(Path(sys.argv[1])))
