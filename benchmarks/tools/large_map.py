"""A large map on Prefect with Dask, beside plain Prefect: too long for `make bench`.

    python large_map.py [STEPS]

Both sides and Prefect's server share the machine, one side after the other. Of 10,000 steps
it takes half an hour. Each side is a whole process, whose peak of memory is told without that
of its two workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from runners import served

ON_DASK = Path(__file__).with_name("on_dask.py")


def main(steps: int) -> None:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as kept:
        server = served(Path(home))
        ours = told("lineal", server, ["lineal", str(steps), "0", kept])
        told("lineal, reused", server, ["lineal", str(steps), "0", kept])
        plain = told("plain Prefect", server, ["plain", str(steps), str(steps)])
        print(f"plain Prefect takes {plain / ours:.2f} of lineal's time", flush=True)


def told(who: str, server: Mapping[str, str], words: list[str]) -> float:
    """Print what a side takes; gives its seconds."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, ON_DASK, *words], env={**os.environ, **server})
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{who} failed")
    peak = usage.ru_maxrss * 1024 / 1e6
    print(f"{who}: {seconds:.1f} s, {peak:.0f} MB", flush=True)
    return seconds


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
