"""The local runner: threads of this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from .base import Lender
from .execute import Outcome, StepCall
from .threads import StepThreads


def worker_count(workers: int | None) -> int:
    """How many steps to execute at once: what was asked for, or one per processor."""
    if workers is not None:
        return max(1, workers)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ThreadRunner(Lender):
    """Executes steps on threads; values pass in memory."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = worker_count(workers)
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="lineal-step")
        self._threads = StepThreads()

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Execute a step on the next free thread."""
        return self._pool.submit(self._threads.execute, call)

    def lend(self, work: Callable[[], None]) -> Future[None]:
        """Do something on the next free thread."""
        return self._pool.submit(work)

    def execute(self, call: StepCall) -> Outcome:
        """Execute a step on this thread."""
        return self._threads.execute(call)

    def close(self, *, cancel: bool) -> None:
        """End the threads; a step that is stuck in C code is left behind when cancelling."""
        if cancel:
            self._threads.interrupt()
        self._pool.shutdown(wait=not cancel, cancel_futures=True)
        self._threads.close()
