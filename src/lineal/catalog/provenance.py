"""What flowed where: executions, artifacts, the edges between them, and keys looked up.

A reused execution is one row that names the execution whose outputs it reused; everything
that the shared key decides is read from there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    cast,
    func,
    literal_column,
    or_,
    select,
    update,
)

from lineal.digests.digest import Digest
from lineal.records import (
    OBSERVED,
    Artifact,
    CodeIdentity,
    Execution,
    ExecutionStatus,
    Input,
    Output,
    Prior,
    RunStatus,
)

from .batch import Batch
from .dialect import among, as_text, packed
from .rows import (
    artifact_of,
    artifact_row,
    clean,
    code_of,
    code_row,
    execution_of,
    execution_row,
    input_of,
    metric_row,
    moment,
    used_row,
)
from .runs import POSITIONS, now
from .tables import (
    artifacts,
    codes,
    derivations,
    execution_params,
    execution_tags,
    executions,
    generated,
    metric_summaries,
    runs,
    used,
)
from .writing import put

_BYTES = ("codec", "size", "address", "inline", "pickled")
_lookups: dict[str, tuple[Select[Any], str | None]] = {}
"""By dialect; see `lookup`. Building the statement takes longer than a look-up does."""
_WINDOWS = (1, 4, 16, 64)
"""How many runs to look back over, further each time, for the last execution of a step."""


def commit(connection: Connection, batch: Batch) -> None:
    """Write a batch, each table in one call to the driver."""
    stamp = now() if batch.artifacts else 0
    put(
        connection,
        artifacts,
        (artifact_row(artifact, stamp) for artifact in batch.artifacts),
        replacing=_BYTES,
        where="codec",
    )
    put(connection, codes, (code_row(code) for code in batch.codes))
    fresh = [e for e in batch.executions if e.reused_from is None]
    reused = [e for e in batch.executions if e.reused_from is not None]
    # A reused execution may name one of the same batch.
    put(connection, executions, map(execution_row, fresh), replacing=_but(executions, "id"))
    put(connection, executions, map(execution_row, reused), replacing=_but(executions, "id"))
    put(connection, used, _used(fresh, reused), replacing=_but(used, "execution_id", "position"))
    put(
        connection,
        generated,
        _generated(connection, batch, fresh),
        replacing=("name", "artifact"),
    )
    put(connection, derivations, _derivations(connection, batch))
    put(connection, execution_params, _texts(fresh, "params"), replacing=("value",))
    put(connection, execution_tags, _texts(fresh, "tags"), replacing=("value",))
    put(
        connection,
        metric_summaries,
        map(metric_row, batch.metrics),
        replacing=_but(metric_summaries, "execution_id", "key", "labels"),
    )


def lookup(connection: Connection, keys: Sequence[Digest]) -> dict[Digest, tuple[Prior, ...]]:
    """The executed executions of every key that has any, newest first."""
    name = connection.dialect.name
    if name not in _lookups:
        statement = _priors().where(
            among(connection, executions.c.key, "keys"), _is(ExecutionStatus.EXECUTED)
        )
        _lookups[name] = statement, as_text(connection, statement)
    statement, text = _lookups[name]
    if text is not None:
        return _grouped(
            connection, connection.exec_driver_sql(text, (packed(connection, keys),)).all()
        )
    return _grouped(
        connection, connection.execute(statement, {"keys": packed(connection, keys)}).all()
    )


def preload(connection: Connection, pipeline: str) -> dict[Digest, tuple[Prior, ...]]:
    """What the most recent finished run of a pipeline executed or reused, by key."""
    last = connection.execute(
        select(func.max(runs.c.number)).where(
            runs.c.pipeline == pipeline, runs.c.status == RunStatus.FINISHED.value
        )
    ).scalar()
    if last is None:
        return {}
    of_run = executions.alias("of_run")
    origins = select(func.coalesce(of_run.c.reused_from, of_run.c.id)).where(
        of_run.c.id >= last * POSITIONS, of_run.c.id < (last + 1) * POSITIONS
    )
    statement = _priors().where(
        executions.c.id.in_(origins),
        executions.c.key.is_not(None),
        _is(ExecutionStatus.EXECUTED),
    )
    return _grouped(connection, connection.execute(statement).all())


def last_executions(
    connection: Connection, pipeline: str, steps: Sequence[str]
) -> dict[str, Execution]:
    """The latest execution of each step in recent runs of a pipeline, executed or reused."""
    numbers = list(
        connection.execute(
            select(runs.c.number)
            .where(runs.c.pipeline == pipeline)
            .order_by(runs.c.number.desc())
            .limit(sum(_WINDOWS))
        ).scalars()
    )
    first = cast(runs.c.number, BigInteger) * POSITIONS
    statement = (
        select(func.max(executions.c.id), executions.c.step)
        .join_from(
            runs, executions, and_(executions.c.id >= first, executions.c.id < first + POSITIONS)
        )
        .where(
            among(connection, runs.c.number, "numbers"),
            among(connection, executions.c.step, "steps"),
            or_(_is(ExecutionStatus.EXECUTED), _is(ExecutionStatus.REUSED)),
        )
        .group_by(executions.c.step)
    )
    wanted, found = {clean(step) for step in steps}, dict[str, int]()
    for size in _WINDOWS:
        window, numbers = numbers[:size], numbers[size:]
        missing = wanted - found.keys()
        if not window or not missing:
            break
        chosen = {
            "numbers": packed(connection, window),
            "steps": packed(connection, sorted(missing)),
        }
        found |= {step: last for last, step in connection.execute(statement, chosen)}
    return {e.step: e for e in read(connection, sorted(found.values()))}


def of_run(connection: Connection, number: int) -> tuple[Execution, ...]:
    """Every execution of a run, in order of position."""
    statement = select(executions.c.id).where(
        executions.c.id >= number * POSITIONS, executions.c.id < (number + 1) * POSITIONS
    )
    return tuple(read(connection, sorted(connection.execute(statement).scalars())))


def read(connection: Connection, ids: Sequence[int]) -> list[Execution]:
    """Executions by id, in order of id; reused ones with what they reused."""
    if not ids:
        return []
    rows = connection.execute(
        select(*executions.c, runs.c.id.label("run_id"))
        .join_from(executions, runs)
        .where(among(connection, executions.c.id, "ids"))
        .order_by(executions.c.id),
        {"ids": packed(connection, ids)},
    ).all()
    owners = {row.id for row in rows} | {row.reused_from for row in rows if row.reused_from}
    inputs = _by_execution(connection, used, owners)
    outputs = _by_execution(connection, generated, owners)
    params = _by_execution(connection, execution_params, owners)
    tags = _by_execution(connection, execution_tags, owners)
    found = []
    for row in rows:
        origin = row.reused_from or row.id
        found.append(
            execution_of(
                row,
                row.run_id,
                inputs=_inputs_of(row, inputs),
                outputs=tuple(
                    Output(name=o.name, digest=Digest(o.artifact)) for o in outputs[origin]
                ),
                params={text.key: text.value for text in params[origin]},
                tags={text.key: text.value for text in tags[origin]},
            )
        )
    return found


def codes_of(connection: Connection, digests: Iterable[Digest]) -> dict[Digest, CodeIdentity]:
    """Code by digest; what is unknown is left out."""
    statement = select(codes).where(among(connection, codes.c.digest, "digests"))
    rows = connection.execute(statement, {"digests": packed(connection, digests)})
    return {code.digest: code for code in map(code_of, rows)}


def artifacts_of(connection: Connection, digests: Iterable[Digest]) -> dict[Digest, Artifact]:
    """Artifacts by digest; what is unknown is left out."""
    statement = select(artifacts).where(among(connection, artifacts.c.digest, "digests"))
    rows = connection.execute(statement, {"digests": packed(connection, digests)})
    return {artifact.digest: artifact for artifact in map(artifact_of, rows)}


def artifacts_by_prefix(connection: Connection, prefix: str) -> list[Artifact]:
    """Artifacts whose digest begins so, with its algorithm or without."""
    beginnings = [prefix] if ":" in prefix else [f"xxh3:{prefix}", f"unique:{prefix}"]
    digest = artifacts.c.digest
    within = or_(*(and_(digest >= start, digest < start + "~") for start in beginnings))
    rows = connection.execute(select(artifacts).where(within).order_by(digest))
    return [artifact_of(row) for row in rows]


def forget_bytes(connection: Connection, digests: Iterable[Digest]) -> None:
    """Record that the bytes of artifacts are gone; their digests and lineage stay."""
    connection.execute(
        update(artifacts)
        .where(among(connection, artifacts.c.digest, "digests"))
        .values(dict.fromkeys(_BYTES)),
        {"digests": packed(connection, digests)},
    )


def _but(table: Table, *keys: str) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.name not in keys)


def _used(fresh: Sequence[Execution], reused: Sequence[Execution]) -> list[tuple[Any, ...]]:
    """Edges to inputs; of a reused execution only those that its key leaves out."""
    rows = [used_row(e.id, p, given) for e in fresh for p, given in enumerate(e.inputs)]
    for e in reused:
        rows.extend(used_row(e.id, p, given) for p, given in enumerate(e.inputs) if given.ignored)
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
        (e.id, place, clean(output.name), output.digest)
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


def _is(status: ExecutionStatus) -> ColumnElement[bool]:
    """The condition on the status, spelled out as the partial index has it."""
    return executions.c.status == literal_column(f"'{status.value}'")


def _priors() -> Select[Any]:
    """One row per output of an execution (one without a name when it has none)."""
    return (
        select(
            executions.c.id,
            runs.c.id,
            executions.c.key,
            func.coalesce(executions.c.finished_at, runs.c.started_at),
            executions.c.seed,
            executions.c.seed_used,
            generated.c.name,
            generated.c.artifact,
            artifacts.c.codec.is_not(None),
        )
        .join_from(executions, runs)
        .join(generated, generated.c.execution_id == executions.c.id, isouter=True)
        .join(artifacts, artifacts.c.digest == generated.c.artifact, isouter=True)
        .order_by(executions.c.id.desc(), generated.c.position)
    )


def _grouped(connection: Connection, rows: Iterable[Any]) -> dict[Digest, tuple[Prior, ...]]:
    """The rows of `_priors`, gathered by execution and then by key."""
    heads: dict[int, tuple[Any, ...]] = {}
    outputs: dict[int, list[Output]] = {}
    gone: set[int] = set()
    for id_, run_id, key, finished, seed, seed_used, name, artifact, kept in rows:
        if id_ not in heads:
            heads[id_] = (run_id, key, finished, seed, seed_used)
            outputs[id_] = []
        if name is not None:
            outputs[id_].append(Output(name=name, digest=Digest(artifact)))
            if not kept:
                gone.add(id_)
    observed = _observed(connection, heads)
    found: dict[Digest, tuple[Prior, ...]] = {}
    for id_, (run_id, key, finished, seed, seed_used) in heads.items():
        digest = Digest(key)
        prior = Prior(
            execution_id=id_,
            run_id=run_id,
            key=digest,
            outputs=tuple(outputs[id_]),
            finished_at=moment(finished),
            seed=None if seed is None else int(seed),
            seed_used=bool(seed_used),
            kept=id_ not in gone,
            observed=tuple(observed.get(id_, ())),
        )
        found[digest] = (*found.get(digest, ()), prior)
    return found


def _observed(connection: Connection, ids: Iterable[int]) -> dict[int, list[Input]]:
    """What executions were seen to read without being given it."""
    found: dict[int, list[Input]] = {}
    wanted = list(ids)
    if not wanted:
        return found
    statement = select(used).where(
        among(connection, used.c.execution_id, "ids"),
        or_(*(used.c.name.startswith(kind) for kind in OBSERVED)),
    )
    for row in connection.execute(statement, {"ids": packed(connection, wanted)}):
        found.setdefault(row.execution_id, []).append(input_of(row, None))
    return found


def _by_execution(
    connection: Connection, table: Table, owners: Iterable[int]
) -> dict[int, list[Any]]:
    """The rows that belong to executions, in order, by execution."""
    found: dict[int, list[Any]] = defaultdict(list)
    statement = (
        select(table)
        .where(among(connection, table.c.execution_id, "owners"))
        .order_by(*table.primary_key)
    )
    for row in connection.execute(statement, {"owners": packed(connection, owners)}):
        found[row.execution_id].append(row)
    return found


def _inputs_of(row: Any, inputs: Mapping[int, list[Any]]) -> tuple[Input, ...]:
    """An execution's inputs; see `_used` for how a reused one's are kept."""
    if row.reused_from is None or row.bindings is None:
        return tuple(input_of(given, None) for given in inputs[row.reused_from or row.id])
    bindings = json.loads(row.bindings)
    given = [i for i in inputs[row.reused_from] if not i.ignored] + inputs[row.id]
    return tuple(input_of(i, bindings) for i in sorted(given, key=lambda i: i.position))
