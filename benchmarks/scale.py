"""How costs grow with steps, runs, artifacts and points: as many times as much, or less?

Each work is done at every size, tenfold from one to the next. The slope is that of the straight
line through the logarithms of size and time: 1 where twice as much takes twice as long, 0 where
the size does not matter. What has to do with each of the steps or points can't be below 1 in the
end; a question about a few of the runs and artifacts should stay near 0.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

import lineage
import lineal
from harness import Bench, Side, run
from lineal import Pipeline, pipeline, task
from lineal.workspace import Workspace

CHAIN = 10
"""Steps of each run in a filled catalog."""
SHOWN = 20
"""Runs on a page."""


@task
def one_more(x: int) -> int:
    return x + 1


@pipeline
def wide(first: int, steps: int) -> None:
    one_more.map(range(first, first + steps))


@pipeline
def deep(first: int, steps: int) -> None:
    x = first
    for _ in range(steps):
        x = one_more(x)


@pipeline
def logging(points: int) -> None:
    log(points)


@task(cache=False)
def log(points: int) -> None:
    for _ in range(points):
        lineal.log_metric("loss", 0.5)


def main(bench: Bench) -> None:
    sizes = bench.pick(
        tiny=(10, 30), quick=(10, 100, 1_000), full=(10, 100, 1_000, 10_000, 100_000)
    )
    most = bench.pick(tiny=30, quick=1_000, full=10_000)  # of a chain, which no one makes longer
    short = tuple(size for size in sizes if size <= most)
    bench.part("steps side by side", of_steps, bench, "side by side", wide, sizes)
    bench.part("steps in a chain", of_steps, bench, "one after another", deep, short)
    bench.part("points", of_points, bench, sizes)
    bench.part("a filled catalog", of_a_filled_catalog, bench, sizes)


def measure(bench: Bench, work: str, size: int, call: Callable[[], Any], does: str = "") -> None:
    rounds = bench.pick(tiny=1, quick=2, full=3)
    side = Side("lineal", call, does=does)
    bench.compare(f"{work}, {size:,}", [side], rounds=rounds, at=size)


def of_steps(bench: Bench, name: str, study: Pipeline[..., Any], sizes: tuple[int, ...]) -> None:
    executed, reused = f"steps {name}, executed", f"steps {name}, reused"
    for size in sizes:
        with Workspace.open(bench.fresh()) as workspace:
            runs = Runs(workspace, study, size)
            measure(bench, executed, size, runs.new, "a whole run, durable when it returns")
            measure(bench, reused, size, runs.old)
    slopes(bench, executed, reused)


class Runs:
    """Runs of so many steps, that have never been executed before or all have."""

    def __init__(self, workspace: Workspace, study: Pipeline[..., Any], size: int) -> None:
        self.workspace, self.study, self.size = workspace, study, size
        self.firsts = count(0, 10 * size)

    def new(self) -> None:
        self.run(next(self.firsts))

    def old(self) -> None:
        self.run(0)

    def run(self, first: int) -> None:
        self.workspace.run(self.study, {"first": first, "steps": self.size})


def of_points(bench: Bench, sizes: tuple[int, ...]) -> None:
    work = "points of a metric, logged one by one"
    for size in sizes:
        with Workspace.open(bench.fresh()) as workspace:
            measure(bench, work, size, partial(workspace.run, logging, {"points": size}))
    slopes(bench, work)


def of_a_filled_catalog(bench: Bench, sizes: tuple[int, ...]) -> None:
    """Questions, and a run, whose own work stays the same."""
    works: dict[str, Callable[[Workspace], Any]] = {
        f"the newest {SHOWN} runs, of so many artifacts": lambda w: w.list_runs(limit=SHOWN),
        f"ancestors {CHAIN} steps far, of so many artifacts": lambda w: w.lineage(
            "fraud@production"
        ),
        "a run of one step, beside so many artifacts": lambda w: w.run(
            wide, {"first": 0, "steps": 1}
        ),
    }
    for size in sizes:
        root = bench.fresh()
        with Workspace.open(root):
            pass
        lineage.fill(root / "catalog.db", max(size // CHAIN, 2), CHAIN)
        with Workspace.open(root) as workspace:
            for work, call in works.items():
                measure(bench, work, size, partial(call, workspace))
    slopes(bench, *works)


def slopes(bench: Bench, *works: str) -> None:
    """Tell how each work grew, over all sizes and from the last but one to the last."""
    for work in works:
        grown = {
            row.at: side.median
            for row in bench.results.rows
            for side in row.sides
            if row.at and row.name == f"{work}, {row.at:,}" and side.median
        }
        if len(grown) > 1:
            sizes, seconds = list(grown), list(grown.values())
            bench.record(f"slope of {work}", "lineal", slope(sizes, seconds))
            last = slope(sizes[-2:], seconds[-2:])
            bench.record(f"slope of {work}, the last two sizes", "lineal", last)


def slope(sizes: list[int], seconds: list[float]) -> float:
    x, y = ([math.log(item) for item in items] for items in (sizes, seconds))
    return round(statistics.linear_regression(x, y).slope, 2)


if __name__ == "__main__":
    run(main)
