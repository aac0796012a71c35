"""A map of steps on Prefect with Dask in two processes: a program of its own, as Dask needs it.

    python on_dask.py lineal|plain STEPS START [FOLDER]

It ends when all is done; lineal keeps what it records in the folder.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tools.base import add


def ours(steps: int, start: int, folder: Path) -> list[int]:
    from lineal import Workspace
    from tools.lineal_runs import wide

    with Workspace.open(folder) as workspace:
        options = workspace.options(runner="prefect", task_runner="dask", workers=2, echo=False)
        done = workspace.run(wide, {"steps": steps, "start": start}, options)
        if done.exception is not None:
            raise done.exception
        return list(done.result)


def plain(steps: int, start: int) -> list[int]:
    from prefect import flow, task, unmapped
    from prefect.cache_policies import NO_CACHE
    from prefect_dask import DaskTaskRunner

    plus = task(name="add", cache_policy=NO_CACHE)(add)
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}

    @flow(task_runner=DaskTaskRunner(cluster_kwargs=cluster))
    def wide(steps: int, start: int) -> list[int]:
        return list(plus.map(unmapped(start), range(steps)).result())

    return list(wide(steps, start))


if __name__ == "__main__":
    who, steps, start, *folder = sys.argv[1:]
    given = int(steps), int(start)
    found = plain(*given) if who == "plain" else ours(*given, Path(*folder))
    if found != [given[1] + n for n in range(given[0])]:
        sys.exit(f"The steps gave something else: {found[:5]} …")
