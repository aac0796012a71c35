"""What a map of steps costs on each runner, and on Prefect beside plain Prefect.

Steps do next to nothing; all are new. Prefect's temporary server is started before, and its log is
kept to errors.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from harness import Bench, Side, run
from lineal import Workspace
from tools.base import add
from tools.lineal_runs import wide
from tools.prefect_inputs import quiet_prefect

APART = 1_000_000


def main(bench: Bench) -> None:
    bench.part("a map", mapped, bench)


def mapped(bench: Bench) -> None:
    quiet_prefect(bench.fresh())
    steps = bench.pick(tiny=3, quick=20, full=100)
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


def _nothing() -> None:
    """Before a round in which every call must be counted."""


if __name__ == "__main__":
    run(main)
