"""Importing lineal to declare tasks loads nothing that only a run needs."""

from __future__ import annotations

import subprocess
import sys

ONLY_FOR_RUNS = [
    "alembic", "lineal.records", "lineal.workspace", "networkx", "numpy", "pandas", "prefect",
    "psutil", "pyarrow", "sqlalchemy", "typer",
]  # fmt: skip

DECLARING = """
import sys, lineal
@lineal.task
def one(x: int) -> int: return x
@lineal.pipeline
def study(x: int = 1): return one(x)
assert one(2) == 2
print(*sys.modules)
"""


def test_declaring_tasks_loads_only_what_declaring_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", DECLARING], check=True, capture_output=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "lineal.pipeline.task" in loaded
    assert loaded.isdisjoint(ONLY_FOR_RUNS)
