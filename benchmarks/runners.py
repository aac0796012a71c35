"""What runs on Prefect cost beside plain Prefect, and what a map of many steps costs anywhere.

    python benchmarks/runners.py [STEPS]

Prefect's own settings decide which server is used; the temporary one is started and left out
of what is measured, and so is the first flow, which brings Prefect in.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lineal import Workspace, pipeline, task, unmapped

STEPS = 200
MEGABYTE = 1 << 10  # ru_maxrss is in KiB


@task
def add(x: int, y: int) -> int:
    return x + y


@pipeline
def wide(steps: int, start: int) -> Any:
    add.map(range(start, start + steps), unmapped(1))


def main(steps: int) -> None:
    with tempfile.TemporaryDirectory() as place, Workspace.open(Path(place)) as workspace:

        def run(start: int, runner: str) -> Callable[[], Any]:
            options = workspace.options(runner=runner, workers=2, echo=False)
            given = {"steps": steps, "start": start}
            return lambda: workspace.run(wide, given, options)

        told(f"local threads, {steps} executed", timed(run(0, "threads")), steps)
        told(f"local threads, {steps} reused", timed(run(0, "threads")), steps)
        workspace.run(wide, {"steps": 2, "start": -10}, workspace.options(runner="prefect"))
        ours = timed(run(steps, "prefect"))
        told(f"Prefect threads, {steps} executed", ours, steps)
        told(f"Prefect threads, {steps} reused", timed(run(steps, "prefect")), steps)
        plain = timed(lambda: plain_prefect(steps))
        told(f"plain Prefect, {steps} tasks", plain, steps)
        print(f"{'ours beside plain Prefect':36} {100 * (ours / plain - 1):+8.0f} %")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
        print(f"{'peak memory of this process':36} {peak:8.0f} MB")


def plain_prefect(steps: int) -> None:
    from prefect import flow
    from prefect import task as prefect_task
    from prefect.cache_policies import NO_CACHE
    from prefect.task_runners import ThreadPoolTaskRunner

    @prefect_task(cache_policy=NO_CACHE)
    def plus(x: int, y: int) -> int:
        return x + y

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def plain() -> None:
        for future in [plus.submit(n, 1) for n in range(steps)]:
            future.result()

    plain()


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def told(what: str, seconds: float, steps: int) -> None:
    print(f"{what:36} {seconds:8.2f} s  {seconds / steps * 1e6:8.0f} µs a step")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
