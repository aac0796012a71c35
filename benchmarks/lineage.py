"""What a question about lineage costs in a large catalog.

    python benchmarks/lineage.py [ARTIFACTS] [--keep FOLDER]

Makes a catalog of that many artifacts (1,000,000 by default) and about twice as many
edges: runs of 500 steps each, that go on from one another with diamonds on the way, a
tenth of them given the one dataset that everybody uses. Then it measures, in this process,
the lineage of a deployed model with 1,000 ancestors (500 artifacts and 500 executions), and
the first page of what the dataset went into, beside a bare recursive query and networkx.
Needs 2 GB of disk, and 2 GB of memory for networkx.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lineal.digests.digest import Digest
from lineal.workspace import Workspace

STEPS = 500
"""Steps of a run."""
BARE = """
WITH RECURSIVE walk(artifact) AS (
  SELECT ? UNION
  SELECT u.artifact FROM walk JOIN generated g ON g.artifact = walk.artifact
  JOIN used u ON u.execution_id = g.execution_id)
SELECT count(*) FROM walk
"""
PROFILE = json.dumps(
    {
        "rows": 1000,
        "columns": [
            {"name": f"c{i}", "type": "double", "digest": f"xxh3:{i:032x}", "nulls": 0}
            for i in range(8)
        ],
    }
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("artifacts", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--keep", type=Path, help="make the catalog here, or use the one there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = asked.keep or Path(folder)
        made = (root / "catalog.db").exists()
        with Workspace.open(root) as workspace:
            if not made:
                fill(root / "catalog.db", max(asked.artifacts // STEPS, 2))
            measure(workspace, root / "catalog.db")


def artifact(run: int, step: int) -> Digest:
    return Digest(f"xxh3:{(run * 2654435761 + step * 40503) % 2**64:016x}{run:08x}{step:08x}")


DATASET = artifact(0, 0)


def fill(path: Path, runs: int) -> None:
    """Write the rows straight into the tables."""
    begin = time.perf_counter()
    database = sqlite3.connect(path)
    for pragma in ("synchronous = OFF", "cache_size = -400000", "foreign_keys = OFF"):
        database.execute(f"PRAGMA {pragma}")

    def put(table: str, width: int, rows: Iterator[tuple[Any, ...]]) -> None:
        marks = ",".join("?" * width)
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    database.execute("INSERT INTO experiments VALUES (1, 'default', 0)")
    every = range(1, runs + 1)
    put("runs", 18, (
        (r, f"{r:032x}", "train", 1, "m:p", "finished", r, r, r, "ann", "host", 1, "", "0", "",
         None, None, None) for r in every))  # fmt: skip
    put("artifacts", 10, (
        (d, kind, "pandas.DataFrame", PROFILE, 0, "parquet/1", 10, None, None, False)
        for d, kind in names(runs)))  # fmt: skip
    put("executions", 24, (
        (r << 24 | s, r, s, f"step-{s}", "m:t", "executed", f"xxh3:key{r:020x}{s:08x}", "first",
         "", None, None, None, None, None, 0, 1, 0.1, 0.1, 1, 1, None, False, "", None)
        for r in every for s in range(1, STEPS + 1)))  # fmt: skip
    put(
        "generated",
        4,
        ((r << 24 | s, 0, "result", artifact(r, s)) for r in every for s in range(1, STEPS + 1)),
    )
    put("used", 9, (row for r in every for s in range(1, STEPS + 1) for row in inputs(r, s)))
    database.execute("INSERT INTO models VALUES (1, 'fraud', '', '[]', 0)")
    last = artifact(runs, STEPS)
    database.execute(
        "INSERT INTO model_versions VALUES (1, 1, 1, ?, ?, 'result', ?, 'active', '', NULL, '[]',"
        " 0, 'ann')",
        (last, runs << 24 | STEPS, runs),
    )
    database.execute(
        "INSERT INTO deployments VALUES (1, 'production', 1, 'deploy', 0, 'ann', '', NULL, 0, '[]')"
    )
    database.commit()
    database.close()
    print(f"made in {time.perf_counter() - begin:.0f} s")


def names(runs: int) -> Iterator[tuple[Digest, str]]:
    yield DATASET, "file"
    for r in range(1, runs + 1):
        for s in range(1, STEPS + 1):
            yield artifact(r, s), "frame"


def inputs(run: int, step: int) -> Iterator[tuple[Any, ...]]:
    """The step before; every tenth time one further back, and the dataset."""
    given = [(f"in{n}", artifact(run, s), None, s) for n, s in enumerate(
        [step - 1, *([step - 4] if step % 10 == 5 else [])]) if s > 0]  # fmt: skip
    if step % 10 == 1:
        given.append(("csv", DATASET, "transactions.csv", 0))
    given.append(("rate", Digest(f"xxh3:setting{step % 7:025x}"), str(step % 7), 0))
    for place, (name, digest, value, source) in enumerate(given):
        had = (f"step-{source}", "result", False, run << 24 | source)
        told = had if source else (None, None, False, None)
        yield (run << 24 | step, place, name, digest, value, *told)


def measure(workspace: Workspace, path: Path) -> None:
    graph = workspace.lineage("fraud@production")
    print(f"lineage of fraud@production: {graph}")
    show("lineage, the whole graph with facts", lambda: workspace.lineage("fraud@production"))
    database = sqlite3.connect(path)
    counts = {
        table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("artifacts", "used", "generated")
    }
    print(f"catalog: {counts}, {path.stat().st_size / 1e6:.0f} MB")
    root = next(iter(graph.models())).facts["digest"]
    show("a bare recursive query (no facts)", lambda: database.execute(BARE, (root,)).fetchall())
    first: list[int] = []

    def first_page() -> None:
        first.append(len(next(iter(workspace.impact(DATASET)))))

    show("first page of impact", first_page)
    print(f"  it holds {first[0]} nodes")
    against_networkx(database, root)


def against_networkx(database: sqlite3.Connection, root: str) -> None:
    """Load the whole graph, as has to be done without a query, and ask the same."""
    import networkx as nx

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_edges_from(database.execute("SELECT execution_id, artifact FROM used"))
    graph.add_edges_from(database.execute("SELECT artifact, execution_id FROM generated"))
    loaded = time.perf_counter() - begin
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    show("networkx, once loaded (no facts)", lambda: nx.descendants(graph, root))
    print(f"networkx, loading: {loaded:.1f} s, {memory:.0f} MB")


def show(what: str, work: Callable[[], Any], times: int = 21) -> None:
    """The median and the extremes of some times; the first, cold, is left out."""
    work()
    taken, used = [], []
    for _ in range(times):
        begin, busy = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - begin) * 1000)
        used.append((time.process_time() - busy) * 1000)
    print(
        f"{what}: median {statistics.median(taken):.2f} ms"
        f" (from {min(taken):.2f} to {max(taken):.2f}; {statistics.median(used):.2f} of"
        " the processor)"
    )


if __name__ == "__main__":
    main()
