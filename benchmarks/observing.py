"""What observing steps and guarding their inputs costs: `python benchmarks/observing.py FILE`.

Runs the pipeline of `pipelines/intrusion.py` on a file of NSL-KDD (`KDDTrain+_20Percent.txt`),
from nothing each time and one step at a time: as it is, without observing, and with neither
observing nor hashing the arguments again after each step. The three take turns, in another
order each round, and are compared within a round, by wall time and by the processor time of
the process and its children. On a machine that does other work, both vary by more than what
is measured; so the processor time spent inside the hook, the digests of what was observed
and the guards is taken as well, in runs of their own, and told as a share of the run's;
taking it adds a microsecond to every event. With OMP_NUM_THREADS=1 the share is of work alone:
threads of linear algebra that wait for a busy processor count as processor time, too.

Last, what 10,000 opened files and variables cost.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from lineal import Workspace
from lineal.cli.loading import load_pipeline
from lineal.running import execute
from lineal.running import observing as watching
from lineal.running.observing import Observation, observed_by, observing

ROUNDS = int(os.environ.get("ROUNDS", "5"))
ROWS = int(os.environ.get("ROWS", "10000"))
READS = 10_000
PARTS = {
    "observing: the hook": (watching, "_hook"),
    "observing: digests of what was read": (execute, "inputs_of"),
    "hashing again: the guards": (execute, "check_guards"),
}
Took = tuple[float, float]
"""Seconds of the processor, and by the clock."""


def main() -> None:
    data = Path(sys.argv[1])
    pipeline = load_pipeline(str(Path(__file__).parents[1] / "pipelines/intrusion.py"))
    arguments = {"train": data, "test": data, "seeds": 1, "rows": ROWS}

    def run(observe: str) -> Took:
        with tempfile.TemporaryDirectory() as folder, Workspace.open(folder) as workspace:
            options = workspace.options(workers=1, observe=observe)
            start, clock = processor_time(), time.perf_counter()
            done = workspace.run(pipeline, arguments, options)
            took = processor_time() - start, time.perf_counter() - clock
        assert done.exception is None, done.exception
        return took

    def unguarded() -> Took:
        with mock.patch.object(execute, "check_guards"):
            return run("off")

    ways: dict[str, Callable[[], Took]] = {
        "neither observed nor hashed again": unguarded,
        "hashed again": lambda: run("off"),
        "hashed again and observed": lambda: run("warn"),
    }
    if "--inside" in sys.argv:
        print(json.dumps(shares(lambda: run("warn"))))
        return
    inside = [inside_of_another(data) for _ in range(ROUNDS)]
    show_pairs(ways)
    print()
    for part in PARTS:
        print(f"{part:36} {100 * min(one[part] for one in inside):+6.2f} %")
    print(f"{'all of it':36} {100 * min(map(sum_of, inside)):+6.2f} %")
    print()
    print(f"{'a file opened':36} {each(lambda: Path(__file__).open().close()):8.2f} µs more")
    print(f"{'a variable read':36} {each(lambda: os.environ.get('HOME')):8.2f} µs more")


def show_pairs(ways: dict[str, Callable[[], Took]]) -> None:
    """Let the ways take turns, and print what each took beside the first of its round."""
    names = list(ways)
    took: dict[str, list[Took]] = {name: [] for name in names}
    for turn in range(ROUNDS):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            took[name].append(ways[name]())
    print(f"{'':36} {'processor':>19}  {'clock':>19}")
    for name in names:
        columns = []
        for kind in (0, 1):
            ratios = [a[kind] / b[kind] for a, b in zip(took[name], took[names[0]], strict=True)]
            least = min(one[kind] for one in took[name])
            columns.append(f"{least:8.3f} s  {100 * (statistics.median(ratios) - 1):+6.2f} %")
        print(f"{name:36} {'  '.join(columns)}")


def inside_of_another(data: Path) -> Counter[str]:
    """The shares of a run in a process of its own, as a hook once added can't be wrapped."""
    command = [sys.executable, __file__, str(data), "--inside"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return Counter(json.loads(done.stdout))


def shares(run: Callable[[], Took]) -> Counter[str]:
    """The share of a run's processor time that is spent in each part."""
    with spent_in(PARTS) as spent:
        processor, _ = run()
    return Counter({part: seconds / processor for part, seconds in spent.items()})


def sum_of(shares: Counter[str]) -> float:
    return sum(shares.values())


@contextmanager
def spent_in(parts: dict[str, tuple[Any, str]]) -> Iterator[Counter[str]]:
    """Count the processor time that threads spend inside functions."""
    spent: Counter[str] = Counter()

    def counted(part: str, original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            start = time.thread_time()
            try:
                return original(*args, **kwargs)
            finally:
                spent[part] += time.thread_time() - start

        return call

    with ExitStack() as stack:
        for part, (owner, name) in parts.items():
            wrapped = counted(part, getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, wrapped))
        yield spent


def processor_time() -> float:
    """Seconds of the processor that this process and the children it waited for have used."""
    return sum(os.times()[:4])


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
