"""Thawing a frozen run: take its bytes and records into a store, under new numbers."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lineal.catalog import Batch
from lineal.digests.digest import Digest
from lineal.errors import FrozenRunRefused, ReferenceNotFound
from lineal.records import (
    Artifact,
    CodeIdentity,
    Environment,
    Execution,
    RunRecord,
    RunStatus,
    execution_id,
)
from lineal.records.step import RUN_SHIFT
from lineal.running import Services

from .freezing import PARTIAL
from .frozen import BLOBS, METRICS, RECORDS, read_frozen
from .texts import NotARecord, from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Thawed:
    """What thawing did."""

    run: str
    """Id of the run, as it was."""
    number: int
    """Its number here."""
    new: bool
    """False when it was here already."""
    blobs: int
    """Blobs that the file held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What ``records.json`` holds; the run that was frozen is the last."""

    runs: tuple[RunRecord, ...]
    environments: tuple[Environment, ...]
    codes: tuple[CodeIdentity, ...]
    artifacts: tuple[Artifact, ...]


def thaw(services: Services, source: Path) -> Thawed:
    """Take in a frozen run; one whose id is here already is left as it is.

    Everything is checked before anything is written, bytes are durable before a record
    names them, and thawing again after a crash completes what it left.

    Raises:
        UserError: there is no such file.
        FrozenRunRefused: it was tampered with, or is not a frozen run.
        StoreUnwritable: the store can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="lineal-thaw-") as name:
        members = read_frozen(source, Path(name))
        records = _records(source, members)
        points = _points(source, members)
        _check(source, records, members)
        blobs = [path for member, path in members.items() if member.startswith(BLOBS)]
        for path in blobs:
            services.values.blobs.put_file(path)
        services.values.sync()
    for environment in records.environments:
        services.catalog.record_environment(environment)
    services.catalog.commit(Batch(artifacts=records.artifacts, codes=records.codes))
    numbers: dict[int, int] = {}
    new = False
    for record in records.runs:
        numbers[record.number], new = take_in(services, record, numbers, points[record.id])
    last = records.runs[-1]
    return Thawed(run=last.id, number=numbers[last.number], new=new, blobs=len(blobs))


def _records(source: Path, members: dict[str, Path]) -> Records:
    try:
        found: Records = from_json(Records, json.loads(members[RECORDS].read_bytes()))
    except (NotARecord, ValueError, KeyError, TypeError) as error:
        raise _refused(source, f"its records are not such ({error})") from error
    if not found.runs:
        raise _refused(source, "it holds no run")
    return found


Series = dict[tuple[int, str, str], list[tuple[int, int, float]]]
"""Position, key and labels -> points: step, time, value."""


def _points(source: Path, members: dict[str, Path]) -> dict[str, Series]:
    found: dict[str, Series] = defaultdict(lambda: defaultdict(list))
    try:
        for line in members[METRICS].read_text("utf-8").splitlines() if METRICS in members else ():
            run, position, key, labels, step, time, value = json.loads(line)
            found[run][int(position), str(key), str(labels)].append((step, time, float(value)))
    except (ValueError, TypeError) as error:
        raise _refused(source, f"its metrics are not such ({error})") from error
    return found


def _check(source: Path, records: Records, members: dict[str, Path]) -> None:
    """That the records fit together, and name nothing that is not there."""
    held = {"blake3:" + name.removeprefix(BLOBS) for name in members if name.startswith(BLOBS)}
    named: set[Digest] = set()
    for run in records.runs:
        if len(run.id) != 32 or not set(run.id) <= set("0123456789abcdef"):
            raise _refused(source, f"{run.id!r} is no run's id")
        if run.status is RunStatus.RUNNING:
            raise _refused(source, f"its run {run.id[:8]} has not ended")
        if run.code is not None:
            named |= {*run.code.files.values(), *_addresses(run.code.arguments.values())}
            named |= {run.code.git_patch} - {None}  # type: ignore[arg-type]
    named |= set(_addresses(records.artifacts))
    if lacking := sorted(named - held):
        raise _refused(source, f"the bytes of {lacking[0][:20]}… are missing")
    known = {artifact.digest for artifact in records.artifacts}
    made = {o.digest for run in records.runs for e in run.executions for o in e.outputs}
    if lacking := sorted(made - known):
        raise _refused(source, f"the record of {lacking[0][:20]}… is missing")
    here = {execution.id for run in records.runs for execution in run.executions}
    for run in records.runs:
        _check_executions(source, run, here)


def _check_executions(source: Path, run: RunRecord, here: set[int]) -> None:
    for execution in run.executions:
        if execution.id != execution_id(run.number, execution.position):
            raise _refused(source, f"the step {execution.step!r} is not where it belongs")
        if execution.reused_from is not None and execution.reused_from not in here:
            raise _refused(source, f"what the step {execution.step!r} reused is missing")


def _addresses(artifacts: Iterable[Artifact]) -> list[Digest]:
    stored = [artifact.stored for artifact in artifacts]
    return [s.address for s in stored if s is not None and s.address is not None]


def take_in(
    services: Services, record: RunRecord, numbers: dict[int, int], series: Series
) -> tuple[int, bool]:
    """Write one run; returns its number here, and whether anything of it is new."""
    whole = PARTIAL not in record.tags
    try:
        known = services.catalog.run(record.id)
    except ReferenceNotFound:
        known = None
    number = services.catalog.begin_run(record) if known is None else known.number
    numbers = {**numbers, record.number: number}
    had = {e.position for e in known.executions} if known is not None else set()
    executions = [
        _renumbered(execution, number, numbers)
        for execution in record.executions
        if execution.position not in had
    ]
    if known is None or executions:
        _write_points(services, record, number, series, had)
        services.catalog.commit(Batch(executions=tuple(executions)))
    if known is not None and whole and known.tags.get(PARTIAL) == "true":
        services.catalog.finish_run(
            number,
            status=record.status,
            finished_at=record.finished_at or record.started_at,
            error=record.error,
            result=record.result,
            code=record.code,
        )
        services.catalog.set_tags(number, {PARTIAL: "false"})
    return number, known is None or bool(executions)


def _renumbered(execution: Execution, number: int, numbers: dict[int, int]) -> Execution:
    origin = execution.reused_from
    if origin is not None:
        run, position = divmod(origin, 1 << RUN_SHIFT)
        origin = execution_id(numbers[run], position)
    return replace(execution, id=execution_id(number, execution.position), reused_from=origin)


def _write_points(
    services: Services, record: RunRecord, number: int, series: Series, had: set[int]
) -> None:
    wanted = {place: points for place, points in series.items() if place[0] not in had}
    if not wanted:
        return
    journal = services.metrics.journal(f"{record.id}-thawed")
    for (position, key, labels), points in wanted.items():
        steps, times, values = (list(column) for column in zip(*points, strict=True))
        told: Any = json.loads(labels) if labels else {}
        journal.log_many(execution_id(number, position), key, values, steps, times, told)
    summaries = tuple(journal.close())
    services.catalog.commit(Batch(metrics=summaries))


def _refused(source: Path, reason: str) -> FrozenRunRefused:
    return FrozenRunRefused(f"{source} is refused: {reason}. Nothing of it was taken in.")
