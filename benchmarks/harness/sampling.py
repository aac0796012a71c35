"""One sample of one side: time, processor time, peak of memory, and was the machine quiet?"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from pyperf import perf_counter

from harness.process import Ended

QUIET = 0.2
"""Others may use this much of one core before a sample counts as disturbed."""
TICK = 0.01
"""How coarsely the system counts the processor time of the whole machine, in seconds."""
BUSY = ("user", "nice", "system", "irq", "softirq", "steal")


@dataclass(frozen=True)
class Sample:
    """What one sample took: all times are seconds, for the whole of it."""

    wall: float
    processor: float
    loops: int
    load_before: float
    load_after: float
    others: float
    """Cores that other processes kept busy meanwhile, on average."""
    peak: int | None
    """Bytes of memory: of a process, all it had; of a call in this process, what it added."""

    @property
    def disturbed(self) -> bool:
        return self.others > QUIET


def sample(run: Callable[[], Any], loops: int = 1) -> Sample:
    """Call ``run`` that many times, and measure."""
    gc.collect()
    load_before = os.getloadavg()[0]
    before = _reset_peak()
    busy, own = _busy(), processor_time()
    start = perf_counter()
    for _ in range(loops):
        result = run()
    wall = perf_counter() - start
    own = max(processor_time() - own, 0.0)
    busy = _busy() - busy
    return Sample(
        wall=wall,
        processor=own,
        loops=loops,
        load_before=load_before,
        load_after=os.getloadavg()[0],
        others=max(busy - own - TICK * (os.cpu_count() or 1), 0.0) / wall,
        peak=result.peak if isinstance(result, Ended) else _peak_since(before),
    )


def _busy() -> float:
    """Seconds that all processors together have worked, since the system started."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, kind, 0.0) for kind in BUSY))


def processor_time() -> float:
    """Seconds of the processor that this process and its children have used."""
    total = sum(os.times()[:4])
    for child in psutil.Process().children(recursive=True):
        try:
            total += sum(child.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def _reset_peak() -> int | None:
    """Forget the peak of memory so far; the bytes in use now, or None if it can't be told."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return psutil.Process().memory_info().rss


def _peak_since(before: int | None) -> int | None:
    if before is None:
        return None
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return max(int(line.split()[1]) * 1024 - before, 0)
    return None
