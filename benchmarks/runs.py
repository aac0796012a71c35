"""Searching runs: the top 100 by a metric with a filter, and all of them as a frame.

Stores of several sizes hold the same runs: five parameters, three metrics and their tags each. The
filter is on a metric and a parameter; both sides speak the same language for it. The limit is bare
SQL over lineal's own tables, by their indexes, that returns rows and makes no records of them.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

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
        searched(bench, count)


def searched(bench: Bench, count: int) -> None:
    ours, theirs = bench.fresh(), bench.fresh()
    fill_lineal(ours, count)
    database = sqlite3.connect(ours / "catalog.db")
    top, everything = [], []
    with Workspace.open(ours) as workspace:
        top = [Side("lineal", lambda: workspace.runs(WHERE, ORDER, TOP), does=OURS)]
        everything = [Side("lineal", workspace.runs, does=OURS)]
        if installed("mlflow"):
            mlflow = Mlflow(theirs, count)
            top.append(Side("MLflow", mlflow.top, does=THEIRS))
            everything.append(Side("MLflow", mlflow.everything, does=THEIRS))
        for side in top:
            bench.record(
                f"the right ones of {count:,} runs, in order", side.name, same(side, count)
            )
        bare_top = Side("bare SQL", lambda: database.execute(BARE_TOP, (TOP,)).fetchall())
        bare_all = Side("bare SQL", lambda: [database.execute(q).fetchall() for q in BARE_ALL])
        bench.compare(f"the top {TOP} of {count:,} runs, as a frame", top, limit=bare_top)
        bench.compare(
            f"all of {count:,} runs as a frame", everything, per=count, unit="run", limit=bare_all
        )
    database.close()


class Mlflow:
    """The same runs in MLflow."""

    def __init__(self, folder: Path, count: int) -> None:
        self.mlflow = mlflow_in(folder)
        (self.experiment,) = [e for e in self.mlflow.search_experiments() if e.name == "search"]
        fill_mlflow(folder, self.experiment.experiment_id, count)

    def top(self) -> Any:
        return self.mlflow.search_runs(
            [self.experiment.experiment_id], WHERE, order_by=ORDER, max_results=TOP
        )

    def everything(self) -> Any:
        return self.mlflow.search_runs([self.experiment.experiment_id])


def same(side: Side, count: int) -> bool:
    """Whether a side finds the runs that plain Python finds, in its order, with their metrics."""
    found = [
        one for one in wanted(count) if one.metrics["auc"] > 0.5 and one.params["depth"] == "3"
    ]
    found = sorted(found, key=lambda one: -one.metrics["auc"])[:TOP]
    frame = side.run()
    return len(frame) == len(found) and all(
        list(frame["run_id"]) == [one.id for one in found]
        and list(frame[f"metrics.{name}"]) == [one.metrics[name] for one in found]
        for name in METRICS
        if found
    )


if __name__ == "__main__":
    run(main)
