"""The task runners of Prefect's that are chosen by a word."""

from __future__ import annotations

import os
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lineal.errors import UserError
from lineal.running.children import serve_parent

from .flows import OF_THE_FLOW

CLUSTERS = ("dask", "ray")
WORDS = ("threads", "processes", *CLUSTERS)
_PACKAGES = {"dask": "prefect_dask", "ray": "prefect_ray"}
_GRACE = 3.0
"""Seconds that a step of a cancelled run may take to end."""


def check(chosen: Any, address: str | None) -> None:
    """See, without importing Prefect, that a task runner can be had.

    Raises:
        UserError: there is none of this name, a package is missing, or an address is given to
            one that has none.
    """
    if not isinstance(chosen, str) or chosen == OF_THE_FLOW:
        return
    if chosen not in WORDS:
        raise UserError(
            f"There is no task runner {chosen!r}; choose {', '.join(WORDS[:-1])} or {WORDS[-1]}."
        )
    package = _PACKAGES.get(chosen)
    if package is not None and find_spec(package) is None:
        raise UserError(
            f"The task runner {chosen} needs the package {package.replace('_', '-')}, which is not"
            f" installed: pip install 'lineal[{chosen}]'"
        )
    if address is not None and package is None:
        raise UserError(
            f"The task runner {chosen} works on this machine and takes no address; choose dask or"
            " ray, or leave --address out."
        )


def made(chosen: Any, workers: int, address: str | None, mark: Path) -> Any:
    """One of Prefect's task runners.

    Args:
        chosen: A word, or a task runner, which is returned as it is.
        workers: Steps it executes at once, where it does not work at an address.
        address: Where the scheduler of a cluster listens.
        mark: What lies there when the run is cancelled.

    Raises:
        UserError: nothing answers at the address.
    """
    if not isinstance(chosen, str):
        return chosen
    if chosen == "threads":
        from prefect.task_runners import ThreadPoolTaskRunner

        return ThreadPoolTaskRunner(max_workers=workers)
    if chosen == "processes":
        from .processes import SeparateProcesses

        return SeparateProcesses(max_workers=workers, initializer=follow, initargs=(mark,))
    from .clusters import dask, ray, see

    if address is not None:
        see(chosen, address)
    return (dask if chosen == "dask" else ray)(workers, address)


def is_here(task_runner: Any) -> bool:
    """Whether it executes tasks on threads of this process."""
    from prefect.task_runners import ThreadPoolTaskRunner

    return isinstance(task_runner, ThreadPoolTaskRunner)


def is_far(task_runner: Any) -> bool:
    """Whether it may execute tasks on other machines."""
    from prefect.task_runners import ProcessPoolTaskRunner

    return not isinstance(task_runner, ProcessPoolTaskRunner)


def size(task_runner: Any) -> int | None:
    """How many tasks it executes at once, where it says so."""
    workers = getattr(task_runner, "_max_workers", None)
    return workers if isinstance(workers, int) and workers < 10_000 else None


def follow(mark: Path) -> None:
    """Have this process end with the one that started it, or soon after its run is cancelled."""
    serve_parent()

    def watch() -> None:
        while not mark.exists():
            time.sleep(0.5)
        time.sleep(_GRACE)
        os._exit(1)

    threading.Thread(target=watch, name="lineal-follow", daemon=True).start()
