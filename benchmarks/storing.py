"""What keeping and loading values costs: `python benchmarks/storing.py`.

Prints, as the best of several rounds on this machine: the cost of saving and loading small
values, of a small blob until it is durable, of large blobs and of a frame of 1,000,000 x 10
with three columns of text, and what a changed version of a large blob adds to the store.
Needs about 1 GB of memory and of disk in a temporary folder; its fsync counts.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lineal.digests.canonical import identify
from lineal.store import LocalBlobs, StoreFolder, ValueStore
from lineal.store.chunking import chunks

ROUNDS = 5
CALLS = 2_000
SMALL: list[Any] = [7, 0.5, "text", {"depth": 3, "rates": [0.1, "auto"]}, np.float64(0.9)]
MEGABYTE = 1_000_000


def main() -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, 100 * MEGABYTE, dtype=np.uint8).tobytes()
    text = "\n".join(map(str, random.normal(size=2_000_000))).encode()
    frame = pd.DataFrame(
        {f"number{i}": random.normal(size=1_000_000) for i in range(7)}
        | {f"text{i}": random.choice(["ab", "cde", "fghi"], 1_000_000) for i in range(3)}
    )
    with tempfile.TemporaryDirectory() as place:
        opened = iter(range(1000))

        def fresh() -> StoreFolder:
            return StoreFolder.open(Path(place) / str(next(opened)))

        values = fresh().values()
        for value in SMALL:
            print(f"save {value!r:36} {small(values, value):8.1f} µs")
        print(f"{'put 10 kB, durable after sync':41} {durable(fresh().blobs):8.0f} µs")
        print(f"{'cut into chunks':41} {rate(lambda: list(chunks(memoryview(noise))), noise)}")
        blobs(fresh, "noise", noise)
        blobs(fresh, "text", text)
        print(f"{'added by 6 bytes put into 100 MB':41} {added(fresh().blobs, noise):8.1f} MB")
        identity = identify(frame)
        each_values = iter([fresh().values() for _ in range(ROUNDS)])
        print(
            f"{'save a frame, checked':41} {best(lambda: next(each_values).save(frame, identity))}"
        )
        artifact = values.save(frame, identity)
        print(f"{'save it again':41} {best(lambda: values.save(frame, identity))}")
        print(f"{'load it':41} {best(lambda: values.load(artifact))}")


def blobs(fresh: Callable[[], StoreFolder], name: str, data: bytes) -> None:
    stores = [fresh().blobs for _ in range(ROUNDS)]
    each = iter(stores)
    print(f"{f'put {name}, durable':41} {rate(lambda: keep(next(each), data), data)}")
    address = stores[0].put(data)
    print(f"{f'get {name}, verified':41} {rate(lambda: stores[0].get(address), data)}")


def small(values: ValueStore, value: Any) -> float:
    identity = identify(value)
    return seconds(lambda: [values.save(value, identity) for _ in range(CALLS)]) / CALLS * 1e6


def durable(blobs: LocalBlobs) -> float:
    start = time.perf_counter()
    for i in range(200):
        blobs.put(str(i).encode() * 4000)
    blobs.sync()
    return (time.perf_counter() - start) / 200 * 1e6


def keep(blobs: LocalBlobs, data: bytes) -> None:
    blobs.put(data)
    blobs.sync()


def added(blobs: LocalBlobs, data: bytes) -> float:
    blobs.put(data)
    before = size(blobs.root)
    blobs.put(data[:5_000_000] + b"insert" + data[5_000_000:])
    return (size(blobs.root) - before) / MEGABYTE


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def rate(work: Callable[[], object], data: bytes) -> str:
    return f"{len(data) / MEGABYTE / seconds(work):8.0f} MB/s"


def best(work: Callable[[], object]) -> str:
    return f"{seconds(work) * 1000:8.0f} ms"


def seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    main()
