"""What a reference names, with the run and the execution that made it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from lineal.catalog import Catalog, Start
from lineal.digests.digest import Digest
from lineal.errors import UserError
from lineal.records import (
    Artifact,
    DatasetVersion,
    Deployment,
    Execution,
    ModelVersion,
    RunRecord,
)
from lineal.records.step import RUN_SHIFT
from lineal.references import locate, starting_point
from lineal.running import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A thing with a name, and where it came from."""

    reference: str
    """Exact: ``fraud@v3`` where ``fraud@production`` was asked for."""
    kind: str
    """run, model version, dataset version or artifact."""
    artifact: Artifact | None = None
    run: RunRecord | None = None
    execution: Execution | None = None
    """What made the artifact; None for a run, and where it is not recorded."""
    judged: dict[str, float] = field(default_factory=dict)
    """The metrics that a model version was judged by."""


def made(catalog: Catalog, reference: str) -> Made:
    """The run, version or artifact that a reference names.

    Raises:
        ReferenceNotFound: nothing answers to it.
        AmbiguousReference: several things do.
        UserError: it names what is no single thing, such as a package.
    """
    start = starting_point(catalog, reference)
    if start.runs and len(start.runs) == 1:
        record = catalog.run(start.runs[0])
        return Made(reference=f"run {record.number}", kind="run", run=record)
    if start.models or start.deployments or start.datasets:
        return _version(catalog, start)
    if len(start.artifacts) != 1:
        raise UserError(
            f"{reference!r} names no single run, version or artifact; give one, such as a run's"
            " number, RUN:STEP, NAME@v3 or a digest."
        )
    digest = start.artifacts[0]
    pinned = dict(start.pins).get(digest) or _maker(catalog, digest)
    return _artifact(catalog, reference, "artifact", digest, pinned)


def _version(catalog: Catalog, start: Start) -> Made:
    flow = catalog.lineage(start, up=False, down=False, depth=0, limit=10)
    if start.datasets:
        row = next(r for r in flow.datasets if (r.dataset_id, r.version) in start.datasets)
    else:
        row = next(r for r in flow.models if r.id in flow.start.models)
    kind = "dataset version" if start.datasets else "model version"
    name = f"{row.name}@v{row.version}"
    judged = {} if start.datasets else _judged(row.metrics)
    return _artifact(catalog, name, kind, Digest(row.artifact), row.execution_id, judged)


def _artifact(
    catalog: Catalog,
    reference: str,
    kind: str,
    digest: Digest,
    maker: int | None,
    judged: dict[str, float] | None = None,
) -> Made:
    run = catalog.run(maker >> RUN_SHIFT) if maker is not None else None
    execution = next((e for e in run.executions if e.id == maker), None) if run else None
    return Made(
        reference=reference,
        kind=kind,
        artifact=catalog.artifacts([digest]).get(digest),
        run=run if execution is not None else None,
        execution=execution,
        judged=judged or {},
    )


def _maker(catalog: Catalog, digest: Digest) -> int | None:
    """The first execution that made a value."""
    flow = catalog.lineage(Start(artifacts=(digest,)), up=True, down=False, depth=1, limit=1000)
    return min((row[0] for row in flow.generated if row[2] == digest), default=None)


def _judged(text: str | None) -> dict[str, float]:
    found: dict[str, float] = {}
    metrics: list[dict[str, Any]] = json.loads(text or "[]")
    for metric in metrics:
        labels = metric.get("labels") or {}
        told = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
        found[f"{metric['key']}[{told}]" if told else metric["key"]] = float(metric["value"])
    return found


def run_named(catalog: Catalog, reference: str) -> RunRecord:
    """The run that a reference names, and nothing else.

    Raises:
        ReferenceNotFound: there is no such run.
    """
    run = locate(catalog, reference, runs_only=True).run
    assert run is not None
    return run


def reference_of(thing: Any) -> str:
    """The reference to a thing that is given as its record, as a number or as text."""
    if isinstance(thing, Run | RunRecord):
        return f"run:{thing.id}"
    if isinstance(thing, ModelVersion | DatasetVersion | Deployment):
        return thing.reference
    return thing.digest if isinstance(thing, Artifact) else str(thing)
