"""Prefect's task runner of processes, with processes that fail alone.

A process that goes away breaks the pool of Prefect's own: all that it was doing is lost, and
it takes no more.
"""

from __future__ import annotations

from typing import Any, Self

from prefect.task_runners import ProcessPoolTaskRunner

from lineal.running.lanes import Lanes


class SeparateProcesses(ProcessPoolTaskRunner):
    """Executes each task in one of several processes, of which each goes away alone."""

    _executor: Any

    def __enter__(self) -> Self:
        super().__enter__()
        pool = self._executor  # it has started no process yet
        self._executor = Lanes(self._max_workers, pool._initializer, pool._initargs)  # noqa: SLF001
        pool.shutdown()
        return self
