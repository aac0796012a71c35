"""What observing steps and guarding their inputs costs: `python benchmarks/observing.py FILE`.

Runs the pipeline of `pipelines/intrusion.py` on a file of NSL-KDD (`KDDTrain+_20Percent.txt`),
from nothing each time and one step at a time, with and without observing and with and
without hashing the arguments again after each step; prints the best of several rounds,
and what 10,000 opened files and variables cost. The rounds take turns.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.running import execute
from lineal.running.observing import Observation, observed_by, observing

ROUNDS = 3
READS = 10_000


def main() -> None:
    data = Path(sys.argv[1])
    pipeline = load_pipeline(str(Path(__file__).parents[1] / "pipelines/intrusion.py"))
    arguments = {"train": data, "test": data, "seeds": 1, "rows": 20_000}

    def run(observe: str) -> float:
        with tempfile.TemporaryDirectory() as folder, Workspace.open(folder) as workspace:
            options = workspace.options(workers=1, observe=observe)
            start = time.perf_counter()
            done = workspace.run(pipeline, arguments, options)
            took = time.perf_counter() - start
        assert done.exception is None, done.exception
        return took

    def unguarded() -> float:
        with mock.patch.object(execute, "check_guards"):
            return run("off")

    ways: dict[str, Callable[[], float]] = {
        "neither observed nor hashed again": unguarded,
        "hashed again": lambda: run("off"),
        "hashed again and observed": lambda: run("warn"),
    }
    run("warn")
    took = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, measure in ways.items():
            took[way].append(measure())
    bare = min(took["neither observed nor hashed again"])
    for way, times in took.items():
        print(f"{way:36} {min(times):8.3f} s  {100 * (min(times) / bare - 1):+6.2f} %")
    print(f"{'a file opened':36} {each(lambda: Path(__file__).open().close()):8.2f} µs more")
    print(f"{'a variable read':36} {each(lambda: os.environ.get('HOME')):8.2f} µs more")


def each(act: Callable[[], object]) -> float:
    """Microseconds that observing adds to an act."""

    def loop() -> float:
        start = time.perf_counter()
        for _ in range(READS):
            act()
        return time.perf_counter() - start

    bare = min(loop() for _ in range(3))
    with observing(), observed_by(Observation()):
        watched = min(loop() for _ in range(3))
    return (watched - bare) / READS * 1e6


if __name__ == "__main__":
    main()
