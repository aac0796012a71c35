"""What a map of steps costs on each runner, and on Prefect beside plain Prefect.

Steps do next to nothing; all are new, but where it says reused. Prefect's temporary server is
started before, and its log is kept to errors. On Dask, each side is a whole process that starts a
cluster of two workers, and the peak of memory is that of this process, without its workers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from harness import Bench, Command, Side, installed, run
from lineal import Workspace
from tools.base import add
from tools.lineal_runs import wide
from tools.prefect_inputs import quiet_prefect

APART = 1_000_000


def main(bench: Bench) -> None:
    bench.part("a map", mapped, bench)
    sizes = bench.pick(tiny=(3,), quick=(), full=(100, 300))  # clusters take long to start
    if not sizes:
        return
    if not installed("prefect_dask"):
        bench.results.missing["Prefect with Dask"] = "prefect_dask"
        return
    server = served(bench.fresh())
    for steps in sizes:
        bench.part(f"a map of {steps} on Dask", on_dask, bench, steps, server)


def mapped(bench: Bench) -> None:
    quiet_prefect(bench.fresh())
    steps = bench.pick(tiny=3, quick=10, full=100)
    starts = count(0, APART)
    plain = plain_prefect()
    with Workspace.open(bench.fresh()) as workspace:

        def on(runner: str) -> Callable[[], None]:
            options = workspace.options(runner=runner, workers=2, echo=False)

            def once() -> None:
                given = {"steps": steps, "start": next(starts)}
                done = workspace.run(wide, given, options)
                if done.exception is not None:
                    raise done.exception

            return once

        does = "records everything, durable when it returns"
        bench.compare(
            f"{steps} steps side by side",
            [
                Side("lineal, on Prefect", on("prefect"), _nothing, f"two Prefect workers; {does}"),
                Side("lineal, on threads", on("threads"), _nothing, f"two threads; {does}"),
                Side("lineal, on processes", on("processes"), _nothing, f"two processes; {does}"),
                Side(
                    "plain Prefect",
                    lambda: plain(steps, next(starts)),
                    _nothing,
                    "two threads; no result is cached or kept",
                ),
            ],
            per=steps,
            unit="step",
            share=bench.pick(tiny=0.0, quick=0.5, full=8.0),
        )


def plain_prefect() -> Callable[[int, int], Any]:
    from prefect import flow, task, unmapped
    from prefect.cache_policies import NO_CACHE
    from prefect.task_runners import ThreadPoolTaskRunner

    plus = task(name="plus", cache_policy=NO_CACHE)(add)

    @flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
    def plain(steps: int, start: int) -> list[int]:
        return plus.map(unmapped(start), range(steps)).result()

    return plain


def on_dask(bench: Bench, steps: int, server: Mapping[str, str]) -> None:
    starts = count(0, APART)
    program = Path(__file__).parent / "tools" / "on_dask.py"
    kept = bench.fresh()

    def started(who: str, start: int, *folder: Path) -> Callable[[], Any]:
        words = [sys.executable, program, who, str(steps), str(start), *folder]
        return Command(words, environment=server)

    bench.compare(
        f"{steps} steps on Prefect with Dask",
        [
            Side(
                "lineal, on Prefect",
                lambda: started("lineal", next(starts), kept)(),
                _nothing,
                "records everything, durable when it returns; values go through the store",
            ),
            Side(
                "plain Prefect",
                lambda: started("plain", next(starts))(),
                _nothing,
                "no result is cached or kept",
            ),
        ],
        per=steps,
        unit="step",
        memory=True,
        rounds=bench.pick(tiny=1, quick=1, full=2),
        share=bench.pick(tiny=0.0, quick=0.5, full=5.0),
    )
    bench.compare(
        f"{steps} steps on Prefect with Dask, reused",
        [Side("lineal, on Prefect", started("lineal", 0, kept), _nothing, "starts no cluster")],
        per=steps,
        unit="step",
        memory=True,
    )


def served(home: Path) -> Mapping[str, str]:
    """A Prefect server of its own for all processes, which ends with this one."""
    from lineal.running.prefect.server import temporary

    own = {
        "PREFECT_HOME": str(home),
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DASK_LOGGING__DISTRIBUTED": "error",
    }
    return own | {"PREFECT_API_URL": temporary.url(own)}


def _nothing() -> None:
    """Before a round in which every call must be counted."""


if __name__ == "__main__":
    run(main)
