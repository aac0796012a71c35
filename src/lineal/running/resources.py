"""Resources: the time and memory an execution takes.

Memory is the resident size of the process, sampled while any step runs, so a step that
shares the process with others is told the height they reached together.
"""

from __future__ import annotations

import threading
import time
from typing import Self

from lineal.records import Resources

INTERVAL = 0.02
"""Seconds between samples."""


class Usage:
    """What one execution takes on this thread, while the block lasts."""

    __slots__ = ("_sampler", "cpu_seconds", "peak", "wall_seconds")

    def __init__(self, sampler: MemorySampler) -> None:
        self._sampler = sampler
        self.wall_seconds = 0.0
        self.cpu_seconds = 0.0
        self.peak = 0

    def __enter__(self) -> Self:
        self.peak = self._sampler.begin(self)
        self.wall_seconds, self.cpu_seconds = time.perf_counter(), time.thread_time()
        return self

    def __exit__(self, *_error: object) -> None:
        self.wall_seconds = time.perf_counter() - self.wall_seconds
        self.cpu_seconds = time.thread_time() - self.cpu_seconds
        self._sampler.end(self)

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
        self._closed = threading.Event()
        self._latest = int(self._resident().rss)
        self._thread = threading.Thread(target=self._run, name="lineal-memory", daemon=True)
        self._thread.start()

    def watch(self) -> Usage:
        """Measure what happens inside on this thread."""
        return Usage(self)

    def begin(self, usage: Usage) -> int:
        """Raise its peak from now on; returns the size as it was seen last."""
        with self._lock:
            self._active.add(usage)
        if not self._wake.is_set():
            self._wake.set()
        return self._latest

    def end(self, usage: Usage) -> None:
        """Leave it as it is from now on; one that lasted is measured once more."""
        if usage.wall_seconds > INTERVAL:
            self._sample()
        with self._lock:
            self._active.discard(usage)

    def close(self) -> None:
        """Stop sampling."""
        self._closed.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait()
            self._sample()
            with self._lock:
                if not self._active and not self._closed.is_set():
                    self._wake.clear()
            self._closed.wait(INTERVAL)

    def _sample(self) -> None:
        self._latest = resident = int(self._resident().rss)
        with self._lock:
            for usage in self._active:
                usage.peak = max(usage.peak, resident)
