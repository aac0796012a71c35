"""Processes of this machine that execute steps for a run, and leave its end to it.

Ctrl-C goes to every process of a terminal. A child that waits for work would die of it with
a traceback of its own; and the run itself tells its children what comes of it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_CAN_BLOCK = hasattr(signal, "pthread_sigmask")


@contextmanager
def deaf_at_birth() -> Iterator[None]:
    """Have processes that are started meanwhile hear Ctrl-C only after `serve_parent`."""
    if not _CAN_BLOCK:
        yield
        return
    # It is started with the first child, and unblocks Ctrl-C when it is.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def serve_parent() -> None:
    """Have this process take no notice of Ctrl-C, and end with the one that started it.

    What it starts itself hears Ctrl-C as ever: only being ignored is inherited, not a handler.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    if _CAN_BLOCK:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    _end_with_parent()


def _end_with_parent() -> None:
    """End with the one that started this, also when that one is killed.

    It would wait for work forever: it holds an end of the pipe that work comes through.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="lineal-parent", daemon=True).start()
