"""The process runner: each step on a process of its own pool, values through the store."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from lineal.errors import LinealError
from lineal.records import RunRecord

from .base import Runner, Services
from .children import deaf_at_birth, serve_parent
from .execute import Outcome, StepCall
from .local import worker_count
from .orders import Orders, brought_home
from .worker import carry_out


class ProcessRunner(Runner):
    """Executes steps on processes of this machine."""

    def __init__(self, services: Services, entry: Path | None, workers: int | None = None) -> None:
        self.workers = worker_count(workers)
        self._services = services
        self._entry = entry
        self._orders: Orders | None = None
        self._pool = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=serve_parent,
        )

    def begun(self, record: RunRecord) -> None:
        """Write orders for this run."""
        self._orders = Orders(self._services, self._entry, record.id)

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Send a step to the next free process."""
        done: Future[Outcome] = Future()
        assert self._orders is not None
        try:
            order = self._orders.of(call)
        except LinealError as error:
            done.set_result(Outcome(error=error))
            return done

        def pass_on(sent: Future[Outcome]) -> None:
            try:
                done.set_result(brought_home(sent.result(), call.task, self._services.values))
            except BaseException as error:  # noqa: BLE001 - raised again by whoever asks
                done.set_exception(error)

        with deaf_at_birth():
            sent = self._pool.submit(carry_out, order)
        sent.add_done_callback(pass_on)
        return done

    def close(self, *, cancel: bool) -> None:
        """End the processes; with `cancel`, at once."""
        if cancel:
            for process in list(self._pool._processes.values()):  # noqa: SLF001 - no public way
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)
