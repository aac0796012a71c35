"""Cancelling steps in other processes: a mark in the store, which workers look out for."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .threads import StepThreads

LOOK = 0.5
"""Seconds between two looks."""


def mark_of(root: Path, run_id: str) -> Path:
    """Where the mark of a run lies that is cancelled."""
    return root / "tmp" / f"cancelled-{run_id}"


class Lookout:
    """Interrupts the steps of this process whose run is cancelled."""

    def __init__(self, threads: StepThreads) -> None:
        self._threads = threads
        self._marks: Counter[Path] = Counter()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, mark: Path) -> Iterator[None]:
        """Look out for a mark meanwhile."""
        with self._changed:
            self._marks[mark] += 1
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._look, name="lineal-lookout", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._marks[mark] -= 1

    def _look(self) -> None:
        while True:
            with self._changed:
                self._marks = +self._marks
                if not self._marks:
                    self._changed.wait()
                else:
                    self._changed.wait(LOOK)
                marks = list(self._marks)
            for mark in marks:
                if mark.exists():
                    self._threads.interrupt(mark)
