"""The local runners: threads of this process, or processes of this machine."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from .base import Runner
from .execute import Cancelled, Outcome, StepCall, execute_step, throw_into
from .resources import MemorySampler


def worker_count(workers: int | None) -> int:
    """How many steps to execute at once: what was asked for, or one per processor."""
    if workers is not None:
        return max(1, workers)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ThreadRunner(Runner):
    """Executes steps on threads; values pass in memory."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = worker_count(workers)
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="lineal-step")
        self._sampler: MemorySampler | None = None
        self._busy: set[int] = set()
        self._lock = threading.Lock()

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Execute a step on the next free thread."""
        if self._sampler is None:
            self._sampler = MemorySampler()
        return self._pool.submit(self._execute, call, self._sampler)

    def close(self, *, cancel: bool) -> None:
        """End the threads; a step that is stuck in C code is left behind when cancelling."""
        if cancel:
            with self._lock:
                for thread in self._busy:
                    throw_into(thread, Cancelled)
        self._pool.shutdown(wait=not cancel, cancel_futures=True)
        if self._sampler is not None:
            self._sampler.close()

    def _execute(self, call: StepCall, sampler: MemorySampler) -> Outcome:
        thread = threading.get_ident()
        with self._lock:
            self._busy.add(thread)
        try:
            return execute_step(call, sampler)
        finally:
            with self._lock:
                self._busy.discard(thread)
