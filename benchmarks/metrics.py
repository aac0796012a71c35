"""Points of metrics: logged one by one, in batches, as many long series, and read back.

A run that logs is measured from its beginning to its end, so that everything is durable where a
tool makes it so; *at the call* is what a step waits for when it logs one more point. MLflow takes
part with shorter series, as it writes a row of SQL for each point, and with its asynchronous calls
where points come one by one; TensorBoardX where it has a way to log. The limits are the same
columns alone, as an Arrow file and as Parquet, synced. The last values of many runs are asked for
in `runs.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather as feather
import pyarrow.parquet as pq

from filled import mlflow_in
from harness import Bench, Side, installed, run
from lineal import log_metric, log_series
from lineal.running import Run
from lineal.workspace import Workspace

SERIES = 100
BATCH = 1_000
"""Points: the most that MLflow takes at once."""
OURS = (
    "at the call in memory, on disk within a second; synced, sorted and summed up when the run ends"
)
MLFLOW = "SQLite: a transaction, synced, for each call"
TENSORBOARD = "an event file: not synced, not sorted, no summary"
ALONE = "the columns, written at once and synced"


def main(bench: Bench) -> None:
    with ExitStack() as stack:
        ours = Lineal(stack.enter_context(Workspace.open(bench.fresh())))
        mlflow = [Mlflow(bench.fresh())] if installed("mlflow") else []
        board = [TensorBoard(bench.fresh())] if installed("tensorboardX") else []
        both = [ours, *mlflow]
        later = [MlflowLater(tool) for tool in mlflow]
        points = bench.pick(tiny=10, quick=100, full=1_000)
        bench.part("one by one", one_by_one, bench, [*both, *later, *board], points)
        calls = bench.pick(tiny=5, quick=20, full=100)
        bench.part("at the call", at_the_call, bench, [*both, *later, *board], calls)
        batches = bench.pick(tiny=2, quick=5, full=20)
        bench.part("in batches", in_batches, bench, both, batches)
        lengths = bench.pick(tiny=[10, 20], quick=[100, 10_000], full=[1_000, 100_000])
        for tools, length in zip((both, [ours]), lengths, strict=True):
            bench.part(f"series of {length:,}", series, bench, tools, length)


def at_the_call(bench: Bench, tools: list[Any], calls: int) -> None:
    def side(tool: Any) -> Side:
        def log() -> None:
            for _ in range(calls):
                tool.log("loss", 0.5, next(steps))

        steps = count()
        return Side(tool.name, log, does=tool.does)

    points: list[tuple[str, float, int]] = []
    bare = Side("a list alone", lambda: [points.append(("loss", 0.5, i)) for i in range(calls)])
    with ExitStack() as runs:
        for tool in tools:
            runs.enter_context(tool.open())
        sides = [side(tool) for tool in tools]
        bench.compare("a point, at the call", sides, per=calls, unit="point", limit=bare)


def one_by_one(bench: Bench, tools: list[Any], points: int) -> None:
    def side(tool: Any) -> Side:
        def whole() -> None:
            with tool.open():
                for step in range(points):
                    tool.log("loss", 0.5, step)

        return Side(tool.name, whole, does=tool.does)

    sides = [side(tool) for tool in tools]
    bench.compare(f"a run of {points:,} points, one by one", sides, per=points, unit="point")


def in_batches(bench: Bench, tools: list[Any], batches: int) -> None:
    values = np.random.default_rng(0).normal(size=BATCH)

    def side(tool: Any) -> Side:
        def whole() -> None:
            with tool.open():
                for i in range(batches):
                    tool.log_many("loss", values, i * BATCH)

        return Side(tool.name, whole, does=tool.does)

    sides = [side(tool) for tool in tools]
    name = f"a run of {batches * BATCH:,} points, in batches of {BATCH:,}"
    bench.compare(name, sides, per=batches * BATCH, unit="point")


def series(bench: Bench, tools: list[Any], length: int) -> None:
    columns = [np.random.default_rng(i).normal(size=length) for i in range(SERIES)]
    files = Files(bench.fresh(), columns)

    def side(tool: Any) -> Side:
        def write() -> None:
            with tool.open():
                for i, values in enumerate(columns):
                    for start in range(0, length, tool.most):
                        tool.log_many(f"m{i}", values[start : start + tool.most], start)

        return Side(tool.name, write, does=tool.does)

    bench.compare(
        f"{SERIES} series of {length:,} points, written",
        [*(side(tool) for tool in tools), Side("Parquet alone", files.parquet, does=ALONE)],
        rounds=bench.pick(tiny=2, quick=2, full=5),
        per=SERIES * length,
        unit="point",
        limit=Side("Arrow alone", files.arrow, does=ALONE),
    )
    reading(bench, tools, files, length)


def reading(bench: Bench, tools: list[Any], files: Files, length: int) -> None:
    def side(tool: Any) -> Side:
        def read() -> None:
            assert len(tool.read("m7")) == length

        return Side(tool.name, read, does=tool.reads)

    bench.compare(
        f"one of {SERIES} series of {length:,} points, read",
        [
            *(side(tool) for tool in tools),
            Side("Parquet alone", files.read_parquet, does="of one file, filtered"),
        ],
        per=length,
        unit="point",
        limit=Side("Arrow alone", files.read_arrow, does="of one file, mapped and filtered"),
    )


class Lineal:
    """Runs of lineal's."""

    name, does, most = "lineal", OURS, 10**9
    reads = "verified, in order, from all segments and journals of its run"

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.run: Run | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        with self.workspace.start_run("bench") as self.run:
            yield

    def log(self, key: str, value: float, step: int) -> None:
        log_metric(key, value, step)

    def log_many(self, key: str, values: Any, start: int) -> None:
        log_series(key, values, range(start, start + len(values)))

    def read(self, key: str) -> Any:
        assert self.run is not None
        return self.workspace.metrics(self.run, key)


class Mlflow:
    """Runs of MLflow's."""

    name, does, most = "MLflow", MLFLOW, BATCH
    reads = "an object for each point"

    def __init__(self, folder: Path) -> None:
        self.mlflow = mlflow_in(folder)
        self.client = self.mlflow.MlflowClient()
        self.run_id = ""

    def open(self) -> AbstractContextManager[Any]:
        started = self.mlflow.start_run()
        self.run_id = started.info.run_id
        return started

    def log(self, key: str, value: float, step: int) -> None:
        self.mlflow.log_metric(key, value, step, run_id=self.run_id)

    def log_many(self, key: str, values: Any, start: int) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [Metric(key, float(v), now, start + i) for i, v in enumerate(values)]
        self.client.log_batch(self.run_id, metrics=points)

    def read(self, key: str) -> Any:
        return self.client.get_metric_history(self.run_id, key)


class MlflowLater:
    """Runs of MLflow's whose points a thread writes in batches, as it offers for many calls."""

    name, does = "MLflow, async", "a call leaves the point to a thread; all written when it ends"

    def __init__(self, tool: Mlflow) -> None:
        self.mlflow, self.run_id = tool.mlflow, ""

    @contextmanager
    def open(self) -> Iterator[None]:
        with self.mlflow.start_run(nested=True) as started:
            self.run_id = started.info.run_id
            yield
            self.mlflow.flush_async_logging()

    def log(self, key: str, value: float, step: int) -> None:
        self.mlflow.log_metric(key, value, step, synchronous=False, run_id=self.run_id)


class TensorBoard:
    """Event files."""

    name, does = "TensorBoardX", TENSORBOARD

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, count()

    @contextmanager
    def open(self) -> Iterator[None]:
        from tensorboardX import SummaryWriter

        with SummaryWriter(str(self.folder / str(next(self.runs)))) as self.writer:
            yield

    def log(self, key: str, value: float, step: int) -> None:
        self.writer.add_scalar(key, value, step)


class Files:
    """All series as one table, written by Arrow alone."""

    def __init__(self, folder: Path, columns: list[Any]) -> None:
        length = len(columns[0])
        keys = pa.array([f"m{i}" for i in range(SERIES)])
        places = pa.array(np.repeat(np.arange(SERIES, dtype=np.int32), length))
        self.table = pa.table(
            {
                "key": pa.DictionaryArray.from_arrays(places, keys),
                "step": np.tile(np.arange(length), SERIES),
                "time": np.full(SERIES * length, time.time_ns()),
                "value": np.concatenate(columns),
            }
        )
        self.paths = folder / "points.parquet", folder / "points.arrow"

    def parquet(self) -> None:
        self._synced(lambda path: pq.write_table(self.table, path, compression="zstd"), 0)

    def arrow(self) -> None:
        self._synced(
            lambda path: feather.write_feather(self.table, path, compression="uncompressed"), 1
        )

    def read_parquet(self) -> None:
        assert len(pq.read_table(self.paths[0], filters=[("key", "=", "m7")]))

    def read_arrow(self) -> None:
        table = feather.read_table(self.paths[1], memory_map=True)
        assert len(table.filter(pc.equal(table["key"], "m7")))

    def _synced(self, write: Callable[[str], None], which: int) -> None:
        write(str(self.paths[which]))
        with self.paths[which].open("rb") as file:
            os.fsync(file.fileno())


if __name__ == "__main__":
    run(main)
