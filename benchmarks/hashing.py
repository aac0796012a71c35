"""How fast values and files are identified, beside bare xxhash and joblib.hash.

Run it: ``python benchmarks/hashing.py``. Each figure is the best of several rounds, on warm
data; the ratio is to xxhash over the same bytes where there is one buffer to compare with.
"""

from __future__ import annotations

import mmap
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import xxhash

from lineal.digests.canonical import identify, value_digest
from lineal.digests.files import file_digest
from lineal.store.statistics import with_statistics

ROWS = 1_000_000


def best(function: Callable[[], Any], rounds: int = 7, repeat: int = 1) -> float:
    """Seconds per call, in the fastest round."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeat):
            function()
        found.append((time.perf_counter() - start) / repeat)
    return min(found)


def mapped(path: Path) -> str:
    """Bare xxhash over a mapping of the file, for comparison."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
        return xxhash.xxh3_128_hexdigest(view)


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{i}": rng.random(ROWS) for i in range(7)}
    for i in range(3):
        words = np.char.add("v", rng.integers(0, 100_000, ROWS).astype(str))
        columns[f"s{i}"] = pd.Series(words, dtype="str")
    return pd.DataFrame(columns)


def line(name: str, ours: float, bare: float | None, joblib_: float | None) -> None:
    ratio = f"{bare / ours:7.0%}" if bare else " " * 7
    peer = f"{joblib_ * 1e6:12.1f}" if joblib_ else " " * 12
    print(f"{name:34}{ours * 1e6:12.1f}{ratio}{peer}")


def main() -> None:
    print(f"{'':34}{'µs':>12}{'xxhash':>7}{'joblib µs':>12}")
    line("int", best(lambda: value_digest(5), repeat=20_000), None, best(lambda: joblib.hash(5)))
    line("int, identified", best(lambda: identify(5), repeat=20_000), None, None)
    settings = {"depth": 3, "rate": 0.1, "names": ["a", "b"]}
    line(
        "small dict",
        best(lambda: value_digest(settings), repeat=5_000),
        None,
        best(lambda: joblib.hash(settings)),
    )
    array = np.random.default_rng(0).random(1 << 20)
    view = array.view(np.uint8)
    line(
        "array of 8 MB",
        best(lambda: value_digest(array), repeat=50),
        best(lambda: xxhash.xxh3_128_hexdigest(view), repeat=50),
        best(lambda: joblib.hash(array)),
    )
    turned = np.asfortranarray(array.reshape(1024, 1024))
    line("the same, 1024 x 1024 Fortran", best(lambda: value_digest(turned)), None, None)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(np.random.default_rng(0).bytes(1 << 28))
        file_digest(path)
        bare = best(lambda: mapped(path))
        line("warm file of 256 MB", best(lambda: file_digest(path)), bare, None)
    frame = table()
    peer = best(lambda: joblib.hash(frame), rounds=2)
    line("frame 1,000,000 x 10, 3 of text", best(lambda: value_digest(frame)), None, peer)
    line("the same, identified", best(lambda: identify(frame)), None, None)
    profile = identify(frame).profile
    told = best(lambda: with_statistics(frame, profile), rounds=2)
    line("its statistics, once it is stored", told, None, None)
    words = frame[["s0"]].astype(object)
    peer = best(lambda: joblib.hash(words), rounds=2)
    line("1,000,000 texts as objects", best(lambda: value_digest(words)), None, peer)
    numbers = list(range(ROWS))
    peer = best(lambda: joblib.hash(numbers), rounds=2)
    line("list of 1,000,000 ints", best(lambda: value_digest(numbers)), None, peer)


if __name__ == "__main__":
    main()
