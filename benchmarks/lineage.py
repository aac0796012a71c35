"""A question about lineage in a large catalog: ancestors, impact, what two runs differ in.

The catalog holds a million artifacts and two million edges: runs of 500 steps each, with diamonds
on the way, a tenth of the steps given the one dataset that everybody uses. networkx answers from a
graph in memory, which has to be loaded first, and knows no facts of its nodes. redun answers for a
single run of as long a chain, as it recorded it itself. MLflow has no such question: it knows the
datasets of a run, not what flowed. The limit is a bare recursive query without facts. Needs 2 GB
of disk and 3 GB of memory.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harness import Bench, Side, installed, run
from lineal.digests.digest import Digest
from lineal.workspace import Workspace

UP = """
WITH RECURSIVE walk(artifact, depth) AS (
  SELECT ?, 0 UNION
  SELECT u.artifact, walk.depth + 1 FROM walk JOIN generated g ON g.artifact = walk.artifact
  JOIN used u ON u.execution_id = g.execution_id WHERE walk.depth < ?)
SELECT DISTINCT artifact FROM walk
"""
ALL_UP = """
WITH RECURSIVE walk(artifact) AS (
  SELECT ? UNION
  SELECT u.artifact FROM walk JOIN generated g ON g.artifact = walk.artifact
  JOIN used u ON u.execution_id = g.execution_id)
SELECT artifact FROM walk
"""
ALL_DOWN = """
WITH RECURSIVE walk(artifact) AS (
  SELECT ? UNION
  SELECT g.artifact FROM walk JOIN used u ON u.artifact = walk.artifact
  JOIN generated g ON g.execution_id = u.execution_id)
SELECT artifact FROM walk LIMIT ?
"""
MET = "(SELECT value FROM json_each(?))"
FACTS = (
    f"SELECT * FROM artifacts WHERE digest IN {MET}",
    f"SELECT e.* FROM generated JOIN executions e ON e.id = execution_id WHERE artifact IN {MET}",
    f"SELECT u.* FROM generated g JOIN used u USING (execution_id) WHERE g.artifact IN {MET}",
)
PAGE = 200
SHALLOW = 3
"""Executions to pass."""
PROFILE = json.dumps(
    {
        "rows": 1000,
        "columns": [
            {"name": f"c{i}", "type": "double", "digest": f"xxh3:{i:032x}", "nulls": 0}
            for i in range(8)
        ],
    }
)
OURS = "durable catalog; every node with its facts"
IN_MEMORY = "a graph in memory, nodes without facts"
ROWS = "the stored rows of what was met, no graph"
BARE = "digests alone"
REDUN = "its own record of one run; a query for each node"
Walk = tuple[Any, ...]
"""A statement and its parameters."""


def main(bench: Bench) -> None:
    bench.part("questions", questions, bench)


def questions(bench: Bench) -> None:
    length = bench.pick(tiny=20, quick=50, full=500)
    artifacts = bench.pick(tiny=400, quick=20_000, full=1_000_000)
    root = bench.fresh()
    path = root / "catalog.db"
    with Workspace.open(root):
        pass
    fill(path, artifacts // length, length)
    database = sqlite3.connect(path)
    for table in ("artifacts", "used", "generated"):
        (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
        bench.record(f"rows of the table {table}", "lineal", count)
    loaded = Loaded(path)
    bench.compare(
        "before the first question",
        [
            Side("lineal", lambda: Workspace.open(root).close(), does="opens the catalog"),
            Side("networkx", loaded.load, does="loads the whole graph"),
        ],
        rounds=bench.pick(tiny=1, quick=2, full=3),
        memory=True,
    )
    with Workspace.open(root) as workspace:
        ask(bench, workspace, Bare(database), loaded, artifacts // length, length)


class Loaded:
    """The graph in memory, from effects to causes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> None:
        import networkx as nx

        database = sqlite3.connect(self.path)
        graph = nx.DiGraph()
        graph.add_edges_from(database.execute("SELECT execution_id, artifact FROM used"))
        graph.add_edges_from(database.execute("SELECT artifact, execution_id FROM generated"))
        database.close()
        self.graph = graph

    def above(self, root: str, depth: int | None = None) -> set[Any]:
        import networkx as nx

        if depth is None:
            return nx.descendants(self.graph, root)
        return set(nx.single_source_shortest_path_length(self.graph, root, 2 * depth))

    def below(self, root: str) -> set[Any]:
        import networkx as nx

        return nx.ancestors(self.graph, root)

    def first_below(self, root: str, count: int) -> list[Any]:
        from itertools import islice

        import networkx as nx

        return list(islice(nx.bfs_edges(self.graph, root, reverse=True), count))


class Bare:
    """What SQLite alone takes to find the digests."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database

    def __call__(self, statement: str, *parameters: Any) -> list[Any]:
        return self.database.execute(statement, parameters).fetchall()

    def facts(self, statement: str, *parameters: Any) -> list[list[Any]]:
        """The rows that say what the walk has met, as they are stored."""
        met = json.dumps([digest for (digest,) in self(statement, *parameters)])
        return [self(rows, met) for rows in FACTS]


def ask(
    bench: Bench, workspace: Workspace, bare: Bare, loaded: Loaded, runs: int, length: int
) -> None:
    last, first, before = (artifact(*at) for at in ((runs, length), (runs, 1), (runs - 1, length)))

    def row(
        name: str, ours: Callable[[], Any], graph: Callable[[], Any], walks: Sequence[Walk],
        *others: Side,
    ) -> None:  # fmt: skip
        def each(way: Callable[..., Any]) -> Callable[[], Any]:
            return lambda: [way(*walk) for walk in walks]

        sides = [
            Side("lineal", ours, does=OURS),
            Side("networkx", graph, does=IN_MEMORY),
            Side("SQL and facts", each(bare.facts), does=ROWS),
        ]
        bench.compare(name, [*sides, *others], limit=Side("bare SQL", each(bare), does=BARE))

    row(
        f"ancestors, deep: {length} executions one after another",
        lambda: workspace.lineage("fraud@production"),
        lambda: loaded.above(last),
        [(ALL_UP, last)],
        *redun_of(bench, length),
    )
    row(
        f"ancestors, shallow: {SHALLOW} executions far",
        lambda: workspace.lineage("fraud@production", depth=SHALLOW),
        lambda: loaded.above(last, SHALLOW),
        [(UP, last, SHALLOW)],
    )
    row(
        f"impact, deep: {length - 1} executions one after another",
        lambda: list(workspace.impact(first)),
        lambda: loaded.below(first),
        [(ALL_DOWN, first, -1)],
    )
    row(
        f"impact, wide: the first {PAGE} of what everybody's dataset went into",
        lambda: next(iter(workspace.impact(DATASET, page=PAGE))),
        lambda: loaded.first_below(DATASET, PAGE),
        [(ALL_DOWN, DATASET, PAGE)],
    )
    row(
        f"difference of two runs of {length} steps",
        lambda: workspace.diff(str(runs - 1), str(runs)),
        lambda: loaded.above(last) ^ loaded.above(before),
        [(ALL_UP, last), (ALL_UP, before)],
    )


def redun_of(bench: Bench, length: int) -> list[Side]:
    """The dataflow of a value, as redun's own command shows it."""
    if not installed("redun"):
        return [Side("redun", list, needs=("redun",))]
    from redun import Scheduler, task
    from redun.backends.db import Value
    from redun.backends.db.dataflow import walk_dataflow
    from redun.config import Config
    from redun.value import get_type_registry

    @task(namespace="bench")
    def step(x: int) -> int:
        return x + 1

    @task(namespace="bench")
    def chain(steps: int) -> int:
        x = 0
        for _ in range(steps):
            x = step(x)
        return x

    url = f"sqlite:///{bench.fresh() / 'redun.db'}"
    scheduler = Scheduler(config=Config({"backend": {"db_uri": url}}))
    scheduler.logger.setLevel("WARNING")
    scheduler.load()
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 50 * length))  # it pickles the whole chain
    made = get_type_registry().get_hash(scheduler.run(chain(length)))
    backend = scheduler.backend

    def dataflow() -> list[Any]:
        value = backend.session.query(Value).filter_by(value_hash=made).one()
        return list(walk_dataflow(backend, value))

    return [Side("redun", dataflow, backend.session.expire_all, does=REDUN, needs=("redun",))]


def artifact(run: int, step: int) -> Digest:
    return Digest(f"xxh3:{(run * 2654435761 + step * 40503) % 2**64:016x}{run:08x}{step:08x}")


DATASET = artifact(0, 0)


def fill(path: Path, runs: int, length: int) -> None:
    """Write the rows straight into the tables."""
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
        for d, kind in names(runs, length)))  # fmt: skip
    put("executions", 24, (
        (r << 24 | s, r, s, f"step-{s}", "m:t", "executed", f"xxh3:key{r:020x}{s:08x}", "first",
         "", None, None, None, None, None, 0, 1, 0.1, 0.1, 1, 1, None, False, "", None)
        for r in every for s in range(1, length + 1)))  # fmt: skip
    put(
        "generated",
        4,
        ((r << 24 | s, 0, "result", artifact(r, s)) for r in every for s in range(1, length + 1)),
    )
    put("used", 9, (row for r in every for s in range(1, length + 1) for row in inputs(r, s)))
    database.execute("INSERT INTO models VALUES (1, 'fraud', '', '[]', 0)")
    last = artifact(runs, length)
    database.execute(
        "INSERT INTO model_versions VALUES (1, 1, 1, ?, ?, 'result', ?, 'active', '', NULL, '[]',"
        " 0, 'ann')",
        (last, runs << 24 | length, runs),
    )
    database.execute(
        "INSERT INTO deployments VALUES (1, 'production', 1, 'deploy', 0, 'ann', '', NULL, 0, '[]')"
    )
    database.commit()
    database.close()


def names(runs: int, length: int) -> Iterator[tuple[Digest, str]]:
    yield DATASET, "file"
    for r in range(1, runs + 1):
        for s in range(1, length + 1):
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


if __name__ == "__main__":
    run(main)
