"""How fast values and files are identified, and whether what identifies them is sound.

The limit is xxhash over the same bytes in one buffer (of a frame: over the columns as Arrow holds
them; of a tree: each file read and hashed, or only asked for its size and time). Each hash is then
asked for the pairs of values of `tests/conformance/test_value_keys.py`. A *wrong hit* is one hash
for two values that the suite holds apart, so that a cache would give the one's result for the
other; a *needless miss* is two hashes for values that the suite holds to be the same, as copies and
other layouts of one array are. What a tool refuses to hash is counted by itself. What the suite
holds apart is lineal's own choice: a tool may mean to take a list and a tuple for the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xxhash

from harness import Bench, Side, installed, run
from lineal.digests.files import file_digest, tree_digest
from lineal.digests.memo import GRANULARITY_NS, StatMemo
from tools.bytes import written, xxhash_of
from tools.hashers import DASK, HASHERS, JOBLIB, LINEAL, PANDAS, Dvc, Hasher
from tools.pairs import NEEDS, answers

SMALL = {"depth": 3, "rate": 0.1, "names": ["a", "b"]}


def main(bench: Bench) -> None:
    rows = bench.pick(tiny=100, quick=200_000, full=1_000_000)
    bench.part("frames", tables, bench, rows)
    bench.part("arrays", arrays, bench, rows)
    bench.part("plain values", plain, bench, rows)
    bench.part("a file", file, bench, bench.pick(tiny=1, quick=64, full=256))
    bench.part("a tree", tree, bench, bench.pick(tiny=20, quick=1_000, full=10_000))
    if installed(*NEEDS):
        bench.part("soundness", soundness, bench)


def tables(bench: Bench, rows: int) -> None:
    for name, table in frames(rows).items():
        values(bench, f"{rows:,} x {table.shape[1]}, {name}", table, [JOBLIB, DASK, PANDAS])


def arrays(bench: Bench, rows: int) -> None:
    array = np.random.default_rng(0).random(rows)
    values(bench, f"an array of {array.nbytes / 1e6:g} MB", array, size=array.nbytes)
    values(bench, "the same in Fortran order", np.asfortranarray(array.reshape(10, -1)))


def plain(bench: Bench, rows: int) -> None:
    values(bench, "an integer", 5)
    values(bench, "a small dict", SMALL)
    values(bench, f"a list of {rows:,} ints", list(range(rows)))


def values(
    bench: Bench,
    name: str,
    value: Any,
    peers: Sequence[Hasher] = (JOBLIB, DASK),
    size: int | None = None,
) -> None:
    """Hash one value with each of the hashers; with a size in bytes, as GB/s."""
    sides = [
        Side(hasher.name, _hashing(hasher, value), does=hasher.does, needs=hasher.needs)
        for hasher in [LINEAL, *peers]
    ]
    limit = None
    if isinstance(value, np.ndarray | pd.DataFrame):
        limit = Side("limit", xxhash_of(value), does="xxhash over the same bytes")
    unit = "byte" if size else "call"
    bench.compare(name, sides, limit=limit, per=size or 1, unit=unit)


def _hashing(hasher: Hasher, value: Any) -> Callable[[], Any]:
    """A call without the import of the tool; missing tools are left out and never called."""
    hashed = hasher.load() if installed(*hasher.needs) else hash
    return lambda: hashed(value)


def frames(rows: int) -> dict[str, pd.DataFrame]:
    """Ten columns of numbers, of text, of categories and of objects."""
    rng = np.random.default_rng(0)
    words = [np.char.add("v", rng.integers(0, 100_000, rows).astype(str)) for _ in range(3)]
    text = {f"s{i}": pd.Series(column, dtype="str") for i, column in enumerate(words)}
    kinds = {f"c{i}": pd.Categorical(np.char.add("k", rng.integers(0, 100, rows).astype(str)))
             for i in range(3)}  # fmt: skip
    objects = {f"o{i}": column.astype(object) for i, column in enumerate(words[:1])}
    return {
        "numbers": pd.DataFrame({f"n{i}": rng.random(rows) for i in range(10)}),
        "text": pd.DataFrame(text),
        "categories": pd.DataFrame(kinds),
        "texts as objects": pd.DataFrame(objects),
    }


def file(bench: Bench, megabytes: int) -> None:
    """One file whose content is in memory already, but not known."""
    path = written(bench.fresh() / "file", megabytes)
    dvc = Dvc(bench.fresh())
    bench.compare(
        f"a file of {megabytes} MB",
        [
            Side("lineal", lambda: file_digest(path), does=LINEAL.does),
            Side(dvc.name, lambda: dvc.file(path), does=dvc.does, needs=dvc.needs),
        ],
        limit=Side("limit", xxhash_of(path), does="xxhash over the same bytes"),
        per=path.stat().st_size,
        unit="byte",
    )
    path.unlink()


def tree(bench: Bench, files: int) -> None:
    """A folder of small files: not known at all, and known and unchanged."""
    folder = bench.fresh()
    rng = np.random.default_rng(0)
    for number in range(files):
        path = folder / str(number % 100) / f"{number}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(rng.bytes(4_000))
    time.sleep(GRANULARITY_NS / 1e9)  # files that are too fresh are not remembered
    memo, known = StatMemo(), Dvc(bench.fresh())
    tree_digest(folder, memo)
    does = "remembers files by device, inode, size, times of change of content and of entry"
    theirs = "remembers files by inode, size and time of change of content, in a SQLite file"
    for name, sides, bare in (
        (
            "not known",
            [
                Side("lineal", lambda: tree_digest(folder, StatMemo()), does=does),
                Side("DVC", lambda: Dvc(bench.fresh()).tree(folder), does=theirs, needs=Dvc.needs),
            ],
            _read,
        ),
        (
            "known",
            [
                Side("lineal", lambda: tree_digest(folder, memo), does=does),
                Side("DVC", lambda: known.tree(folder), does=theirs, needs=Dvc.needs),
            ],
            os.stat,
        ),
    ):
        limit = Side("limit", _walking(folder, bare), does="os.walk, with xxhash or stat per file")
        bench.compare(f"a tree of {files:,} files, {name}", sides, limit=limit)


def _read(path: str) -> str:
    return xxhash.xxh3_128_hexdigest(Path(path).read_bytes())


def _walking(folder: Path, act: Callable[[str], Any]) -> Callable[[], None]:
    def walk() -> None:
        for place, _, names in os.walk(folder):
            for name in names:
                act(os.path.join(place, name))  # noqa: PTH118 - as fast as can be

    return walk


def soundness(bench: Bench) -> None:
    """Count what each hash takes for the same, or for different, and should not."""
    for hasher in HASHERS:
        if not installed(*hasher.needs):
            bench.results.missing[hasher.name] = ", ".join(hasher.needs)
            continue
        hashed = hasher.load()
        same, apart, refused = answers(hashed, "MUST_DIFFER")
        agreed, missed, refused_too = answers(hashed, "MUST_AGREE")
        for row, pairs, among in (
            ("wrong hits", same, same + apart),
            ("needless misses", missed, agreed + missed),
        ):
            bench.record(f"{row}, of those it hashes", hasher.name, f"{len(pairs)} of {len(among)}")
        refusals = len(refused) + len(refused_too)
        bench.record("pairs it refuses to hash", hasher.name, refusals, does=hasher.does)
        bench.record("sound on every pair", hasher.name, not same and not missed and not refusals)


if __name__ == "__main__":
    run(main)
