"""Lineage: what a walk reached, and lean facts about it, as rows.

A walk (see `walking`) finds artifacts; the executions between them, the names they were
given and what is worth saying of each are then read for these alone, in one query a
table. The whole graph is never loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Text, and_, bindparam, cast, select

from .dialect import packed, values_of
from .flow import Flow, Rows, Start
from .naming import names_of, settled
from .runs import POSITIONS
from .statements import Among, read, read_plain
from .tables import (
    artifacts,
    derivations,
    executions,
    generated,
    metric_summaries,
    run_params,
    runs,
    used,
)
from .varying import of_executions
from .walking import FILES, is_data, stream, walk


def lineage(
    connection: Connection, start: Start, *, up: bool, down: bool, depth: int | None, limit: int
) -> Flow:
    """What was made of some things, or what they were made of, or both.

    Args:
        connection: A transaction that reads.
        start: What was asked about.
        up: Whether to go to their causes.
        down: Whether to go to their effects.
        depth: How many executions to pass; None for all.
        limit: How many artifacts to reach at the most, each way.
    """
    start = settled(connection, start)
    reached: dict[str, None] = dict.fromkeys(start.artifacts)
    makers = set(start.executions)
    outputs: Rows | None = None
    truncated = False
    for wanted, upwards in ((up, True), (down, False)):
        if not wanted:
            continue
        begin, most = _beginning(connection, start, upwards, depth)
        found, cut = walk(connection, begin, up=upwards, depth=most, limit=limit)
        truncated |= cut
        reached.update(dict.fromkeys(found))
        inner = found if most is None else [a for a, far in found.items() if far < most]
        around = read_plain(connection, _made if upwards else _took, inner)
        makers.update([row[0] for row in around])
        if upwards and not down and most is None and not start.executions:
            outputs = around  # all there are, so they need not be read again
    return facts(
        connection,
        start,
        reached,
        makers,
        outputs=outputs,
        named_below=down,
        truncated=truncated,
    )


_FEW = 50
"""Artifacts of a start that are shown again in every page, so that edges lead to them."""


def impact(connection: Connection, start: Start, *, page: int, limit: int) -> Iterator[Flow]:
    """What was made of some things, in pages, each as soon as the database has come to it.

    The first page holds what was made of them directly, as far as it goes, because a walk
    has to note all of that, which may be a hundred thousand, before it goes on. An
    artifact comes in one page; edges lead to artifacts of the same page, or of the start.
    """
    start = settled(connection, start)
    begin, _ = _beginning(connection, start, False, None)
    seen = dict.fromkeys([*start.artifacts, *begin])
    most = len(seen) + limit
    direct = _direct(connection, begin, min(page, limit))
    yield _page(connection, start, [*seen, *(a for a in direct if a not in seen)], begin)
    seen.update(dict.fromkeys(direct))
    fresh: list[str] = []
    with closing(stream(connection, begin, most + 1)) as further:
        for artifact in further:
            if artifact in seen:
                continue
            if len(seen) >= most:
                yield replace(_page(connection, start, fresh, begin), truncated=True)
                return
            seen[artifact] = None
            fresh.append(artifact)
            if len(fresh) >= page:
                yield _page(connection, start, fresh, begin)
                fresh = []
    if fresh:
        yield _page(connection, start, fresh, begin)


def _page(connection: Connection, start: Start, reached: list[str], begin: list[str]) -> Flow:
    makers = {row[0] for row in read_plain(connection, _made, reached)}
    beside = begin if len(begin) <= _FEW else []
    return facts(connection, start, [*dict.fromkeys([*beside, *reached])], makers, named_below=True)


def _direct(connection: Connection, begin: list[str], most: int) -> list[str]:
    """Some artifacts that executions made of others at once."""
    chosen = {"start": packed(connection, begin), "most": most}
    place = connection.dialect.name
    if place not in _direct_ones:
        values = values_of(connection, "start", Text())
        _direct_ones[place] = (
            select(generated.c.artifact)
            .join_from(values, used, used.c.artifact == values.c.value)
            .join(generated, generated.c.execution_id == used.c.execution_id)
            .where(is_data)
            .limit(bindparam("most"))
        )
    return list(dict.fromkeys(connection.scalars(_direct_ones[place], chosen)))


_direct_ones: dict[str, Select[Any]] = {}


def facts(
    connection: Connection,
    start: Start,
    reached: Collection[str],
    makers: Collection[int],
    *,
    outputs: Rows | None = None,
    named_below: bool,
    truncated: bool = False,
) -> Flow:
    """The rows of what was reached."""
    ran = read_plain(connection, _executions, makers)
    ids = [row[0] for row in ran]
    inputs = read_plain(connection, _used, ids)
    if outputs is None:
        outputs = read_plain(connection, _generated, ids)
    parts = read_plain(connection, _derivations, reached)
    doubtful = _in_doubt(outputs, parts)
    numbers = {id_ // POSITIONS for id_ in ids} | set(start.runs)
    flow = Flow(
        start=start,
        digests=dict.fromkeys(reached),
        artifacts=read_plain(connection, _artifacts, reached),
        executions=ran,
        runs=read(connection, _runs, numbers),
        run_params=read(connection, _run_params, numbers),
        used=inputs,
        generated=outputs,
        derivations=parts,
        metrics=read_plain(connection, _metrics, ids),
        doubtful=doubtful,
        makers=_makers(connection, inputs, parts, doubtful),
        nondeterministic=_nondeterministic(connection, ran),
        truncated=truncated,
    )
    flow = replace(flow, paths=_paths(connection, flow))
    return names_of(connection, flow, below=named_below)


def _beginning(
    connection: Connection, start: Start, up: bool, depth: int | None
) -> tuple[list[str], int | None]:
    """The artifacts that a walk begins with, and how many executions are left to pass."""
    if not start.executions:
        return list(start.artifacts), depth
    table = _data if up else _generated
    beside = [row.artifact for row in read(connection, table, start.executions)]
    begin = list(dict.fromkeys([*(() if up else start.artifacts), *beside]))
    return begin, depth if depth is None or not up else max(depth - 1, 0)


def _in_doubt(outputs: Rows, parts: Rows) -> frozenset[str]:
    """The artifacts with more than one origin: executions that made it, wholes it is part of."""
    made = {artifact for _, _, artifact in outputs}
    if len(made) == len(outputs) and not any(part in made for part, _ in parts):
        return frozenset()
    origins = Counter(artifact for _, _, artifact in outputs)
    origins.update(part for part, _ in parts)
    return frozenset(artifact for artifact in made if origins[artifact] > 1)


def _makers(
    connection: Connection, inputs: Rows, parts: Rows, doubtful: frozenset[str]
) -> dict[tuple[int, str], int]:
    """Who really made the inputs that several executions could have, by run and step."""
    if not doubtful:
        return {}
    doubtful = doubtful | {part for part, whole in parts if whole in doubtful}
    wanted = {
        (execution // POSITIONS, step)
        for execution, _, artifact, _, step in inputs
        if step is not None and artifact in doubtful
    }
    if not wanted:
        return {}
    numbers = {number for number, _ in wanted}
    return {
        (row.run_number, row.step): row.reused_from or row.id
        for row in read(connection, _of_steps, numbers)
        if (row.run_number, row.step) in wanted
    }


def _nondeterministic(connection: Connection, ran: Rows) -> dict[int, tuple[int, ...]]:
    """Of executions whose key gave different content, the runs in which it did."""
    keys = {row[0]: row[9] for row in ran}
    runs_by_key: dict[str, tuple[int, ...]] = {}
    for found in of_executions(connection, keys):
        runs_by_key[found.key] = (*runs_by_key.get(found.key, ()), *found.runs)
    return {id_: runs_by_key[key] for id_, key in keys.items() if key in runs_by_key}


def _paths(connection: Connection, flow: Flow) -> Rows:
    """What files were called where the steps that read them were reused."""
    files = {digest for digest, kind, *_ in flow.artifacts if kind in FILES}
    if not files:
        return ()
    readers = {
        execution
        for execution, _, artifact, value, _ in flow.used
        if value is not None and artifact in files
    }
    return read(connection, _bindings, readers)


# Statements; see `statements.read`.


def _executions(ids: Among) -> Select[Any]:
    e = executions.c
    return (
        select(
            e.id, e.step, e.task, e.status, e.code, e.started_at, e.finished_at,
            e.wall_seconds, e.run_number, e.key,
        )
        # A reused execution only repeats what its origin did, and is not in the graph.
        .where(ids(e.id), e.reused_from.is_(None))
        .order_by(e.id)
    )  # fmt: skip


def _runs(ids: Among) -> Select[Any]:
    r = runs.c
    return (
        select(r.number, r.id, r.name, r.pipeline, r.started_at, r.user, r.environment)
        .where(ids(r.number))
        .order_by(r.number)
    )


def _run_params(ids: Among) -> Select[Any]:
    return select(run_params).where(ids(run_params.c.run_number))


def _used(ids: Among) -> Select[Any]:
    u = used.c
    return (
        select(u.execution_id, u.name, u.artifact, u.value, u.source_step)
        .where(ids(u.execution_id))
        .order_by(u.execution_id, u.position)
    )


def _generated(ids: Among) -> Select[Any]:
    g = generated.c
    return (
        select(g.execution_id, g.name, g.artifact)
        .where(ids(g.execution_id))
        .order_by(g.execution_id, g.position)
    )


def _data(ids: Among) -> Select[Any]:
    return select(used.c.artifact).where(ids(used.c.execution_id), is_data)


def _made(ids: Among) -> Select[Any]:
    g = generated.c
    return select(g.execution_id, g.name, g.artifact).where(ids(g.artifact))


def _took(ids: Among) -> Select[Any]:
    return select(used.c.execution_id).where(ids(used.c.artifact), is_data)


def _artifacts(ids: Among) -> Select[Any]:
    a = artifacts.c
    return select(a.digest, a.kind, a.type, a.size, a.profile).where(ids(a.digest))


def _derivations(ids: Among) -> Select[Any]:
    return select(derivations).where(ids(derivations.c.artifact))


def _metrics(ids: Among) -> Select[Any]:
    m = metric_summaries.c
    return (
        select(m.execution_id, m.key, m.labels, m.last)
        .where(ids(m.execution_id))
        .order_by(m.execution_id, m.key, m.labels)
    )


def _bindings(ids: Among) -> Select[Any]:
    e = executions.c
    return select(e.reused_from, e.bindings).where(ids(e.reused_from)).distinct()


def _of_steps(numbers: Among) -> Select[Any]:
    e = executions.c
    first = cast(runs.c.number, BigInteger) * POSITIONS
    return (
        select(e.run_number, e.step, e.id, e.reused_from)
        .join_from(runs, executions, and_(e.id >= first, e.id < first + POSITIONS))
        .where(numbers(runs.c.number))
    )
