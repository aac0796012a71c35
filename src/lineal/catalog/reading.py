"""What flowed between executions, and lean facts about it, as rows: one query a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, case, exists, literal_column, or_, select

from lineal.digests.digest import Digest

from .flow import Flow, Rows, Start, Thing
from .naming import names_of
from .runs import POSITIONS
from .statements import Among, Many, read, read_plain
from .tables import (
    artifacts,
    dataset_versions,
    derivations,
    executions,
    generated,
    matched,
    metric_summaries,
    model_versions,
    run_params,
    runs,
    used,
)
from .varying import of_keys
from .walking import FILES, is_common


class Flowed:
    """What flowed into some executions, and out of them."""

    def __init__(self, connection: Connection, start: Start, ids: Collection[int]) -> None:
        self._connection = connection
        self.count = len(ids)
        self._start = start
        self.ids = Many(connection, ids)
        given: Rows = read_plain(connection, _used, self.ids)
        self.generated: Rows = read_plain(connection, _generated, self.ids)
        self.matched: Rows = read_plain(connection, _matched, self.ids)
        met = {row[2] for row in given}.union(start.artifacts, [row[2] for row in self.generated])
        known = {row[0]: row for row in read_plain(connection, _artifacts, met)}
        self._artifacts = known
        self.files = frozenset([digest for digest, row in known.items() if row[1] in FILES])
        """The artifacts that are files or folders."""
        self.used: Rows
        """The inputs that are artifacts; the others are plain settings."""
        self.used, self.settings = _apart(given, self.files)
        unknown = [row[2] for row in self.used if row[2] not in known]
        mere = [row[2] for row in self.used if row[4] is not None and row[2] not in known]
        self.common = frozenset([*(digest for digest, row in known.items() if row[5]), *mere])
        """The digests by which nothing is joined: of common values, and of mere parts."""
        self._inputs = [*((r[0], r[2], r[4]) for r in self.used), *self.matched]
        """Execution, digest and maker."""
        parts = [digest for digest, row in known.items() if row[7]]
        parts += [*unknown, *(d for d in start.artifacts if d not in known)]
        self._wholes: dict[str, list[str]] = defaultdict(list)
        for part, whole in read_plain(connection, _derivations, parts):
            self._wholes[part].append(whole)

    def thing(self, digest: str, maker: int | None) -> Thing:
        """An artifact that was had from an execution, as the graph has it."""
        return (digest, maker) if digest in self.common else (digest, None)

    @cached_property
    def beginning(self) -> list[Thing]:
        """The things that were asked about by their content."""
        pins = dict(self._start.pins)
        things = []
        for digest in self._start.artifacts:
            if digest not in self.common or digest in pins:
                things.append(self.thing(digest, pins.get(digest)))
            elif self.count:
                things += self._wherever(digest)
            else:
                things.append((digest, None))
        return things

    def wholes(self) -> list[Thing]:
        """What the things that were asked about are parts of."""
        return [whole for thing in self.beginning for whole in self._holding(*thing)]

    def causes(self) -> dict[int, list[Thing]]:
        """By execution: what it used, and the wholes that this was a part of."""
        found: dict[int, list[Thing]] = defaultdict(list)
        common, wholes = self.common, self._wholes
        for execution, digest, maker in self._inputs:
            found[execution].append((digest, maker if digest in common else None))
            if digest in wholes:
                found[execution] += self._holding(digest, maker)
        return found

    def effects(self, reached: Collection[Thing]) -> dict[int, list[Thing]]:
        """By execution: what it made, and what it used as a part of something reached."""
        found: dict[int, list[Thing]] = defaultdict(list)
        for execution, _, digest in self.generated:
            found[execution].append(self.thing(digest, execution))
        if self._wholes:
            wholes = {*reached, *(thing for things in found.values() for thing in things)}
            for execution, digest, maker in self._inputs:
                if digest in self._wholes and wholes.intersection(self._holding(digest, maker)):
                    found[execution].append(self.thing(digest, maker))
        return found

    def made_by(self, ids: Iterable[int]) -> list[Thing]:
        """What some of the executions made."""
        wanted = set(ids)
        return [self.thing(row[2], row[0]) for row in self.generated if row[0] in wanted]

    def parts(self, things: Collection[Thing]) -> list[tuple[Thing, Thing]]:
        """The parts among some things, each with a whole that is among them too."""
        found: dict[tuple[Thing, Thing], None] = {}
        for _, digest, maker in self._inputs if self._wholes else ():
            part = self.thing(digest, maker)
            if part in things:
                wholes = (whole for whole in self._holding(digest, maker) if whole in things)
                found.update(((part, whole), None) for whole in wholes)
        for begun in (thing for thing in self.beginning if thing in things):
            found.update(((begun, w), None) for w in self._holding(*begun) if w in things)
        return list(found)

    def rows_of(self, digests: Iterable[str]) -> Rows:
        """The facts of artifacts that are recorded."""
        return [row for digest in digests if (row := self._artifacts.get(digest))]

    @cached_property
    def _outputs(self) -> set[tuple[int | None, str]]:
        """What the executions made, and those that parts of something were had from."""
        known = {row[0] for row in self.generated}
        makers = {maker for _, digest, maker in self._inputs if digest in self._wholes}
        further = read_plain(self._connection, _generated, makers - known - {None})
        return {(row[0], row[2]) for rows in (self.generated, further) for row in rows}

    def _holding(self, digest: str, maker: int | None) -> list[Thing]:
        """The wholes that an artifact was a part of: of data, all that hold the same."""
        return [
            self.thing(whole, maker)
            for whole in self._wholes.get(digest, ())
            if (digest not in self.common and whole not in self.common)
            or (maker, whole) in self._outputs
        ]

    def _wherever(self, digest: str) -> list[Thing]:
        """A common value, by all that made it, alone or in a whole, or that it was had from."""
        whole = {digest, *self._wholes.get(digest, ())}
        makers: list[int | None] = [row[0] for row in self.generated if row[2] in whole]
        makers += [
            maker
            for _, taken, maker in self._inputs
            if taken == digest
            or (taken in self._wholes and (digest, maker) in self._holding(taken, maker))
        ]
        return [(digest, maker) for maker in dict.fromkeys(makers)]


def _apart(given: Rows, files: Collection[str]) -> tuple[Rows, Rows]:
    """Of what executions were given, artifacts and plain settings."""
    inputs: list[Any] = []
    settings: list[Any] = []
    for row in given:
        (inputs if row[3] is None or row[2] in files else settings).append(row)
    return inputs, settings


def facts(
    connection: Connection,
    start: Start,
    flowed: Flowed,
    ids: Sequence[int],
    things: dict[Thing, None],
    *,
    named_below: bool,
    truncated: bool = False,
) -> Flow:
    """The rows of what was reached: some of the executions, and the things around them."""
    all_of_them = len(ids) == flowed.count
    chosen = flowed.ids if all_of_them else Many(connection, ids)
    ran = read_plain(connection, _executions, chosen)
    shown = {row[0] for row in ran}
    numbers = {id_ // POSITIONS for id_ in shown} | set(start.runs)
    digests = dict.fromkeys(digest for digest, _ in things)

    def of_these(rows: Rows) -> Rows:
        return rows if len(shown) == flowed.count else [row for row in rows if row[0] in shown]

    used = of_these(flowed.used)
    flow = Flow(
        start=start,
        things=things,
        common=flowed.common,
        digests=digests,
        artifacts=flowed.rows_of(digests),
        executions=ran,
        runs=read(connection, runs_of, numbers),
        run_params=read(connection, run_params_of, numbers),
        used=used,
        settings=of_these(flowed.settings),
        generated=of_these(flowed.generated),
        matched=of_these(flowed.matched),
        parts=flowed.parts(things),
        metrics=read_plain(connection, _metrics, chosen),
        paths=_paths(connection, used),
        nondeterministic=_nondeterministic(connection, ran),
        truncated=truncated,
    )
    return names_of(connection, flow, below=named_below)


def _nondeterministic(connection: Connection, ran: Rows) -> dict[int, tuple[int, ...]]:
    """Of executions whose key gave different content, the runs in which it did."""
    keys = {row[0]: row[8] for row in ran if row[8] is not None}
    runs_by_key: dict[str, tuple[int, ...]] = {}
    for found in of_keys(connection, map(Digest, keys.values())):
        runs_by_key[found.key] = (*runs_by_key.get(found.key, ()), *found.runs)
    return {id_: runs_by_key[key] for id_, key in keys.items() if key in runs_by_key}


def _paths(connection: Connection, used: Rows) -> Rows:
    """What files were called where the steps that read them were reused."""
    readers = {row[0] for row in used if row[3] is not None}
    return read(connection, _bindings, readers)


# Statements; see `statements.read`.

_NAMED = (dataset_versions, model_versions)


def _executions(ids: Among) -> Select[Any]:
    e, other = executions.c, executions.alias("other")
    again = exists(
        select(literal_column("1")).where(
            other.c.key == e.key,
            other.c.status == literal_column("'executed'"),
            other.c.id != e.id,
        )
    )
    return (
        select(
            e.id, e.step, e.task, e.status, e.code, e.started_at, e.finished_at,
            e.wall_seconds, case((again, e.key)),
        )
        # A reused execution only repeats what its origin did, and is not in the graph.
        .where(ids(e.id), e.reused_from.is_(None))
        .order_by(e.id)
    )  # fmt: skip


def runs_of(ids: Among) -> Select[Any]:
    """The rows of `Flow.runs`."""
    r = runs.c
    return (
        select(r.number, r.id, r.name, r.pipeline, r.started_at, r.user, r.environment)
        .where(ids(r.number))
        .order_by(r.number)
    )


def run_params_of(ids: Among) -> Select[Any]:
    """The rows of `Flow.run_params`."""
    return select(run_params).where(ids(run_params.c.run_number))


def _used(ids: Among) -> Select[Any]:
    u = used.c
    return (
        select(u.execution_id, u.name, u.artifact, u.value, u.source_execution)
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


def _matched(ids: Among) -> Select[Any]:
    m = matched.c
    return (
        select(m.execution_id, m.artifact, m.source_execution)
        .where(ids.each(m.execution_id))
        .order_by(m.execution_id, m.source_execution)
    )


def _artifacts(ids: Among) -> Select[Any]:
    a = artifacts.c
    named = or_(
        *(exists(select(literal_column("1")).where(t.c.artifact == a.digest)) for t in _NAMED)
    )
    part = exists(select(literal_column("1")).where(derivations.c.artifact == a.digest))
    return select(
        a.digest, a.kind, a.type, a.size, a.profile, is_common(a.digest), named, part
    ).where(ids.each(a.digest))  # fmt: skip


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
