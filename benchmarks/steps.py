"""What a step costs beside its own work: `python benchmarks/steps.py`.

Prints, as the best of several rounds on this machine, the time of a whole run of trivial
steps divided by their number, until everything is durable: executed and reused, one after
the other and side by side, and side by side with the same array of 8 MB given to each. Beside
it stands the time on processors of all threads, which says more where the machine has other
work. The last line is what calling the functions alone costs. Needs about 200 MB of memory and
a temporary folder; its fsync counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lineal import Workspace, pipeline, task, unmapped
from lineal.pipeline import Pipeline

ROUNDS = 5
STEPS = 1_000
GIVEN = 100
"""Steps that are given the array."""


@task
def add(x: int, n: int) -> int:
    return x + n


@task
def add_first(x: int, array: np.ndarray) -> float:
    return float(x + array[0])


@pipeline
def chain(steps: int, start: int) -> Any:
    x: Any = start
    for i in range(steps):
        x = add(x, i)
    return x


@pipeline
def wide(steps: int, start: int) -> Any:
    add.map(range(start, start + steps), unmapped(1))


@pipeline
def wide_with_an_array(steps: int, start: int, array: np.ndarray) -> Any:
    add_first.map(range(start, start + steps), unmapped(array))


def main() -> None:
    array = np.arange(1_000_000, dtype=np.float64)
    measure("one after the other", chain, STEPS)
    measure("side by side", wide, STEPS)
    measure("side by side, 8 MB given", wide_with_an_array, GIVEN, array=array)
    print(f"{'the functions alone':35} {alone():8.2f} µs")


def measure(name: str, of: Pipeline[..., Any], steps: int, **more: Any) -> None:
    executed, reused = [], []
    with tempfile.TemporaryDirectory() as place, Workspace.open(Path(place)) as workspace:

        def run(start: int) -> tuple[float, float]:
            given = {"steps": steps, "start": start, **more}
            before = time.process_time()
            wall = timed(lambda: workspace.run(of, given))
            return wall / steps * 1e6, (time.process_time() - before) / steps * 1e6

        run(-10 * ROUNDS * steps)
        for i in range(ROUNDS):
            executed.append(run(i * steps))
            reused.append(run(i * steps))
    for how, times in (("executed", executed), ("reused", reused)):
        wall, cpu = (min(column) for column in zip(*times, strict=True))
        print(f"{name + ', ' + how:35} {wall:8.0f} µs {cpu:8.0f} µs on processors")


def alone() -> float:
    return (
        min(timed(lambda: [add(i, 1) for i in range(STEPS)]) for _ in range(ROUNDS)) / STEPS * 1e6
    )


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
