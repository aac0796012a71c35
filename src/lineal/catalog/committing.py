"""Writing a batch: executions, artifacts, and the edges between them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, select

from lineal.records import Execution, ExecutionStatus

from . import common
from .artifacts import BYTES, artifacts_of
from .batch import Batch
from .makers import Makers, note_matches
from .rows import artifact_row, clean, code_row, execution_row, metric_row, used_row
from .runs import now
from .statements import Among, read_plain
from .tables import (
    artifacts,
    codes,
    derivations,
    execution_params,
    execution_tags,
    executions,
    generated,
    metric_summaries,
    used,
)
from .writing import put


def commit(connection: Connection, batch: Batch) -> None:
    """Write a batch, each table in one call to the driver."""
    stamp = now() if batch.artifacts else 0
    known = common.known_without_bytes(connection, batch.artifacts)
    put(
        connection,
        artifacts,
        (artifact_row(artifact, stamp) for artifact in batch.artifacts),
        replacing=BYTES,
        where="codec",
    )
    common.note(connection, batch.artifacts, known)
    put(connection, codes, (code_row(code) for code in batch.codes))
    fresh = [e for e in batch.executions if e.reused_from is None]
    reused = [e for e in batch.executions if e.reused_from is not None]
    there = {row[0] for row in read_plain(connection, _recorded, [e.id for e in batch.executions])}
    # A reused execution may name one of the same batch.
    _put_of(there, connection, executions, map(execution_row, fresh), _but(executions, "id"))
    _put_of(there, connection, executions, map(execution_row, reused), _but(executions, "id"))
    makers = Makers(connection, batch)
    edges = _used(fresh, reused, makers)
    put(connection, used, edges, replacing=_but(used, "execution_id", "position"))
    outputs = _generated(connection, batch, fresh)
    _put_of(there, connection, generated, outputs, ("name", "artifact"))
    put(connection, derivations, _derivations(connection, batch))
    note_matches(connection, reused, makers)
    put(connection, execution_params, _texts(fresh, "params"), replacing=("value",))
    put(connection, execution_tags, _texts(fresh, "tags"), replacing=("value",))
    put(
        connection,
        metric_summaries,
        map(metric_row, batch.metrics),
        replacing=_but(metric_summaries, "execution_id", "key", "labels"),
    )


def _put_of(
    there: Collection[int],
    connection: Connection,
    table: Table,
    rows: Iterable[tuple[Any, ...]],
    replacing: Sequence[str],
) -> None:
    """Insert rows that begin with their execution; replace only those of executions there before.

    SQLite takes twice as long and more to insert a row where it may have to replace one.
    """
    batch = list(rows)
    put(connection, table, [row for row in batch if row[0] not in there] if there else batch)
    if there:
        put(connection, table, [r for r in batch if r[0] in there], replacing=replacing)


def _recorded(ids: Among) -> Select[Any]:
    return select(executions.c.id).where(ids.each(executions.c.id))


@cache
def _but(table: Table, *keys: str) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name not in keys)


def _used(
    fresh: Sequence[Execution], reused: Sequence[Execution], makers: Makers
) -> list[tuple[Any, ...]]:
    """Edges to inputs; of a reused execution only those that its key leaves out."""
    rows = [
        used_row(e.id, place, given, makers.of(e, given))
        for e in fresh
        for place, given in enumerate(e.inputs)
    ]
    for e in reused:
        rows.extend(
            used_row(e.id, place, given, makers.of(e, given))
            for place, given in enumerate(e.inputs)
            if given.ignored
        )
    return rows


def _generated(
    connection: Connection, batch: Batch, fresh: Sequence[Execution]
) -> list[tuple[Any, ...]]:
    """Edges to outputs; one that failed has only those that were recorded before it did."""
    failed = {
        output.digest for e in fresh if e.status is ExecutionStatus.FAILED for output in e.outputs
    }
    absent = failed - {artifact.digest for artifact in batch.artifacts}
    if absent:
        absent -= artifacts_of(connection, absent).keys()
    return [
        (e.id, place, clean(output.name), str(output.digest))
        for e in fresh
        for place, output in enumerate(e.outputs)
        if e.status is not ExecutionStatus.FAILED or output.digest not in absent
    ]


def _derivations(connection: Connection, batch: Batch) -> list[tuple[Any, ...]]:
    """Inputs that are a part of another step's output, with the whole where it is recorded."""
    pairs = {
        (given.digest, given.source.digest)
        for e in batch.executions
        for given in e.inputs
        if given.source is not None and given.source.digest is not None
    }
    wholes = {whole for _, whole in pairs} - {artifact.digest for artifact in batch.artifacts}
    if wholes:
        wholes -= artifacts_of(connection, wholes).keys()
    return [(part, whole) for part, whole in pairs if whole not in wholes]


def _texts(of: Sequence[Execution], field: str) -> list[tuple[Any, ...]]:
    return [
        (e.id, clean(name), clean(value)) for e in of for name, value in getattr(e, field).items()
    ]
