"""What logging and reading metrics costs: `python benchmarks/logging_metrics.py`.

Prints, as the best of several rounds on this machine: the cost of `Journal.log` at the call
and until it is durable, the points per second of `Journal.log_many` up to a sealed Parquet
segment, and the speed of reading them back. Needs about 300 MB of memory and 100 MB of disk
in a temporary folder; the disk's fsync counts in everything but the cost at the call.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet  # noqa: F401 - so that importing it is not measured

from lineal.metrics import Journal, MetricStore

ROUNDS = 5
CALLS = 200_000
POINTS = 4_000_000
BATCH = 100_000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = MetricStore(Path(folder) / "metrics")
        print(f"loop alone               {nanoseconds(empty_loop):8.0f} ns/iteration")
        logs = [timed_logs(store, i) for i in range(ROUNDS)]
        print(f"log, at the call         {min(at for at, _ in logs):8.0f} ns/point, loop included")
        print(f"log, until durable       {min(durable for _, durable in logs):8.0f} ns/point")
        batches = [timed_batches(store, ROUNDS + i) for i in range(ROUNDS)]
        print(f"log_many, until durable  {max(at for at, _ in batches):8.2f} million points/s")
        print(
            f"log_many, until sealed   {max(sealed for _, sealed in batches):8.2f} million points/s"
        )
        reads = [timed_read(store, ROUNDS + i) for i in range(ROUNDS)]
        print(f"read                     {max(reads):8.2f} million points/s")
        print(f"an unused journal        {nanoseconds(lambda: unused(store), 1000):8.0f} ns")


def empty_loop() -> None:
    for _ in range(CALLS):
        pass


def nanoseconds(work: Callable[[], None], count: int = CALLS) -> float:
    return min(elapsed(work) for _ in range(ROUNDS)) / count * 1e9


def elapsed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed_logs(store: MetricStore, execution: int) -> tuple[float, float]:
    journal = store.journal("bench")
    value = 0.5
    start = time.perf_counter()
    for _ in range(CALLS):
        journal.log(execution, "loss", value)
    logged = time.perf_counter() - start
    journal.flush()
    durable = time.perf_counter() - start
    journal.close()
    return logged / CALLS * 1e9, durable / CALLS * 1e9


def timed_batches(store: MetricStore, execution: int) -> tuple[float, float]:
    values = np.random.default_rng(execution).normal(size=BATCH)
    journal: Journal = store.journal("bench")
    start = time.perf_counter()
    for _ in range(POINTS // BATCH):
        journal.log_many(execution, "loss", values)
    journal.flush()
    durable = time.perf_counter() - start
    journal.close()
    sealed = time.perf_counter() - start
    return POINTS / durable / 1e6, POINTS / sealed / 1e6


def timed_read(store: MetricStore, execution: int) -> float:
    return POINTS / elapsed(lambda: store.read([execution])) / 1e6


def unused(store: MetricStore) -> None:
    for _ in range(1000):
        store.journal("bench").close()


if __name__ == "__main__":
    main()
