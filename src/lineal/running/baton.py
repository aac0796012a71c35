"""The baton: whoever holds it may touch what two threads share; the other waits for it.

The pipeline's thread passes it on and waits. It may be woken by Ctrl-C at any moment, when
it wants the baton back at once: from a step that is being executed it has it without
waiting, as that goes on without it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress


class Errand:
    """Work that another thread does with the baton."""

    recalled = False
    """Whether who sent it wants the baton back; who has it looks whenever it has taken it."""


class _LaidDown:
    """A block without the baton; as a generator it would cost a small step a tenth more."""

    def __init__(self, put: Callable[[], None], take: Callable[[], None]) -> None:
        self._put, self._take = put, take

    def __enter__(self) -> None:
        self._put()

    def __exit__(self, *_error: object) -> None:
        self._take()


class Baton:
    """One of a kind between two threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have it meanwhile, once it is free."""
        self._take()
        try:
            yield
        finally:
            self._put()

    def laid_down(self) -> _LaidDown:
        """Do without it meanwhile."""
        return _LaidDown(self._put, self._take)

    def passed(
        self,
        lend: Callable[[Callable[[], None]], Future[None]],
        work: Callable[[Errand], None],
        *,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
        now_and_then: Callable[[], None] = lambda: None,
        every: float | None = None,
    ) -> None:
        """Have another thread do some work with it, and wait; raises what that raises.

        Args:
            lend: Has something done on the other thread.
            work: Ends when it finds that it is recalled.
            waiting: Entered around each wait.
            now_and_then: Done with the baton between two waits, when the work takes long.
            every: Seconds of a wait at the most.
        """
        errand = Errand()

        def with_it() -> None:
            with self.held():
                if not errand.recalled:
                    work(errand)

        with self.laid_down():
            try:
                future = lend(with_it)
                while not future.done():
                    with suppress(TimeoutError), waiting():
                        future.exception(every)
                        break
                    with self.held():
                        now_and_then()
            except BaseException:
                errand.recalled = True
                raise
        future.result()

    def _take(self) -> None:
        self._lock.acquire()
        self._holder = threading.get_ident()

    def _put(self) -> None:
        # Who was interrupted while it waited has nothing to put down.
        if self._holder == threading.get_ident():
            self._holder = None
            self._lock.release()
