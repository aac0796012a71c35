"""The beat: while a run goes on, a thread says so every few seconds.

From it others know that what the run holds is still held, that a run on another machine is lost,
and when a lost one was last seen.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Self

from lineal.catalog import Catalog
from lineal.errors import StoreError

BEAT = 5.0
"""Seconds between two signs that a run goes on."""
SILENCE = 300.0
"""Seconds without one after which a run on another machine counts as lost."""


class Beat:
    """Says that a run goes on, from when it has begun until the block ends."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def begun(self, run_number: int) -> None:
        """The run has its number."""
        self._thread = threading.Thread(
            target=self._go_on, args=[run_number], name="lineal-beat", daemon=True
        )
        self._thread.start()

    def _go_on(self, run_number: int) -> None:
        while not self._over.wait(BEAT):
            # Who can't be heard loses the leases, which costs work but no result.
            with suppress(StoreError):
                self._catalog.heartbeat(run_number)
