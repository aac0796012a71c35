"""Freezing a run into one file: its records, its code, its values, its metrics."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from lineal.digests.digest import Digest
from lineal.errors import BlobMissing, ReferenceNotFound, UserError
from lineal.records import Artifact, Input, RunRecord, RunStatus, execution_id
from lineal.records.step import RUN_SHIFT
from lineal.running import Services, to_json

from .frozen import BLOBS, METRICS, RECORDS, Member, write_frozen
from .reaching import addresses_of, addresses_of_code, artifacts_in, inputs_in, origins_of

PARTIAL = "lineal.partial"
"""A tag of runs that came along only because another one reused executions of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What freezing wrote."""

    path: Path
    size: int
    runs: int
    artifacts: int
    blobs: int
    not_kept: tuple[str, ...]
    """Values that a replay may miss, as their bytes were not kept."""


def freeze(services: Services, record: RunRecord, target: Path) -> Frozen:
    """Write a run, and the executions of others that it reused, to a file.

    Raises:
        UserError: the run is still going on, or the file can't be written.
        StoreError: bytes are missing or damaged.
    """
    if record.status is RunStatus.RUNNING:
        raise UserError(f"Run #{record.number} is still going on; freeze it when it has ended.")
    runs = with_origins(services, record)
    artifacts = artifacts_of(services, runs)
    with tempfile.TemporaryDirectory(prefix="lineal-freeze-") as name:
        places = _blobs(services, runs, artifacts, Path(name))
        members = [
            Member(name=RECORDS, content=_records(services, runs, artifacts)),
            Member(name=METRICS, content=b"".join(_metrics(services, runs))),
            *(Member(name=BLOBS + address.hex, content=path) for address, path in places.items()),
        ]
        write_frozen(target, record.id, members)
    made = {o.digest: f"{e.step}.{o.name}" for e in record.executions for o in e.outputs}
    return Frozen(
        path=target,
        size=target.stat().st_size,
        runs=len(runs),
        artifacts=len(artifacts),
        blobs=len(places),
        not_kept=tuple(
            made[digest]
            for digest in made
            if digest not in artifacts or artifacts[digest].stored is None
        ),
    )


def with_origins(services: Services, record: RunRecord) -> list[RunRecord]:
    """A run as the last, after those that executions of it were reused from; without metrics."""
    return [*_origins(services, record), _with_wholes(replace(record, metrics=()))]


def _origins(services: Services, record: RunRecord) -> Iterator[RunRecord]:
    """The runs that executions were reused from, with these executions alone."""
    for number, positions in sorted(origins_of(record).items()):
        origin = _with_wholes(services.catalog.run(number))
        chosen = tuple(e for e in origin.executions if e.position in positions)
        yield replace(
            origin,
            executions=chosen,
            metrics=(),
            result=(),
            code=None,
            tags={**origin.tags, PARTIAL: "true"},
        )


def _with_wholes(record: RunRecord) -> RunRecord:
    """A run whose inputs name the whole that they are a part of, which the catalog keeps apart."""
    made = {(e.step, o.name): o.digest for e in record.executions for o in e.outputs}

    def whole(given: Input) -> Input:
        if given.source is None:
            return given
        digest = made.get((given.source.step, given.source.output))
        if digest is None or digest == given.digest:
            return given
        return replace(given, source=replace(given.source, digest=digest))

    executions = tuple(replace(e, inputs=tuple(map(whole, e.inputs))) for e in record.executions)
    return replace(record, executions=executions)


def artifacts_of(services: Services, runs: list[RunRecord]) -> dict[Digest, Artifact]:
    """The record of every value; of one that is only a whole to others without its bytes."""
    named: set[Digest] = set()
    wholes: set[Digest] = set()
    for run in runs:
        named |= artifacts_in(run).keys() | inputs_in(run).keys()
        sources = [given.source for e in run.executions for given in e.inputs]
        wholes |= {s.digest for s in sources if s is not None and s.digest is not None}
    found = services.catalog.artifacts(sorted(named | wholes))
    return {d: a if d in named else replace(a, stored=None) for d, a in found.items()}


def _blobs(
    services: Services, runs: list[RunRecord], artifacts: dict[Digest, Artifact], folder: Path
) -> dict[Digest, Path]:
    """Every blob, verified and laid out in a folder."""
    wanted = [named for run in runs for named in addresses_of_code(run)]
    kept = [(artifact, artifact.digest.short) for artifact in artifacts.values()]
    for run in runs:
        if run.code is not None:
            kept += [(a, f"the argument {name}") for name, a in run.code.arguments.items()]
    wanted += addresses_of(services.values, kept)
    places: dict[Digest, Path] = {}
    for named in wanted:
        if named.address in places:
            continue
        places[named.address] = folder / named.address.hex
        try:
            services.values.blobs.checkout(named.address, places[named.address])
        except BlobMissing as error:
            raise BlobMissing(f"It can't be frozen, for want of {named.by}: {error}") from error
    return places


def _records(services: Services, runs: list[RunRecord], artifacts: dict[Digest, Artifact]) -> bytes:
    codes = {e.code for run in runs for e in run.executions if e.code is not None}
    environments = sorted({run.environment for run in runs if run.environment is not None})
    facts: dict[str, Any] = {
        "runs": [to_json(run) for run in runs],
        "environments": [],
        "codes": [to_json(c) for _, c in sorted(services.catalog.codes(sorted(codes)).items())],
        "artifacts": [to_json(artifact) for _, artifact in sorted(artifacts.items())],
    }
    for digest in environments:
        try:
            facts["environments"].append(to_json(services.catalog.environment(digest)))
        except ReferenceNotFound:
            continue
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def _metrics(services: Services, runs: list[RunRecord]) -> Iterator[bytes]:
    """The points of the runs' own executions, a line each: run, position, series, point."""
    for run in runs:
        positions = {e.position for e in run.executions} | {0}
        ids = range(execution_id(run.number, 0), execution_id(run.number + 1, 0))
        for row in services.metrics.read(ids).to_pylist():
            position = row["execution_id"] & ((1 << RUN_SHIFT) - 1)
            if position in positions:
                point = [row["step"], row["time"], row["value"]]
                line = [run.id, position, row["key"], row["labels"], *point]
                yield json.dumps(line, separators=(",", ":")).encode() + b"\n"
