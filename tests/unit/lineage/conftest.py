"""Runs, versions and deployments in a store of the test's own, and their lineage."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from sqlalchemy import insert

from lineal.catalog import Batch, tables
from lineal.digests.digest import Digest, combine
from lineal.lineage import LineageGraph
from lineal.records import (
    Artifact,
    Cause,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Reason,
    RunRecord,
    RunStatus,
    Source,
    Stored,
    execution_id,
)
from lineal.workspace import Workspace


def digest(name: object) -> Digest:
    return combine("test", [str(name)])


class Story:
    """Tells what happened: ``story.step(run, "fit", takes={"x": ("load", "data")}, gives="m")``."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.catalog = workspace.services.catalog
        self.counter = count(1)
        self.positions: dict[int, Iterator[int]] = {}

    def run(self, **fields: Any) -> int:
        place = next(self.counter)
        values: dict[str, Any] = {
            "id": f"{place:08x}" + digest(place).hex[:24],
            "number": 0,
            "name": f"run-{place}",
            "experiment": "default",
            "pipeline": "m:p",
            "status": RunStatus.FINISHED,
            "started_at": datetime(2026, 1, 31, tzinfo=UTC),
            "user": "ann",
        }
        number = self.catalog.begin_run(RunRecord(**(values | fields)))
        self.positions[number] = count(1)
        return number

    def step(
        self,
        run: int,
        name: str,
        *,
        takes: Sequence[tuple[str | None, str]] = (),
        gives: Sequence[str] = (),
        reads: str | None = None,
        content: str | None = None,
        settings: dict[str, str] | None = None,
        reuses: int | None = None,
        small: bool = False,
        kind: str | None = None,
        status: ExecutionStatus = ExecutionStatus.EXECUTED,
    ) -> int:
        """Write a step: what it takes (from which step, if from one), and what it gives.

        What it gives is a frame, or a small value, or of the kind that is said.
        """
        inputs = [
            Input(
                name=f"in{place}",
                digest=digest(what),
                source=None if step is None else Source(step=step, output="result"),
            )
            for place, (step, what) in enumerate(takes)
        ]
        kept = Stored(codec="plain/1", size=1, inline=b"2") if small else None
        kind = kind or ("value" if small else "frame")
        artifacts = [Artifact(digest=digest(g), kind=kind, type="t", stored=kept) for g in gives]
        if reads is not None:
            inputs.append(Input(name="csv", digest=digest(content), value=reads))
            artifacts.append(
                Artifact(digest=digest(content), kind="file", type="pathlib.PosixPath")
            )
        for key, value in (settings or {}).items():
            inputs.append(Input(name=key, digest=digest(f"setting {value}"), value=value))
        position = next(self.positions[run])
        execution = Execution(
            id=execution_id(run, position),
            run_id=self.catalog.run(run).id,
            position=position,
            step=name,
            task=f"m:{name}",
            status=ExecutionStatus.REUSED if reuses is not None else status,
            key=None,
            reason=Reason(cause=Cause.FIRST, text=""),
            inputs=tuple(inputs),
            outputs=tuple(Output(name="result", digest=digest(g)) for g in gives),
            reused_from=reuses,
        )
        self.catalog.commit(Batch(artifacts=tuple(artifacts), executions=(execution,)))
        return execution.id

    def write(self, table: Any, **values: Any) -> None:
        with self.catalog._database.write() as connection:
            connection.execute(insert(table), values)

    def model(
        self, id_: int, version: int, artifact: str, execution: int, name: str = "fraud"
    ) -> None:
        if version == 1:
            self.write(tables.models, id=id_, name=name, description="", gates="[]", created_at=0)
            self.models = id_
        self.write(
            tables.model_versions, id=id_, model_id=self.models, version=version,
            artifact=digest(artifact), execution_id=execution, output="result",
            run_number=execution >> 24, status="active", description="", signature=None,
            metrics="[]", created_at=0, created_by="ann",
        )  # fmt: skip

    def deploy(self, id_: int, model_version: int, target: str = "production") -> None:
        self.write(
            tables.deployments, id=id_, target=target, model_version_id=model_version,
            action="deploy", at=0, by="bob", reason="because",
            replaces=id_ - 1 if id_ > 1 else None, overridden=False, gates="[]",
        )  # fmt: skip

    def dataset(
        self, artifact: str, version: int, execution: int, name: str = "transactions"
    ) -> None:
        if version == 1:
            self.write(tables.datasets, id=1, name=name, description="", created_at=0)
        self.write(
            tables.dataset_versions, dataset_id=1, version=version, artifact=digest(artifact),
            execution_id=execution, created_at=0,
        )  # fmt: skip


def edges(graph: LineageGraph, relation: str) -> set[tuple[str, str]]:
    """The edges of a relation, by the labels of their ends up to a colon."""
    label: Callable[[str], str] = lambda id_: graph.nodes[id_].label.partition(":")[0]  # noqa: E731
    return {(label(e.source), label(e.target)) for e in graph.edges if e.relation == relation}


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    with Workspace.open() as opened:
        yield opened


@pytest.fixture
def story(workspace: Workspace) -> Story:
    return Story(workspace)
