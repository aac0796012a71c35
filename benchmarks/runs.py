"""Searching runs: the top 100 by a metric with a filter, and all of them as a frame.

Stores of several sizes hold the same runs: five parameters, three metrics and their tags each. The
filter is on a metric and a parameter; both sides speak the same language for it. The limit is bare
SQL over lineal's own tables, by their indexes, that returns rows and makes no records of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from filled import METRICS, fill_lineal, fill_mlflow, mlflow_in, wanted
from harness import Bench, Side, installed, run
from lineal.workspace import Workspace

WHERE = "metrics.auc > 0.5 and params.depth = '3'"
ORDER = ["metrics.auc DESC"]
TOP = 100
BARE_TOP = """
SELECT m.execution_id >> 24, m.last FROM metric_summaries m
JOIN run_params p ON p.run_number = m.execution_id >> 24 AND p.key = 'depth' AND p.value = '3'
WHERE m.key = 'auc' AND m.labels = '{}' AND m.last > 0.5 ORDER BY m.last DESC LIMIT ?
"""
BARE_ALL = [f"SELECT * FROM {table}" for table in ("runs", "run_params", "run_tags")] + [
    "SELECT execution_id >> 24, key, last FROM metric_summaries"
]
OURS = "what steps logged counts, too, and what was reused"
THEIRS = "SQLite, by its client"


def main(bench: Bench) -> None:
    sizes = bench.pick(tiny=[20], quick=[1_000, 5_000], full=[1_000, 10_000, 100_000])
    for count in sizes:
        bench.part(f"{count:,} runs", searched, bench, count)


def searched(bench: Bench, count: int) -> None:
    ours, theirs = bench.fresh(), bench.fresh()
    fill_lineal(ours, count)
    database = sqlite3.connect(ours / "catalog.db")
    with Workspace.open(ours) as workspace:
        asked = {"lineal": Last(lambda: workspace.runs(WHERE, ORDER, TOP))}
        top = [Side("lineal", asked["lineal"], does=OURS)]
        everything = [Side("lineal", workspace.runs, does=OURS)]
        if installed("mlflow"):
            mlflow = Mlflow(theirs, count)
            asked["MLflow"] = Last(mlflow.top)
            top.append(Side("MLflow", asked["MLflow"], does=THEIRS))
            some = min(count, mlflow.most)
            does = f"{THEIRS}; at most {mlflow.most:,} runs"
            everything.append(Side("MLflow", mlflow.everything, does=does, per=some))
        bare_top = Side("bare SQL", lambda: database.execute(BARE_TOP, (TOP,)).fetchall())
        bare_all = Side("bare SQL", lambda: [database.execute(q).fetchall() for q in BARE_ALL])
        bench.compare(f"the top {TOP} of {count:,} runs, as a frame", top, limit=bare_top)
        for name, ask in asked.items():
            right = same(ask.answer, count)
            bench.record(f"the right ones of {count:,} runs, in order", name, right)
        bench.compare(
            f"all of {count:,} runs as a frame", everything, per=count, unit="run", limit=bare_all
        )
    database.close()


class Last:
    """A question, and what was answered last: asking once more may take half a minute."""

    def __init__(self, ask: Callable[[], pd.DataFrame]) -> None:
        self.ask = ask
        self.answer = pd.DataFrame()

    def __call__(self) -> None:
        self.answer = self.ask()


class Mlflow:
    """The same runs in MLflow."""

    most = 10_000
    """Runs in a frame: all of more would take a minute, and each as long."""

    def __init__(self, folder: Path, count: int) -> None:
        self.mlflow = mlflow_in(folder)
        (self.experiment,) = [e for e in self.mlflow.search_experiments() if e.name == "search"]
        fill_mlflow(folder, self.experiment.experiment_id, count)

    def top(self) -> Any:
        return self.mlflow.search_runs(
            [self.experiment.experiment_id], WHERE, order_by=ORDER, max_results=TOP
        )

    def everything(self) -> Any:
        return self.mlflow.search_runs([self.experiment.experiment_id], max_results=self.most)


def same(frame: pd.DataFrame, count: int) -> bool:
    """Whether a frame holds the runs that plain Python finds, in its order, with their metrics."""
    found = [
        one for one in wanted(count) if one.metrics["auc"] > 0.5 and one.params["depth"] == "3"
    ]
    found = sorted(found, key=lambda one: -one.metrics["auc"])[:TOP]
    return len(frame) == len(found) and all(
        list(frame["run_id"]) == [one.id for one in found]
        and list(frame[f"metrics.{name}"]) == [one.metrics[name] for one in found]
        for name in METRICS
        if found
    )


if __name__ == "__main__":
    run(main)
