"""The threads of one process that execute steps: measured, and interrupted all at once."""

from __future__ import annotations

import threading
from collections.abc import Hashable

from lineal.errors import RunCancelled

from .execute import Cancelled, Outcome, StepCall, execute_step, throw_into
from .resources import MemorySampler


class StepThreads:
    """Executes steps on whichever threads ask for it."""

    def __init__(self) -> None:
        self._sampler: MemorySampler | None = None
        self._busy: dict[int, Hashable] = {}
        self._over: set[Hashable] = set()
        """Runs that were interrupted."""
        self._lock = threading.Lock()

    def execute(self, call: StepCall, whose: Hashable = None) -> Outcome:
        """Execute a step on this thread, for a run that `interrupt` can name."""
        thread = threading.get_ident()
        with self._lock:
            if whose in self._over:
                return Outcome(error=RunCancelled())
            if self._sampler is None:
                self._sampler = MemorySampler()
            self._busy[thread] = whose
        try:
            return execute_step(call, self._sampler)
        finally:
            with self._lock:
                del self._busy[thread]

    def interrupt(self, whose: Hashable = None) -> None:
        """Cancel what is being executed for a run, or will be; a step stuck in C code goes on."""
        with self._lock:
            self._over.add(whose)
            for thread, of in self._busy.items():
                if of == whose:
                    throw_into(thread, Cancelled)

    def close(self) -> None:
        """Stop measuring."""
        if self._sampler is not None:
            self._sampler.close()
