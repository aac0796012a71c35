"""Resources: the time and memory an execution takes.

Memory is the resident size of the process, sampled while any step runs, so a step that
shares the process with others is told the height they reached together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lineal.records import Resources

INTERVAL = 0.02
"""Seconds between samples."""


class Usage:
    """What one execution has taken so far."""

    __slots__ = ("cpu_seconds", "peak", "wall_seconds")

    def __init__(self) -> None:
        self.wall_seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak = 0

    def record(self) -> Resources:
        """As a record."""
        return Resources(
            wall_seconds=self.wall_seconds,
            cpu_seconds=self.cpu_seconds,
            peak_memory_bytes=self.peak,
        )


class MemorySampler:
    """Samples the process's resident size on a thread of its own while steps run."""

    def __init__(self) -> None:
        import psutil

        self._resident = psutil.Process().memory_info
        self._active: set[Usage] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._closed = False
        self._latest = int(self._resident().rss)
        self._thread = threading.Thread(target=self._run, name="lineal-memory", daemon=True)
        self._thread.start()

    @contextmanager
    def watch(self) -> Iterator[Usage]:
        """Measure what happens inside on this thread."""
        usage = Usage()
        usage.peak = self._latest
        with self._lock:
            self._active.add(usage)
        if not self._wake.is_set():
            self._wake.set()
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield usage
        finally:
            usage.wall_seconds = time.perf_counter() - wall
            usage.cpu_seconds = time.thread_time() - cpu
            if usage.wall_seconds > INTERVAL:
                self._sample()
            with self._lock:
                self._active.discard(usage)

    def close(self) -> None:
        """Stop sampling."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._sample()
            with self._lock:
                if not self._active and not self._closed:
                    self._wake.clear()
            time.sleep(INTERVAL)

    def _sample(self) -> None:
        self._latest = resident = int(self._resident().rss)
        with self._lock:
            for usage in self._active:
                usage.peak = max(usage.peak, resident)
