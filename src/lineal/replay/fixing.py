"""Holding fixed what differs from one process to the next: the clock, randomness, thread order.

It is done to the project's own code alone, and to what that calls: whatever asks is told by
the nearest frames of the stack. What C code asks the system itself is not reached.
"""

from __future__ import annotations

import datetime as dt
import dis
import hashlib
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from lineal import digests

_OWN = str(Path(digests.__file__).resolve().parents[1]) + os.sep
_WATCHING = os.path.join("running", "observing.py")  # noqa: PTH118 - of texts
"""What stands between a step and what it calls, to see it."""
_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
_NAMING = ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")
_TICK = 0.001
_SLOWER, _LONGEST = 1.01, 1.0
_PATIENCE = 30.0
_SINCE_BOOT = 1_000.0


@contextmanager
def fixed(
    root: Path, *, clock: float | None = None, entropy: bool = False, in_turn: bool = False
) -> Iterator[None]:
    """Hold things fixed for the code below a folder, from before it is imported.

    Args:
        root: The folder of the project's code.
        clock: Seconds since 1970 at which the clock stands; it goes on with each look at it,
            so that waiting for a time ends. None leaves it alone.
        entropy: Whether what the system gives as random is the same each time.
        in_turn: Whether threads are run one after the other, in the order they are started.
    """
    asked = _Asked(root)
    with ExitStack() as stack:
        if clock is not None:
            _stop_clocks(stack, asked, clock)
        if entropy:
            _repeat_randomness(stack, asked)
        if in_turn:
            _take_turns(stack, asked)
        yield


class _Asked:
    """Whether it is the project that asks."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.resolve()) + os.sep

    def __call__(self) -> bool:
        frame = sys._getframe(2)  # noqa: SLF001 - there is no public way to look who calls
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self._root):
                return True
            if file.startswith(_OWN) and not file.endswith(_WATCHING):
                return False
            frame = frame.f_back  # type: ignore[assignment]
        return False

    def itself(self) -> bool:
        """Whether a line of the project's names the thing, and nothing that it calls does.

        What is called from C has no frame of its own, so the line's instruction is looked at.
        """
        frame = sys._getframe(2)  # noqa: SLF001
        code = frame.f_code
        named = dis.opname[code.co_code[frame.f_lasti]] in _NAMING
        return named and code.co_filename.startswith(self._root)


def _put(stack: ExitStack, owner: Any, name: str, new: Any) -> None:
    """Replace an attribute for as long as the stack is open."""
    stack.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, new)


# The clock


def _stop_clocks(stack: ExitStack, asked: _Asked, start: float) -> None:
    passed = _Ticks()
    for name in _CLOCKS:
        begins = start if name == "time" else _SINCE_BOOT
        for suffix, unit in (("", 1), ("_ns", 1_000_000_000)):
            real = getattr(time, name + suffix)
            _put(stack, time, name + suffix, _clock(asked, real, passed, begins, unit))
    _show_to_project(stack, asked, _stopped_date(asked, passed, start))
    _show_to_project(stack, asked, _stopped_datetime(asked, passed, start))


def _show_to_project(stack: ExitStack, asked: _Asked, made: Any) -> None:
    """Let the project find a stand-in in the module `datetime`, and all others the class.

    Libraries make classes of their own of it when they are imported, and it is not meant
    for that.
    """
    before, name = dt.__class__, made.__name__
    real = getattr(dt, name)

    def found(_: ModuleType) -> Any:
        return made if asked.itself() else real

    stack.callback(setattr, dt, "__class__", before)
    dt.__class__ = type("module", (before,), {name: property(found)})


class _Ticks:
    """Seconds that have passed: a little more with each look, and more so the more often."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._step = _TICK
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            self._passed += self._step
            self._step = min(self._step * _SLOWER, _LONGEST)
            return self._passed


def _clock(
    asked: _Asked, real: Callable[[], Any], passed: _Ticks, begins: float, unit: int
) -> Callable[[], Any]:
    def look() -> Any:
        if not asked():
            return real()
        there = begins + passed()
        return there if unit == 1 else int(there * unit)

    look.__name__ = real.__name__
    return look


class _Real(type):
    """Makes a stand-in for a class answer for the class itself."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


def _named(made: Any, real: Any) -> Any:
    for name in ("__module__", "__name__", "__qualname__"):
        setattr(made, name, getattr(real, name))
    return made


def _stopped_date(asked: _Asked, passed: _Ticks, start: float) -> Any:
    real = dt.date

    class Stopped(dt.date, metaclass=_Real):
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return real(*parts, **named)

        @classmethod
        def today(cls) -> Any:
            return real.fromtimestamp(start + passed()) if asked() else real.today()

    return _named(Stopped, real)


def _stopped_datetime(asked: _Asked, passed: _Ticks, start: float) -> Any:
    real = dt.datetime

    class Stopped(dt.datetime, metaclass=_Real):
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return real(*parts, **named)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.fromtimestamp(start + passed(), tz) if asked() else real.now(tz)

        @classmethod
        def today(cls) -> Any:
            return real.fromtimestamp(start + passed()) if asked() else real.today()

        @classmethod
        def utcnow(cls) -> Any:
            there = start + passed() if asked() else time.time()
            return real.fromtimestamp(there, dt.UTC).replace(tzinfo=None)

    return _named(Stopped, real)


# Randomness


def _repeat_randomness(stack: ExitStack, asked: _Asked) -> None:
    stream = _Stream()
    real = os.urandom

    def urandom(size: int) -> bytes:
        return stream(size) if asked() else real(size)

    seeded = random.Random.seed

    def seed(self: random.Random, a: Any = None, version: int = 2) -> None:
        if a is None and asked():
            a = int.from_bytes(stream(32), "big")
        seeded(self, a, version)

    _put(stack, os, "urandom", urandom)
    _put(stack, random, "_urandom", urandom)  # what SystemRandom, and so `secrets`, draws from
    _put(stack, random.Random, "seed", seed)


class _Stream:
    """Bytes that look random and are the same each time."""

    def __init__(self) -> None:
        self._count = itertools.count()

    def __call__(self, size: int) -> bytes:
        blocks = (hashlib.sha256(b"%d" % next(self._count)).digest() for _ in range(-(-size // 32)))
        return b"".join(blocks)[:size]


# Threads


def _take_turns(stack: ExitStack, asked: _Asked) -> None:
    patience = [_PATIENCE]
    """Used up when something waits for what comes after it: then all go on side by side."""
    submit, start, made = ThreadPoolExecutor.submit, threading.Thread.start, itertools.count()

    def submit_in_turn(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        future: Any = submit(self, fn, *args, **kwargs)
        if asked():
            future.place_in_turn = next(made)
            if patience[0] and not wait([future], patience[0]).done:
                patience[0] = 0.0
        return future

    def start_in_turn(self: threading.Thread) -> None:
        start(self)
        if asked() and patience[0] and not _in_pool(self):
            self.join(patience[0])
            if self.is_alive():
                patience[0] = 0.0

    _put(stack, ThreadPoolExecutor, "submit", submit_in_turn)
    _put(stack, threading.Thread, "start", start_in_turn)
    # What is done already comes in the order of a set of futures, which has to be one.
    _put(stack, Future, "__hash__", lambda self: getattr(self, "place_in_turn", id(self)))


def _in_pool(thread: threading.Thread) -> bool:
    """Whether a thread is a pool's, which lives as long as that."""
    target = getattr(thread, "_target", None)
    return getattr(target, "__module__", "") in (
        "concurrent.futures.thread",
        "multiprocessing.pool",
    )
