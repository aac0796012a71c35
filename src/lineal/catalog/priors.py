"""What keys find: past executions that may stand for a step, with what planning needs of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, literal_column, or_, select

from lineal.digests.digest import Digest
from lineal.records import OBSERVED, PROBE_OF, REPLAY_OF, Input, Output, Prior, RunStatus

from .dialect import among, packed
from .glancing import Glance, ask
from .rows import moment
from .runs import POSITIONS
from .tables import artifacts, executions, generated, run_tags, runs, used

_EXECUTED = executions.c.status == literal_column("'executed'")
"""Spelled out as the partial index has it."""
_REPLAY = exists().where(
    run_tags.c.run_number == runs.c.number,
    or_(*(run_tags.c.key == key for key in (REPLAY_OF, PROBE_OF))),
)
"""What a replay came to is for its report alone: with what it was to find out, a step may have
given another result than the one that later runs went on from."""


def lookup(glance: Glance, keys: Sequence[Digest]) -> dict[Digest, tuple[Prior, ...]]:
    """The executed executions of every key that has any, newest first; none of a replay's."""
    return _grouped(glance, ask(glance, _of_keys, keys=packed(glance, keys)))


def preload(glance: Glance, pipeline: str) -> dict[Digest, tuple[Prior, ...]]:
    """What the most recent finished run of a pipeline executed or reused, by key."""
    last = ask(glance, _last_run, pipeline=pipeline)[0][0]
    if last is None:
        return {}
    first = last * POSITIONS
    return _grouped(glance, ask(glance, _of_run, first=first, beyond=first + POSITIONS))


def _grouped(glance: Glance, rows: Iterable[Any]) -> dict[Digest, tuple[Prior, ...]]:
    """The rows of `_priors`, gathered by execution and then by key."""
    by_execution: dict[int, tuple[Any, list[Output], list[bool]]] = {}
    for row in rows:
        name, artifact, kept = row[6:]
        entry = by_execution.get(row[0])
        if entry is None:
            entry = by_execution[row[0]] = row, [], []
        if name is not None:
            entry[1].append(Output(name=name, digest=Digest(artifact)))
            entry[2].append(kept)
    observed = _observed(glance, by_execution)
    found: dict[Digest, tuple[Prior, ...]] = {}
    for (id_, run_id, key, finished, seed, seed_used, *_), outputs, kept in by_execution.values():
        digest = Digest(key)
        prior = Prior(
            execution_id=id_,
            run_id=run_id,
            key=digest,
            outputs=tuple(outputs),
            finished_at=moment(finished),
            seed=None if seed is None else int(seed),
            seed_used=bool(seed_used),
            kept=all(kept),
            observed=tuple(observed[id_]) if id_ in observed else (),
        )
        found[digest] = (*found[digest], prior) if digest in found else (prior,)
    return found


def _observed(glance: Glance, ids: Iterable[int]) -> dict[int, list[Input]]:
    """What executions were seen to read without being given it."""
    found: dict[int, list[Input]] = {}
    wanted = list(ids)
    if wanted:
        for id_, name, digest in ask(glance, _read_unasked, ids=packed(glance, wanted)):
            found.setdefault(id_, []).append(Input(name=name, digest=Digest(digest)))
    return found


# Statements; see `glancing.ask`.


def _last_run(_: Glance) -> Select[Any]:
    return select(func.max(runs.c.number)).where(
        runs.c.pipeline == bindparam("pipeline"),
        runs.c.status == RunStatus.FINISHED.value,
        ~_REPLAY,
    )


def _of_keys(glance: Glance) -> Select[Any]:
    return _priors().where(among(glance, executions.c.key, "keys"), _EXECUTED)


def _of_run(_: Glance) -> Select[Any]:
    of_run = executions.alias("of_run")
    origins = select(func.coalesce(of_run.c.reused_from, of_run.c.id)).where(
        of_run.c.id >= bindparam("first"), of_run.c.id < bindparam("beyond")
    )
    return _priors().where(executions.c.id.in_(origins), executions.c.key.is_not(None), _EXECUTED)


def _read_unasked(glance: Glance) -> Select[Any]:
    return (
        select(used.c.execution_id, used.c.name, used.c.artifact)
        .where(
            among(glance, used.c.execution_id, "ids"),
            or_(*(used.c.name.startswith(kind) for kind in OBSERVED)),
        )
        .order_by(used.c.execution_id, used.c.position)
    )


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
        .where(~_REPLAY)
        .order_by(executions.c.id.desc(), generated.c.position)
    )
