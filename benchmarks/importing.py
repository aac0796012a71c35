"""What starting costs: a process that does nothing but import a tool.

Tools are imported as their documentation shows it to those who write a pipeline or log a run. The
limit is Python alone, which every figure includes.
"""

from __future__ import annotations

import sys

from harness import Bench, Command, Side, run

PEERS = {
    "joblib": ("from joblib import Memory", "joblib"),
    "Hamilton": ("from hamilton import driver", "hamilton"),
    "redun": ("from redun import task", "redun"),
    "Prefect": ("from prefect import flow, task", "prefect"),
    "MLflow": ("import mlflow; mlflow.start_run", "mlflow"),
    "DVC": ("import dvc.api", "dvc"),
}
HEAVY = ("numpy", "pandas", "pyarrow", "sqlalchemy", "networkx", "prefect", "typer")


def main(bench: Bench) -> None:
    bench.part("importing", importing, bench)


def importing(bench: Bench) -> None:
    ours = Side("lineal", started("from lineal import pipeline, task"), does="pipeline and task")
    peers = [
        Side(name, started(code), does=f"`{code}`", needs=(module,))
        for name, (code, module) in PEERS.items()
    ]
    limit = Side("limit", started("pass"), does="Python alone")
    bench.compare("imported to declare", [ours, *peers], limit=limit, memory=True)
    workspace = Side("lineal", started("import lineal.workspace"))
    bench.compare("imported to run and ask", [workspace], limit=limit, memory=True)
    loaded = f"import sys, lineal; print(*[n for n in {HEAVY} if n in sys.modules])"
    heavy = started(loaded)().output.strip()
    bench.record("heavy modules that declaring loads", "lineal", heavy or "none")


def started(code: str) -> Command:
    return Command([sys.executable, "-c", code])


if __name__ == "__main__":
    run(main)
