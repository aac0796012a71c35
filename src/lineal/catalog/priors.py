"""What keys find: past executions that may stand for a step, with what planning needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, or_, select

from lineal.digests.digest import Digest
from lineal.records import OBSERVED, ExecutionStatus, Input, Output, Prior, RunStatus

from .dialect import among, as_text, packed
from .rows import input_of, moment
from .runs import POSITIONS
from .tables import artifacts, executions, generated, runs, used

_lookups: dict[str, tuple[Select[Any], str | None]] = {}
"""By dialect; see `lookup`. Building the statement takes longer than a look-up does."""


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
