"""Versions of a table and checkpoints of a model: bytes on disk, written and read.

A table of 80 MB is kept in 20 versions, each an edit of the one before: rows *appended*, a
*cluster* of rows changed, single cells *scattered* over two columns, a *new column*. A model is
kept in 50 checkpoints, of which nine tenths are frozen layers. Each tool keeps every version:
lineal the value it is given, MLflow and DVC a file, for which Parquet and NPZ are written; making
and parsing that file counts. GB/s are of the values in memory. The limits are the first version and
the values that really changed since, and a plain copy of the values, synced. Needs 4 GB of memory
and 8 GB of disk.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from filled import mlflow_in
from harness import Bench, Side, installed, run
from lineal import log_artifact
from lineal.workspace import Workspace

Arrays = dict[str, np.ndarray[Any, Any]]
OURS = "synced; hashed, read again for proof, compressed, in chunks that versions share"
MLFLOW = "a copy of the file and a row in SQLite; not synced, no hash"
DVC = "MD5 and a copy of the file, linked where the disk can (the default); not synced"


def main(bench: Bench) -> None:
    rows = bench.pick(tiny=1_000, quick=100_000, full=1_000_000)
    versions = bench.pick(tiny=2, quick=3, full=20)
    for name in bench.pick(tiny=list(EDITS)[:1], quick=list(EDITS), full=list(EDITS)):
        what = f"a table, {name}"
        bench.part(what, kept, bench, what, partial(tables, rows, versions, EDITS[name]), Parquet)
    size = bench.pick(tiny=1_000, quick=400_000, full=500_000)
    made = partial(checkpoints, size, bench.pick(tiny=2, quick=6, full=50))
    bench.part("a model", kept, bench, "a model", made, Npz)


@dataclass(frozen=True)
class Versions:
    """What is kept, one after the other."""

    values: list[Any]
    changed: int
    """Bytes of the first, and of the values in others that are not in the one before."""


class Form(Protocol):
    """How the tools for files are given a value."""

    suffix: str

    @staticmethod
    def write(value: Any, path: Path) -> None: ...
    @staticmethod
    def read(path: Path) -> Any: ...


class Parquet:
    """Tables, as pandas writes them."""

    suffix = ".parquet"

    @staticmethod
    def write(value: pd.DataFrame, path: Path) -> None:
        value.to_parquet(path)

    @staticmethod
    def read(path: Path) -> pd.DataFrame:
        return pd.read_parquet(path)


class Npz:
    """Arrays, as NumPy writes several."""

    suffix = ".npz"

    @staticmethod
    def write(value: Arrays, path: Path) -> None:
        np.savez(path, allow_pickle=False, **value)

    @staticmethod
    def read(path: Path) -> Arrays:
        with np.load(path) as file:
            return dict(file)


def kept(bench: Bench, what: str, made: Callable[[], Versions], form: type[Form]) -> None:
    """Write all versions with every tool, in turns, and read the last one."""
    versions = made()
    folder = bench.fresh()
    tools: list[Any] = [Lineal(folder / "lineal")]
    if installed("mlflow"):
        tools.append(Mlflow(folder / "mlflow", form))
    if installed("dvc"):
        tools.append(Dvc(folder / "dvc", form))
    tools.append(Copy(folder / "copy"))
    keepers = [Keeper(tool, versions.values) for tool in tools]
    writing = [Side(k.tool.name, k.keep, k.advance, does=k.tool.does) for k in keepers]
    count, size = len(versions.values), bytes_of(versions.values[0])
    bench.compare(
        f"{what}: a version written", writing[:-1], rounds=count - 1, per=size, unit="byte",
        limit=writing[-1],
    )  # fmt: skip
    for keeper in keepers:
        keeper.finish()
    for keeper in keepers[:-1]:
        bench.record(f"{what}: {count} versions on disk", keeper.tool.name, keeper.size(), "byte")
    bench.record(f"{what}: {count} versions on disk", "what changed", versions.changed, "byte")
    reading = [Side(k.tool.name, k.tool.read, does=k.tool.reads) for k in keepers]
    bench.compare(
        f"{what}: a version read", reading[:-1], rounds=bench.pick(tiny=1, quick=2, full=5),
        per=size, unit="byte", limit=reading[-1],
    )  # fmt: skip
    for keeper in keepers:
        same(keeper.tool.name, keeper.tool.read(), versions.values[-1])
    keepers[0].tool.workspace.close()
    shutil.rmtree(folder)


class Keeper:
    """A tool on its way through the versions."""

    def __init__(self, tool: Any, values: list[Any]) -> None:
        self.tool, self.values, self.at = tool, values, -1

    def advance(self) -> None:
        self.at += 1

    def keep(self) -> None:
        self.tool.keep(self.values[self.at])

    def finish(self) -> None:
        """Keep what its share of time did not suffice for."""
        while self.at < len(self.values) - 1:
            self.advance()
            self.keep()

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.tool.kept.rglob("*") if path.is_file())


class Lineal:
    """The value, as an artifact of a run."""

    name, does, reads = "lineal", OURS, "verified against its address"

    def __init__(self, folder: Path) -> None:
        self.workspace, self.kept = Workspace.open(folder), folder / "blobs"

    def keep(self, value: Any) -> None:
        with self.workspace.start_run("bench") as active:
            log_artifact(value, "value")
        (self.made,) = active.record.executions[0].outputs

    def read(self) -> Any:
        return self.workspace.get(self.made.digest)


class Mlflow:
    """A file, as an artifact of a run."""

    name, does, reads = "MLflow", MLFLOW, "not verified"

    def __init__(self, folder: Path, form: type[Form]) -> None:
        folder.mkdir()
        self.mlflow, self.form, self.kept = mlflow_in(folder), form, folder / "artifacts"
        self.path = folder / f"value{form.suffix}"
        self.run_id = ""

    def keep(self, value: Any) -> None:
        self.form.write(value, self.path)
        with self.mlflow.start_run() as started:
            self.mlflow.log_artifact(str(self.path))
        self.run_id = started.info.run_id

    def read(self) -> Any:
        load = self.mlflow.artifacts.download_artifacts
        return self.form.read(Path(load(run_id=self.run_id, artifact_path=self.path.name)))


class Dvc:
    """A file, added to the cache."""

    name, does, reads = "DVC", DVC, "copied out of the cache, not verified"

    def __init__(self, folder: Path, form: type[Form]) -> None:
        os.environ["DVC_NO_ANALYTICS"] = "1"
        from dvc.repo import Repo

        folder.mkdir()
        self.repo = Repo.init(str(folder), no_scm=True)
        self.form, self.kept = form, folder / ".dvc" / "cache"
        self.path = folder / f"value{form.suffix}"

    def keep(self, value: Any) -> None:
        self.path.unlink(missing_ok=True)
        self.form.write(value, self.path)
        self.repo.add(str(self.path))

    def read(self) -> Any:
        self.path.unlink(missing_ok=True)
        self.repo.checkout(str(self.path) + ".dvc")
        return self.form.read(self.path)


class Copy:
    """The values as they are, in one file."""

    name, does, reads = "a plain copy", "synced", "not verified"

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, value: Any) -> None:
        self.value = value
        with self.path.open("wb") as file:
            for array in arrays(value).values():
                file.write(np.ascontiguousarray(array).data)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> Any:
        raw, start, found = np.fromfile(self.path, np.uint8), 0, {}
        for name, array in arrays(self.value).items():
            found[name] = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
            start += array.nbytes
        return pd.DataFrame(found) if isinstance(self.value, pd.DataFrame) else found


def arrays(value: Any) -> Arrays:
    if isinstance(value, pd.DataFrame):
        return {str(name): value[name].to_numpy() for name in value}
    return dict(value)


def bytes_of(value: Any) -> int:
    return sum(array.nbytes for array in arrays(value).values())


def same(tool: str, found: Any, wanted: Any) -> None:
    """Fail unless all values are there again."""
    found, wanted = arrays(found), arrays(wanted)
    wrong = [name for name in wanted if not np.array_equal(found.get(name), wanted[name])]
    if wrong:
        raise ValueError(f"{tool} gave other values back for {', '.join(wrong)}.")


def tables(
    rows: int, count: int, edit: Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]
) -> Versions:
    """A table of ten columns of eight bytes, and its edits."""
    random = np.random.default_rng(0)
    values = [table(random, rows)]
    changed = bytes_of(values[0])
    for _ in range(1, count):
        before, after = values[-1], edit(values[-1], random)
        changed += difference(before, after)
        values.append(after)
    return Versions(values, changed)


def table(random: np.random.Generator, rows: int) -> pd.DataFrame:
    """Times in order, customers, prices, flags and measurements."""
    return pd.DataFrame(
        {
            "time": np.cumsum(random.integers(1, 1000, rows)),
            "customer": random.integers(0, 50_000, rows),
            "shop": random.integers(0, 200, rows),
            "pieces": random.poisson(2.0, rows),
            "price": random.gamma(2.0, 20.0, rows).round(2),
            "discount": random.choice([0.0, 0.05, 0.1, 0.25], rows),
            **{f"measured{i}": random.normal(size=rows) for i in range(4)},
        }
    )


def difference(before: pd.DataFrame, after: pd.DataFrame) -> int:
    """Bytes of the cells of a table that are not, at their place, in another."""
    total = 0
    for name in after:
        own = after[name].to_numpy()
        if name in before:
            known = before[name].to_numpy()
            total += 8 * (len(own) - len(known) + int((own[: len(known)] != known).sum()))
        else:
            total += own.nbytes
    return total


def appended(value: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    more = table(random, len(value) // 100)
    more["time"] += value["time"].iloc[-1]
    return pd.concat([value, more], ignore_index=True)


def clustered(value: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    value, length = value.copy(), len(value) // 100
    start = int(random.integers(0, len(value) - length))
    fresh = table(random, length)
    for name in value.columns[1:]:
        value.loc[start : start + length - 1, name] = fresh[name].to_numpy()
    return value


def scattered(value: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    value = value.copy()
    for name in ("price", "measured0"):
        cells = random.choice(len(value), len(value) // 1000, replace=False)
        value.loc[cells, name] = random.gamma(2.0, 20.0, len(cells)).round(2)
    return value


def widened(value: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return value.assign(**{f"feature{len(value.columns)}": random.normal(size=len(value))})


EDITS = {
    "rows appended": appended,
    "a cluster changed": clustered,
    "cells scattered": scattered,
    "a new column": widened,
}


def checkpoints(size: int, count: int) -> Versions:
    """Ten layers of float32, of which one is trained on."""
    random = np.random.default_rng(0)

    def layer() -> Any:
        return random.normal(size=size).astype(np.float32)

    first = {f"layer{i}.weight": layer() for i in range(10)}
    values = [first | {"layer9.weight": layer()} for _ in range(count)]
    return Versions(values, bytes_of(first) + (count - 1) * first["layer9.weight"].nbytes)


if __name__ == "__main__":
    run(main)
