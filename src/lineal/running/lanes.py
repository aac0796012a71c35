"""Lanes: worker processes that fail alone.

Each lane is a process of its own that does one thing at a time. When it goes away, or is
ended because a step takes too long, only what it was doing is lost, and the next thing it is
given starts another process. Several of them are an executor, with a thread that waits at each.
"""

from __future__ import annotations

import multiprocessing
import queue
import threading
from collections.abc import Callable
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from typing import Any

from .children import deaf_at_birth, serve_parent
from .limits import Limit, keep_to

GRACE = 0.5
"""Seconds after its limit in which a step may still end by itself, with all that it logged."""
LOOK = 0.05
"""Seconds between two looks at whether a limit has begun."""


class Overdue(Exception):
    """A step took longer than its limit, and its process was ended.

    Args:
        attempt: The attempt at the step.
        late: Seconds beyond its limit.
        memory: Resident bytes of the process when it was ended.
    """

    def __init__(self, attempt: int, late: float, memory: int) -> None:
        super().__init__(attempt, late, memory)
        self.attempt = attempt
        self.late = late
        self.memory = memory


class Lanes(Executor):
    """As many processes as things are to be done at once.

    Args:
        count: So many.
        begin: What each process does first; it has to call `serve_parent`.
        given: What with.
    """

    def __init__(
        self, count: int, begin: Callable[..., None] = serve_parent, given: tuple[Any, ...] = ()
    ) -> None:
        self._all = [Lane(begin, given) for _ in range(count)]
        self._free: queue.LifoQueue[Lane] = queue.LifoQueue()
        """The last one used on top: its process is there, with its code imported."""
        for lane in reversed(self._all):
            self._free.put(lane)
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="lineal-lane")

    def lend(self, what: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Call a function with the next free lane and arguments, in the thread that waits there."""
        return self._threads.submit(self._lend, what, arguments)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Have the next free process do something."""
        return self.lend(lambda lane: lane.do(False, partial(function, *args, **kwargs)))

    def stop(self) -> None:
        """End the processes, whatever they do, and start no others."""
        for lane in self._all:
            lane.stop()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the processes end when they are through."""
        self._threads.shutdown(wait=wait, cancel_futures=cancel_futures)
        for lane in self._all:
            lane.close()

    def _lend(self, what: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        lane = self._free.get()
        try:
            return what(lane, *arguments)
        finally:
            self._free.put(lane)


class Lane:
    """One process; `stop` is called by any thread, all else by one at a time."""

    def __init__(
        self, begin: Callable[..., None] = serve_parent, given: tuple[Any, ...] = ()
    ) -> None:
        self._begin = begin, given
        self._context = multiprocessing.get_context("spawn")
        self._limit = Limit(self._context)
        self._pool: ProcessPoolExecutor | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def do(self, limited: bool, function: Callable[..., Any], *arguments: Any) -> Any:
        """Have the process do something, and wait; raises what that raises.

        Args:
            limited: Whether it may set itself a limit.
            function: What to do.
            arguments: What with.

        Raises:
            Overdue: it took longer than it may.
            BrokenProcessPool: the process went away.
            CancelledError: the lane was stopped.
        """
        self._limit.clear()
        try:
            sent = self._send(function, *arguments)
        except BrokenProcessPool:  # it went away while it had nothing to do
            self.close()
            sent = self._send(function, *arguments)
        try:
            while limited and not sent.done():
                self._wait(sent)
            return sent.result()
        except BrokenProcessPool:
            self.close()
            raise

    @property
    def attempt(self) -> int:
        """The attempt at a step that what it does, or did last, had come to; 0 before the first."""
        return self._limit.attempt

    def stop(self) -> None:
        """End the process, whatever it does, and start no other."""
        with self._lock:
            self._stopped = True
            for process in self._processes():
                process.terminate()

    def close(self) -> None:
        """Let the process end when it is through."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _send(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        with self._lock:
            if self._stopped:
                raise CancelledError
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1,
                    mp_context=self._context,
                    initializer=_begin,
                    initargs=(self._limit, *self._begin),
                )
            with deaf_at_birth():
                return self._pool.submit(function, *arguments)

    def _wait(self, sent: Future[Any]) -> None:
        """Wait until it is done or may be overdue; then see."""
        left = self._limit.left
        with suppress(TimeoutError):
            sent.exception(LOOK if left is None else max(left + GRACE, 0.0))
        left = self._limit.left
        if left is not None and left <= -GRACE and not sent.done():
            attempt = self._limit.attempt
            raise Overdue(attempt, -left, self._kill())

    def _kill(self) -> int:
        """End the process and what it has started; gives the memory that it had."""
        import psutil

        memory = 0
        for process in self._processes():
            with suppress(psutil.Error):
                found = psutil.Process(process.pid)
                memory = int(found.memory_info().rss)
                for child in found.children(recursive=True):
                    with suppress(psutil.Error):
                        child.kill()
            process.kill()
        self.close()
        return memory

    def _processes(self) -> list[Any]:
        """Its process, if there is one; no public way leads to it."""
        known = self._pool._processes if self._pool is not None else None  # noqa: SLF001
        return list((known or {}).values())


def _begin(limit: Limit, begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    begin(*given)
    keep_to(limit)
