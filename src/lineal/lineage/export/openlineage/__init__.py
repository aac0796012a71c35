"""OpenLineage run events, for Marquez, DataHub and whatever else takes them.

A run of a pipeline is a job's run, and so is every execution of a step in it, which names
the run as its parent. Each is told by a START event with its inputs, then COMPLETE, FAIL or
ABORT with inputs and outputs. Datasets are artifacts by digest; where a dataset version
stands for one, the dataset by its name, with the version as a facet.

What has no time is left out: an event must have one, and an invented one would be a lie.
The parts: `telling` (from what is known to events, whatever it is known from), `graphs`
(what a lineage graph knows) and `runs` (what is recorded of a whole run).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde

from lineal.lineage.export.plain import json_text, plain
from lineal.lineage.graph import LineageGraph

from .graphs import jobs_of_graph
from .runs import jobs_of_run
from .telling import tell

__all__ = ["as_plain", "events", "jobs_of_run", "tell", "write"]


def write(graph: LineageGraph) -> str:
    """A JSON array of run events, by time."""
    return json_text(events(graph), indent=2) + "\n"


def events(graph: LineageGraph) -> list[dict[str, Any]]:
    """The events of every execution in a graph, in the order they happened."""
    return as_plain(tell(jobs_of_graph(graph)))


def as_plain(told: Iterable[RunEvent]) -> list[dict[str, Any]]:
    """Events as JSON knows them."""
    return [plain(Serde.to_dict(event)) for event in told]
