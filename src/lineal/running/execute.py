"""Executing one step: call its function, watch it, identify what it gives back.

The same function serves threads, processes and any other runner. It knows no plan and
no catalog.
"""

from __future__ import annotations

import asyncio
import ctypes
import inspect
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from lineal.context import StepContext, current_step
from lineal.digests import code as _code_of_values  # noqa: F401 - identifies their classes
from lineal.digests.canonical import identify
from lineal.digests.digest import Digest, unique_digest
from lineal.digests.identity import CodeIdentity, ValueIdentity
from lineal.digests.memo import StatMemo
from lineal.errors import (
    MutatedInput,
    RunCancelled,
    StepFailed,
    StepTimeout,
    StoreError,
    UndeclaredInput,
    UnhashableError,
    WrongOutputs,
)
from lineal.pipeline import Metrics, Task, TaskOptions
from lineal.pipeline.naming import Naming
from lineal.records import Artifact, Input, Resources

from .drawing import goes_unsown, likely_draws, note_draws
from .guarding import Guard, check_guards
from .limits import Limit
from .observation import Observation, Written
from .observed import inputs_of, told
from .observing import observed_by
from .resources import MemorySampler
from .seeding import Turn, seeded

_NOT_THE_USERS = (str(Path(__file__).resolve().parents[1]), "<frozen importlib.")


_ENDLESS = nullcontext()


class ELSEWHERE:
    """Stands for a value that stayed in the process that made it."""


class StepCall(Struct, kw_only=True):
    """Everything needed to execute one step."""

    step: str
    task: Task[..., Any]
    load: Callable[[], tuple[dict[str, Any], Sequence[Guard]]]
    """Gives the arguments by name, from memory or from the store, and their guards."""
    seed: int
    context: StepContext
    pack: Callable[[], dict[str, Any]]
    """Gives the arguments as parcels, for runners in other processes."""
    memo: StatMemo | None = None
    """What is known of files, where that is at hand."""
    globals: Sequence[Guard] = ()
    """What its code holds and must not change."""
    observe: str = "off"
    """off, warn or error: what to do about what the step reads unasked."""
    store: Path | None = None
    """The store's folder, where reads are the engine's own."""
    code: CodeIdentity | None = None
    """What its code is known to be, for runners that take the code elsewhere."""
    upstream: Sequence[int] = ()
    """Positions of the steps whose outputs it takes, for runners that show them."""
    tries_again: bool = True
    """Whether a failed attempt is followed by another here, as far as the task says so; not
    where the runner itself sees to that, with the same context and the same `seen`."""
    made: int = 0
    """Attempts at it that were made in a process that is gone."""
    limit: Limit | None = None
    """Where its attempts and its time limit are told to the process that sees to them, if one
    does."""
    written: Written | None = None
    """Keeps what it writes for attempts in other processes, should this one go away."""
    seen: Observation | None = None
    """One for all attempts: what an earlier one wrote is still the step's own."""

    @property
    def options(self) -> TaskOptions:
        """The task's options."""
        return self.task.options


class Produced(Struct, kw_only=True):
    """One output of a step: what it is, and the value when it is at hand."""

    name: str
    identity: ValueIdentity
    value: Any = ELSEWHERE
    artifact: Artifact | None = None
    """Set when whoever executed the step has kept the value already."""


class Outcome(Struct, kw_only=True):
    """How an execution went."""

    outputs: list[Produced] = field(default_factory=list)
    """The declared outputs in order, then what was logged."""
    error: BaseException | None = None
    """A StepError; the function's own exception is its cause."""
    traceback: str | None = None
    attempts: int = 1
    started: float = 0.0
    """Seconds since the epoch."""
    finished: float = 0.0
    resources: Resources = field(default_factory=Resources)
    seed_used: bool = False
    log: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    names: list[Naming] = field(default_factory=list)
    """What was named, each with its place among what was logged."""
    observed: tuple[Input, ...] = ()
    """What the step was seen to read without being given it."""
    points: list[tuple[Any, ...]] = field(default_factory=list)
    """Points of metrics that another process took, as arguments of `Points.log_many`."""


class Interrupt(BaseException):
    """Thrown into a step's thread to stop it."""


class TimeUp(Interrupt):
    """Its time is over."""


class Cancelled(Interrupt):
    """The run was cancelled."""


def execute_step(call: StepCall, sampler: MemorySampler) -> Outcome:
    """Execute a step, retries included; never raises."""
    outcome = Outcome(started=time.time())
    token = current_step.set(call.context)
    try:
        _execute(call, outcome, sampler, alone=likely_draws(call.task.fn))
    except Interrupt:
        outcome.error = RunCancelled()
    finally:
        current_step.reset(token)
    context = call.context
    outcome.finished = time.time()
    outcome.log = "".join(context.log)
    outcome.params, outcome.tags = context.params, context.tags
    outcome.names = context.names
    return outcome


def _execute(call: StepCall, outcome: Outcome, sampler: MemorySampler, *, alone: bool) -> None:
    """Execute it beside others or alone; alone again if it may have drawn from their seeds."""
    sown = alone or not goes_unsown(call.task.fn)
    with seeded(call.seed, alone=alone, sown=sown) as turn, sampler.watch() as usage:
        _attempt_all(call, outcome, turn)
    outcome.resources = usage.record()
    outcome.seed_used = turn.used
    if turn.disturbed and not isinstance(outcome.error, RunCancelled):
        call.context.log.clear()
        call.context.clear()
        _execute(call, outcome, sampler, alone=True)
    elif not turn.shared:
        note_draws(call.task.fn, turn.used, usage.wall_seconds)


def _attempt_all(call: StepCall, outcome: Outcome, turn: Turn) -> None:
    options = call.options
    retries = options.retries if call.tries_again else 0
    if call.observe != "off" and (call.tries_again or call.seen is None):
        call.seen = Observation(call.store, call.written)
    for attempt in range(call.made + 1, max(call.made, retries) + 2):
        outcome.attempts = attempt
        outcome.error = outcome.traceback = None
        if attempt > 1:
            call.context.clear()
        try:
            turn.begin()
            outcome.outputs = _attempt(call, outcome, call.seen)
        except TimeUp:
            assert options.timeout is not None
            outcome.error = timed_out(call.step, options.timeout)
        except Cancelled:
            outcome.error = RunCancelled()
            return
        except (MutatedInput, UndeclaredInput, WrongOutputs, NotGiven) as error:
            outcome.error = error
            return
        except BaseException as error:  # noqa: BLE001 - a step may raise anything
            outcome.error = StepFailed(
                f"The step {call.step!r} raised {type(error).__name__}: {error}"
            )
            outcome.error.__cause__ = error
            outcome.traceback = own_traceback(error)
        else:
            return
        if attempt <= retries and options.retry_delay:
            time.sleep(options.retry_delay * 2 ** (attempt - 1))


def timed_out(step: str, timeout: float) -> StepTimeout:
    """What is said of a step that took too long."""
    return StepTimeout(
        f"The step {step!r} took longer than its timeout of {timeout:g} s; give it more, or make"
        " it faster."
    )


class NotGiven(StepFailed):
    """What a step takes could not be loaded from the store; it was not called."""


def _attempt(call: StepCall, outcome: Outcome, seen: Observation | None) -> list[Produced]:
    try:
        arguments, guards = call.load()
    except StoreError as error:
        raise NotGiven(f"The step {call.step!r} can't be given what it takes. {error}") from None
    positional, keywords = call.task.unbind(arguments)
    if seen is not None:
        seen.given(guard.value for guard in guards if isinstance(guard.value, Path))
    if call.limit is not None:
        call.limit.began(outcome.attempts)
    timeout = call.options.timeout
    with _ENDLESS if timeout is None else _deadline(call, timeout), observed_by(seen):
        returned = call.task.fn(*positional, **keywords)
        if inspect.iscoroutine(returned):
            returned = asyncio.run(returned)
    if seen is not None:
        outcome.observed = inputs_of(seen, call.memo)
        if outcome.observed and call.observe == "error":
            raise UndeclaredInput(told(call.step, outcome.observed))
    check_guards(call.step, [*guards, *call.globals], call.memo, call.options.ignore)
    outputs = [_produce(n, v, call) for n, v in _split(call, returned)]
    outputs += [_produce(n, v, call) for n, v in call.context.artifacts]
    return outputs


def _split(call: StepCall, returned: Any) -> list[tuple[str, Any]]:
    names = call.task.outputs
    if len(names) == 1 and not call.options.outputs:
        return [(names[0], returned)]
    if isinstance(returned, Mapping):
        if list(returned) != list(names) and set(returned) != set(names):
            raise WrongOutputs(
                f"The task {call.task.name!r} declares the outputs {', '.join(names)} but returned"
                f" {', '.join(map(str, returned))}; make the two agree."
            )
        return [(name, returned[name]) for name in names]
    if len(names) == 1:
        return [(names[0], returned)]
    if not isinstance(returned, (tuple, list)) or len(returned) != len(names):
        shape = f"{len(returned)} values" if isinstance(returned, (tuple, list)) else "one value"
        raise WrongOutputs(
            f"The task {call.task.name!r} declares {len(names)} outputs ({', '.join(names)}) but"
            f" returned {shape} ({type(returned).__name__}); make the two agree."
        )
    return list(zip(names, returned, strict=True))


def _produce(name: str, value: Any, call: StepCall) -> Produced:
    if type(value) is Metrics:
        for key, labels, number in value.points():
            call.context.points.log(call.context.execution_id, key, number, None, None, labels)
    return Produced(name=name, identity=identity_of(value), value=value)


def identity_of(value: Any) -> ValueIdentity:
    """A value's identity; a unique one when its content can't be identified."""
    try:
        return identify(value)
    except UnhashableError as error:
        return unidentified(value, unique_digest(), str(error))


def unidentified(value: Any, digest: Digest, why: str = "") -> ValueIdentity:
    """What can be said of a value whose content can't be identified, under a unique digest."""
    kind = type(value)
    return ValueIdentity(
        digest=digest,
        kind="value",
        type=f"{kind.__module__}.{kind.__qualname__}",
        profile={"unidentified": why} if why else {},
    )


@contextmanager
def _deadline_running(timeout: float) -> Iterator[None]:
    thread = threading.get_ident()
    lock = threading.Lock()
    over = False

    def strike() -> None:
        with lock:
            if not over:
                throw_into(thread, TimeUp)

    timer = threading.Timer(timeout, strike)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
        timer.cancel()


@contextmanager
def _deadline(call: StepCall, timeout: float) -> Iterator[None]:
    told = call.limit.running(timeout) if call.limit is not None else nullcontext()
    with _deadline_running(timeout), told:
        yield


def throw_into(thread: int, kind: type[Interrupt]) -> None:
    """Raise an interrupt in another thread at its next bytecode; C code is not broken off."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))


def own_traceback(error: BaseException) -> str:
    """The traceback of an error without the frames of this package and of importing."""
    told: traceback.TracebackException | None
    told = whole = traceback.TracebackException.from_exception(error)
    while told is not None:
        told.stack = traceback.StackSummary.from_list(
            [frame for frame in told.stack if not frame.filename.startswith(_NOT_THE_USERS)]
        )
        told = told.__cause__ or told.__context__
    return "".join(whole.format())
