"""Capture: what a step prints, warns and logs goes to its own record.

``sys.stdout`` and ``sys.stderr`` are replaced once while runs go on; each text is given
to the step of the thread that wrote it. Threads that a step starts itself are not told
apart, and write where they would have written.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from lineal.context import current_step


class _Stream:
    """A text stream that notes what the current step writes, and may pass it on."""

    def __init__(self, original: TextIO, echo: bool) -> None:
        self._original = original
        self._echo = echo

    def write(self, text: str) -> int:
        context = current_step.get()
        if context is not None:
            context.log.append(text)
            if not self._echo:
                return len(text)
        return self._original.write(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


class _Handler(logging.Handler):
    """Notes log records of the current step."""

    def emit(self, record: logging.LogRecord) -> None:
        context = current_step.get()
        if context is not None:
            context.log.append(self.format(record) + "\n")


_lock = threading.Lock()
_depth = 0
_undo: list[Any] = []


@contextmanager
def capturing(*, echo: bool = True) -> Iterator[None]:
    """Attribute output to steps meanwhile; `echo` passes it on as well. Nests."""
    global _depth
    with _lock:
        _depth += 1
        if _depth == 1:
            _install(echo)
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _undo.pop()()


def _install(echo: bool) -> None:
    out, err = sys.stdout, sys.stderr
    mine: tuple[Any, Any] = (_Stream(out, echo), _Stream(err, echo))
    sys.stdout, sys.stderr = mine
    handler = _Handler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)

    def restore() -> None:
        root.removeHandler(handler)
        if sys.stdout is mine[0]:
            sys.stdout = out
        if sys.stderr is mine[1]:
            sys.stderr = err

    _undo.append(restore)
