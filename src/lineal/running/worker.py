"""Carrying out orders: what a process does that executes steps for a run in another one.

It lays out the recorded code, loads the arguments from the store, executes the step, keeps
the outputs in the store and gives back a record. It never writes to the catalog.
"""

from __future__ import annotations

import os
import pickle
import socket
import time
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from lineal.context import StepContext
from lineal.digests.code import CodeResolver
from lineal.digests.digest import Digest
from lineal.digests.memo import MEMO, StatMemo
from lineal.errors import LinealError, MutatedInput, StepFailed, UnhashableError
from lineal.pipeline import Task
from lineal.store import Extent, StoreFolder, ValueStore

from .cancelling import Lookout
from .capture import capturing
from .checkout import Checkout, Snapshot
from .execute import ELSEWHERE, Outcome, Produced, StepCall, own_traceback
from .guarding import Guard, guard_globals
from .limits import limit_here
from .observing import observing
from .orders import Order, receipts_of
from .parcels import at_hand, unpack
from .receipts import Receipts
from .threads import StepThreads

_checkout = Checkout()
_threads = StepThreads()
_lookout = Lookout(_threads)


Execute = Callable[[StepCall, Hashable], Outcome]


class Attempts:
    """What the attempts at one step leave to each other, where the runner tries again itself."""

    def __init__(self) -> None:
        self.made = 0
        self._first: StepCall | None = None
        self._started = 0.0

    def through(self, threads: StepThreads) -> Execute:
        """Executes one attempt; its outcome tells of all so far."""

        def execute(call: StepCall, whose: Hashable = None) -> Outcome:
            call.tries_again = False
            if self._first is None:
                self._first, self._started = call, time.time()
            call.context, call.seen = self._first.context, self._first.seen
            self.made += 1
            outcome = threads.execute(call, whose)
            self._first.seen = call.seen
            outcome.started, outcome.attempts = self._started, self.made
            return outcome

        return execute


def carry_out(data: bytes, attempts: Attempts | None = None, made: int = 0) -> Outcome:
    """Carry out an order; never raises, neither what the step raised nor what kept it from it.

    Args:
        data: The order.
        attempts: What earlier attempts have left; by default the step is tried as often as
            its task says.
        made: How many attempts were made in processes that are gone.
    """
    order: Order = pickle.loads(data)  # noqa: S301 - our own record, made of names
    values = _values(order.root, order.trust_pickle, order.profiles)
    receipts = receipts_of(order, data)
    began = time.time()
    try:
        with _code(order, values):
            outcome = receipts.done() or _execute(order, values, attempts, made, receipts)
    except LinealError as error:
        outcome = Outcome(error=error, started=began, finished=time.time())
    except Exception as error:  # noqa: BLE001 - a project's modules may raise anything
        failed = StepFailed(
            f"The step {order.step!r} could not be executed on {socket.gethostname()}:"
            f" {type(error).__name__}: {error}"
        )
        outcome = Outcome(
            error=failed, traceback=own_traceback(error), started=began, finished=time.time()
        )
    if isinstance(outcome.error, MutatedInput):
        _checkout.spoilt()
    return outcome


class Points:
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
        """Take one point."""
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
        """Take many points of one series."""
        self.taken.append((execution_id, key, values, steps, times_ns, labels))

    def forget(self, execution_id: int) -> None:
        """Give up the points of a step that is executed again."""
        self.taken = [taken for taken in self.taken if taken[0] != execution_id]


def _code(order: Order, values: ValueStore) -> AbstractContextManager[None]:
    if (order.host, order.pid) == (socket.gethostname(), os.getpid()):
        return nullcontext()  # the run's own process has it imported
    return _checkout.holding(_snapshot(order.root, order.snapshot), values.blobs)


@cache
def _values(root: str, trust_pickle: bool, profiles: Extent) -> ValueStore:
    folder = StoreFolder.open(Path(root), create=False)
    return folder.values(trust_pickle=trust_pickle, profiles=profiles)


def memo_for(order: Order) -> StatMemo:
    """What is known of this machine's files: on the run's own, what its store has saved of them.

    It is never saved from here, where many processes may work for one store.
    """
    return _memo(order.root if order.host == socket.gethostname() else None)


@cache
def _memo(root: str | None) -> StatMemo:
    return StatMemo() if root is None else StatMemo.load(Path(root) / MEMO)


@cache
def _snapshot(root: str, address: Digest) -> Snapshot:
    return Snapshot.from_bytes(StoreFolder.open(Path(root), create=False).blobs.get(address))


def _execute(
    order: Order, values: ValueStore, attempts: Attempts | None, made: int, receipts: Receipts
) -> Outcome:
    if order.far:
        receipts.begin()
    what = (order.snapshot, order.code, repr(order.task))
    task, guards = _checkout.prepared(what, lambda: _prepare(order, values))
    packed: dict[str, Any] = pickle.loads(order.arguments)  # noqa: S301 - names and settings
    near = order.host == socket.gethostname()

    def load() -> tuple[dict[str, Any], list[Guard]]:
        guards: list[Guard] = []
        mine: list[Guard] = []  # values loaded here are this step's own already
        mutates = task.options.mutates
        return {
            name: unpack(
                at_hand(item) if near else item, values, mine if name in mutates else guards
            )
            for name, item in packed.items()
        }, guards

    call = StepCall(
        step=order.step,
        task=task,
        load=load,
        seed=order.seed,
        context=StepContext(execution_id=order.execution, points=Points()),
        pack=lambda: packed,
        memo=memo_for(order),
        globals=guards,
        observe=order.observe,
        store=Path(order.root),
        made=made,
        limit=limit_here(),
        written=receipts.written() if order.far or task.options.retries else None,
    )
    with observing() if order.observe != "off" else nullcontext(), capturing(echo=False):
        execute = _threads.execute if attempts is None else attempts.through(_threads)
        with _lookout.over(order.mark):
            outcome = execute(call, order.mark)
    delivered = _delivered(outcome, call, values)
    receipts.end(delivered)
    return delivered


def _prepare(order: Order, values: ValueStore) -> tuple[Task[..., Any], list[Guard]]:
    """The task, once it is sure that its code is what the run has a key of."""
    task = _checkout.task(order.task, values.blobs)
    resolver = CodeResolver()
    try:
        code = resolver.identify(task.fn)
    except UnhashableError:
        return task, []
    if order.code is not None and code.digest != order.code:
        packages = ", ".join(f"{n} {v}" for n, v in sorted(code.distributions.items()))
        raise StepFailed(
            f"The step {order.step!r} was not executed on {socket.gethostname()}: the code of"
            f" {task.qualified_name} is not there what it is where the run goes on. Project files"
            f" are the recorded ones, so a package differs; there, it reaches {packages or 'none'}."
        )
    return task, guard_globals(resolver, task.fn)


def _delivered(outcome: Outcome, call: StepCall, values: ValueStore) -> Outcome:
    """An outcome as it travels: outputs in the store, and errors without what can't travel."""
    points = call.context.points
    assert isinstance(points, Points)
    outcome.points = points.taken
    if outcome.error is None:
        outcome.outputs = [
            Produced(
                name=made.name,
                identity=made.identity,
                value=ELSEWHERE,
                artifact=values.save(made.value, made.identity),
            )
            for made in outcome.outputs
        ]
        values.sync()
    else:
        outcome.outputs = []
        outcome.error.__cause__ = outcome.error.__context__ = None
        outcome.error.__traceback__ = None
    return outcome
