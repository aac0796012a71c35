"""The attempt at a step and its time limit, as the process that waits for it sees them.

A thread that is inside a call into C can't be stopped from its own process; the process can.
So a worker says in shared memory by when its step has to be through, and whoever started the
worker ends it when that has passed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext

_UNTIL, _ATTEMPT = 0, 1
_mine: list[Limit] = []


class Limit:
    """How far one worker is with its step, and by when it has to be through.

    Written there, read by its parent.
    """

    def __init__(self, context: SpawnContext) -> None:
        self._shared: Any = context.RawArray("d", 2)

    def began(self, attempt: int) -> None:
        """An attempt at the step has begun."""
        self._shared[_ATTEMPT] = attempt

    @contextmanager
    def running(self, seconds: float) -> Iterator[None]:
        """Have so many seconds from now on."""
        self._shared[_UNTIL] = time.monotonic() + seconds  # one clock for all processes
        try:
            yield
        finally:
            self._shared[_UNTIL] = 0.0

    def clear(self) -> None:
        """Forget what was written of another step, or by a worker that is gone."""
        self._shared[_ATTEMPT] = self._shared[_UNTIL] = 0.0

    @property
    def left(self) -> float | None:
        """Seconds that are left, less than none when it is over; None while none runs."""
        until = float(self._shared[_UNTIL])
        return until - time.monotonic() if until else None

    @property
    def attempt(self) -> int:
        """The attempt that runs, or was the last; 0 before the first."""
        return int(self._shared[_ATTEMPT])


def keep_to(limit: Limit) -> None:
    """Have this process, which is a worker, tell its limits there."""
    _mine[:] = [limit]


def limit_here() -> Limit | None:
    """Where this process tells its limits, if another one sees to them."""
    return _mine[0] if _mine else None
