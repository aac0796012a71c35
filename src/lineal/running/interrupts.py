"""Ctrl-C, held back until it can do no harm.

Python raises `KeyboardInterrupt` in its first thread between any two instructions. Between
the wrong two, a step would be neither waiting nor under way nor recorded. So while a session
is driven it is raised only where the session waits, and when a run has come to its end only
after that is recorded; pressed twice, it is raised at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupts:
    """Holds Ctrl-C back, on the first thread and where nobody else handles it."""

    def __init__(self) -> None:
        self._pressed = False
        self._waiting = False

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Raise it only where it is let in; at the end at the latest."""
        if not _is_ours_to_handle():
            yield
            return
        signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        self._raise()

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """Raise it as soon as it comes, or at once if it came before."""
        self._waiting = True
        try:
            self._raise()
            yield
        finally:
            self._waiting = False

    def _note(self, _signal: int, _frame: Any) -> None:
        if self._waiting or self._pressed:
            self._pressed = False
            raise KeyboardInterrupt
        self._pressed = True

    def _raise(self) -> None:
        if self._pressed:
            self._pressed = False
            raise KeyboardInterrupt


def _is_ours_to_handle() -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
