"""The process runner: each step on a process of this machine, values through the store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from lineal.errors import LinealError
from lineal.pipeline import TaskOptions
from lineal.records import Resources, RunRecord

from .base import Runner, Services
from .execute import Outcome, StepCall, timed_out
from .lanes import Lane, Lanes, Overdue
from .local import worker_count
from .orders import Orders, brought_home
from .worker import carry_out


class ProcessRunner(Runner):
    """Executes steps on processes of this machine, each of which is ended alone."""

    def __init__(self, services: Services, entry: Path | None, workers: int | None = None) -> None:
        self.workers = worker_count(workers)
        self._services = services
        self._entry = entry
        self._orders: Orders | None = None
        self._lanes = Lanes(self.workers)
        self._closing = threading.Event()

    def begun(self, record: RunRecord) -> None:
        """Write orders for this run."""
        self._orders = Orders(self._services, self._entry, record.id)

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Send a step to the next free process."""
        assert self._orders is not None
        try:
            order = self._orders.of(call)
        except LinealError as error:
            refused: Future[Outcome] = Future()
            refused.set_result(Outcome(error=error))
            return refused
        return self._lanes.lend(self._execute, call, order)

    def _execute(self, lane: Lane, call: StepCall, order: bytes) -> Outcome:
        """Have an order carried out by a process, and by another one where that is ended."""
        made, options = 0, call.options
        first: float | None = None
        while True:
            sent = time.time()
            try:
                outcome = lane.do(options.timeout is not None, carry_out, order, None, made)
            except Overdue as overdue:
                made, outcome = overdue.attempt, _given_up(call, overdue)
                first = first or outcome.started
                if self._tries_again(options, made):
                    continue
            except BrokenProcessPool:
                if (rescued := self._rescued(call, order)) is not None:
                    return rescued
                made, first = max(made + 1, lane.attempt), first or sent
                if self._tries_again(options, made):
                    continue
                raise
            outcome.started = first or outcome.started
            return brought_home(outcome, call.task, self._services.values)

    def _tries_again(self, options: TaskOptions, made: int) -> bool:
        """Whether there is another attempt, when its time has come."""
        pause = options.retry_delay * 2 ** (made - 1)
        return made <= options.retries and not self._closing.wait(pause)

    def _rescued(self, call: StepCall, order: bytes) -> Outcome | None:
        assert self._orders is not None
        return self._orders.rescued(order, call.task)

    def close(self, *, cancel: bool) -> None:
        """End the processes; with `cancel`, at once."""
        if cancel:
            self._closing.set()
            self._lanes.stop()
        self._lanes.shutdown(cancel_futures=True)
        if self._orders is not None:
            self._orders.close()


def _given_up(call: StepCall, overdue: Overdue) -> Outcome:
    """What became of an attempt whose process was ended, and with it all it knew."""
    assert call.options.timeout is not None
    took, finished = call.options.timeout + overdue.late, time.time()
    return Outcome(
        error=timed_out(call.step, call.options.timeout),
        attempts=overdue.attempt,
        started=finished - took,
        finished=finished,
        resources=Resources(wall_seconds=took, peak_memory_bytes=overdue.memory),
        log="It did not stop by itself, so its process was ended, with all that it had printed.\n",
    )
