"""The process runner: each step on a process of its own pool, values through the store.

A worker loads a step's inputs from the store, executes it, keeps its outputs and hands
back a record; it never writes to the catalog.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import cloudpickle

from lineal.context import StepContext
from lineal.digests.code import CodeResolver
from lineal.errors import StepFailed, UnhashableError
from lineal.pipeline import Task
from lineal.store import StoreFolder, ValueStore

from .base import Runner
from .capture import capturing
from .execute import ELSEWHERE, Outcome, Produced, StepCall, execute_step
from .guarding import Guard, guard_globals
from .local import worker_count
from .observing import observing
from .parcels import unpack
from .resources import MemorySampler


class ProcessRunner(Runner):
    """Executes steps on processes of this machine."""

    def __init__(self, root: Path, workers: int | None = None) -> None:
        self.workers = worker_count(workers)
        self._root = root
        self._pool = ProcessPoolExecutor(
            self.workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        )

    def submit(self, call: StepCall) -> Future[Outcome]:
        """Send a step to the next free process."""
        try:
            job = cloudpickle.dumps(
                (
                    call.step,
                    call.task,
                    call.pack(),
                    call.seed,
                    call.context.execution_id,
                    call.observe,
                )
            )
        except Exception as error:  # noqa: BLE001 - whatever is pickled may refuse in its own way
            refused: Future[Outcome] = Future()
            refused.set_result(Outcome(error=_cannot_travel(call.step, error)))
            return refused
        return self._pool.submit(_work, str(self._root), job)

    def close(self, *, cancel: bool) -> None:
        """End the processes; with `cancel`, at once."""
        if cancel:
            for process in list(self._pool._processes.values()):  # noqa: SLF001 - no public way
                process.terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)


def _cannot_travel(step: str, error: Exception) -> StepFailed:
    return StepFailed(
        f"The step {step!r} can't be sent to another process ({error}); make what it is given"
        " inside the step, or run with runner='threads'."
    )


class _Points:
    """Collects points for the process that holds the journal."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, ...]] = []

    def log(
        self,
        execution_id: int,
        key: str,
        value: float,
        step: int | None = None,
        time_ns: int | None = None,
        labels: Any = None,
    ) -> None:
        import time

        steps = None if step is None else [step]
        times = [time.time_ns() if time_ns is None else time_ns]
        self.taken.append((execution_id, key, [value], steps, times, labels))

    def log_many(
        self,
        execution_id: int,
        key: str,
        values: Any,
        steps: Any = None,
        times_ns: Any = None,
        labels: Any = None,
    ) -> None:
        self.taken.append((execution_id, key, values, steps, times_ns, labels))

    def forget(self, execution_id: int) -> None:
        self.taken = [taken for taken in self.taken if taken[0] != execution_id]


@cache
def _values(root: str) -> ValueStore:
    return StoreFolder.open(Path(root)).values()


@cache
def _sampler() -> MemorySampler:
    return MemorySampler()


def _end_with_parent() -> None:
    """Have this process end with the one that started it, also when that one is killed.

    It would wait for work forever: it holds an end of the pipe that work comes through.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="lineal-parent", daemon=True).start()


def _work(root: str, job: bytes) -> Outcome:
    step, task, packed, seed, execution, observe = cloudpickle.loads(job)
    values = _values(root)
    points = _Points()

    def load() -> tuple[dict[str, Any], list[Guard]]:
        guards: list[Guard] = []
        mine: list[Guard] = []  # values loaded here are this step's own already
        mutates = task.options.mutates
        return {
            name: unpack(item, values, mine if name in mutates else guards)
            for name, item in packed.items()
        }, guards

    call = StepCall(
        step=step,
        task=task,
        load=load,
        seed=seed,
        context=StepContext(execution_id=execution, points=points),
        pack=lambda: packed,
        globals=_globals(task),
        observe=observe,
        store=Path(root),
    )
    with observing() if observe != "off" else nullcontext(), capturing(echo=False):
        outcome = execute_step(call, _sampler())
    if outcome.error is None:
        outcome.outputs = _keep(task, outcome.outputs, values)
    else:
        outcome.outputs = []
        outcome.error.__cause__ = outcome.error.__context__ = None
        outcome.error.__traceback__ = None
    outcome.points = points.taken
    return outcome


def _globals(task: Task[..., Any]) -> list[Guard]:
    try:
        return guard_globals(CodeResolver(), task.fn)
    except UnhashableError:
        return []


def _keep(task: Task[..., Any], outputs: list[Produced], values: ValueStore) -> list[Produced]:
    if not task.options.persist:
        return outputs
    kept = [
        Produced(
            name=p.name,
            identity=p.identity,
            value=ELSEWHERE,
            artifact=values.save(p.value, p.identity),
        )
        for p in outputs
    ]
    values.sync()
    return kept
