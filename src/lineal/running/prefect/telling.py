"""What the Prefect run says of ours: a Markdown artifact with all one wants to see first.

And what became of task runs that could not say it themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from httpx import HTTPStatusError
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Crashed

from lineal.catalog.flow import Start
from lineal.lineage.building import build
from lineal.lineage.export import write
from lineal.records import RunRecord
from lineal.running.base import Services
from lineal.running.run import metrics_by_name

MOST_NODES = 150
"""Nodes that a drawing may have and still be looked at."""


def tell_lost(task_runs: Mapping[UUID, bool]) -> None:
    """End task runs whose worker went away, and which Prefect takes to be running.

    Args:
        task_runs: They, with whether the step was through all the same.
    """
    if not task_runs:
        return
    with get_client(sync_client=True) as client:
        for task_run, through in task_runs.items():
            state: State[Any] = Crashed(message="Its worker went away.")
            if through:
                state = Completed(message="Its worker went away when the step was through.")
            with suppress(ObjectNotFound, HTTPStatusError):  # Prefect never heard of it
                client.set_task_run_state(task_run, state, force=True)


def key_of(record: RunRecord) -> str:
    """The key under which the artifacts of a pipeline's runs are one series in Prefect."""
    name = record.pipeline.partition(":")[2] if record.pipeline else record.name
    return "lineal-" + (re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "run")


def markdown_of(services: Services, record: RunRecord) -> str:
    """A run as Markdown: where its record is, parameters, metrics, lineage."""
    lines = [
        f"# {_cell(record.name)} #{record.number}: {record.status.value}",
        "",
        f"[Run {record.id}]({services.root.as_uri()}) of the store `{services.root}`.",
        "",
        f"All of it: `lineal --store {services.root} show {record.id}`",
    ]
    lines += _table("Parameters", ("parameter", "value"), record.params)
    metrics = {name: f"{value:.6g}" for name, value in metrics_by_name(record).items()}
    lines += _table("Metrics", ("metric", "value"), metrics)
    if record.error:
        lines += ["", "## Error", "", "```text", record.error.rstrip().replace("```", "'''"), "```"]
    graph = build(
        services.catalog.lineage(
            Start(runs=(record.number,)), up=True, down=False, depth=None, limit=MOST_NODES
        )
    )
    lines += ["", "## Lineage", ""]
    if len(graph.nodes) > MOST_NODES:
        lines += [f"It is too large to draw here: `lineal lineage {record.id}`"]
    else:
        lines += ["```mermaid", write(graph, "mermaid").rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _table(title: str, heads: tuple[str, str], rows: Mapping[str, str]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"## {title}", "", f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    return lines + [f"| {_cell(k)} | {_cell(v)} |" for k, v in rows.items()]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
