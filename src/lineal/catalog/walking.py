"""The recursive queries: from execution to execution along what really flowed, in one statement.

Up, an execution leads to those that made what it used: the ones it had its inputs from, and,
where an input is data, all others that made the same content. Down, it leads to those that
used what it made. A value that is a part of another leads to the whole, and the other way.
Plain settings have digests as well but are no artifacts, and a common value is followed
only where it was really had from, so a walk does not go from one step to another because
both had the number 3.

UNION keeps every execution once, so diamonds are not walked twice and circles (a step may
return what it was given) come to an end. The nearest come first, because both databases
work through a recursion level by level.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)

from .dialect import at_most, is_sqlite, packed, values_of
from .statements import plain
from .tables import artifacts, common_values, derivations, generated, matched, used

_REPEATS = 8
"""How often an execution may be met again at other depths before a walk gives up."""

FILES = ("file", "tree")

Here = ColumnElement[int]
Ways = Callable[[Here], list[Select[Any]]]

is_data: ColumnElement[bool] = used.c.value.is_(None) | exists(
    # A path has a text too, but stands for what it names.
    select(literal_column("1")).where(
        artifacts.c.digest == used.c.artifact,
        or_(*(artifacts.c.kind == literal_column(f"'{kind}'") for kind in FILES)),
    )
)
"""The condition that an input is an artifact and not a plain setting."""


def is_common(digest: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that equal content may have come from anywhere; see `common`."""
    return exists(select(literal_column("1")).where(common_values.c.digest == digest))


def is_telling(digest: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition that an artifact is recorded, and not as a common value.

    A part of an output that is not recorded itself is known to be no more than a part.
    """
    return exists(
        select(literal_column("1")).where(
            artifacts.c.digest == digest, not_(is_common(artifacts.c.digest))
        )
    )


def causes(here: Here) -> list[Select[Any]]:
    """The ways from an execution to those that made what it used, each a query."""
    u, part, whole = used.c, derivations.c, generated.alias("whole")
    from_whole = exists(
        select(literal_column("1")).where(
            whole.c.execution_id == u.source_execution, whole.c.artifact == part.source
        )
    )
    return [
        select(u.source_execution).where(u.execution_id == here, u.source_execution.is_not(None)),
        select(generated.c.execution_id)
        .join_from(used, generated, generated.c.artifact == u.artifact)
        .where(
            u.execution_id == here,
            is_data,
            not_(is_common(u.artifact)),
            # The first way leads to it already.
            generated.c.execution_id.is_distinct_from(u.source_execution),
        ),
        select(generated.c.execution_id)
        .join_from(used, derivations, part.artifact == u.artifact)
        .join(generated, generated.c.artifact == part.source)
        .where(
            u.execution_id == here,
            u.value.is_(None),
            or_(is_telling(u.artifact), and_(from_whole, not_(is_common(part.source)))),
        ),
        select(matched.c.source_execution).where(matched.c.execution_id == here),
    ]


def effects(here: Here) -> list[Select[Any]]:
    """The ways from an execution to those that used what it made, each a query."""
    g, u, part = generated.c, used.c, derivations.c
    made = g.execution_id == here
    also = generated.alias("also")
    return [
        select(u.execution_id)
        .join_from(generated, used, u.artifact == g.artifact)
        .where(made, is_data, not_(is_common(g.artifact))),
        select(u.execution_id)
        .join_from(generated, used, u.artifact == g.artifact)
        .where(made, u.source_execution == here, is_common(g.artifact)),
        select(u.execution_id)
        .join_from(generated, derivations, part.source == g.artifact)
        .join(also, also.c.artifact == part.source)
        .join(
            used,
            and_(u.artifact == part.artifact, u.source_execution == also.c.execution_id),
        )
        .where(made, or_(also.c.execution_id == here, not_(is_common(part.source)))),
        select(u.execution_id)
        .join_from(generated, derivations, part.source == g.artifact)
        .join(used, u.artifact == part.artifact)
        .where(made, u.value.is_(None), is_telling(part.artifact)),
        select(matched.c.execution_id).where(matched.c.source_execution == here),
    ]


def walk(
    connection: Connection, start: Iterable[int], *, up: bool, depth: int | None, limit: int
) -> list[int]:
    """The executions reached from some, these included, nearest first.

    Args:
        connection: A transaction that reads.
        start: Ids of executions.
        up: Towards what they were made of; else towards what was made of them.
        depth: How many executions to pass after these; None for all.
        limit: How many to reach at the most.
    """
    chosen: dict[str, Any] = {"start": packed(connection, start), "most": limit}
    statement = _once(connection, up, bounded=depth is not None)
    if depth is not None:
        chosen |= {"depth": depth, "rows": _REPEATS * limit}
    return [row[0] for row in plain(connection, statement, **chosen)]


def stream(connection: Connection, start: Iterable[int]) -> Generator[int, None, None]:
    """The executions that used what some made, those included, as the database meets them."""
    chosen = {"start": packed(connection, start), "most": at_most(connection, None)}
    statement = _once(connection, up=False, bounded=False)
    options = {"stream_results": True}
    # On PostgreSQL this is a cursor on the server, which stays until it is closed.
    with connection.execute(statement, chosen, execution_options=options) as rows:
        for row in rows:
            yield row[0]


def direct(connection: Connection, start: Iterable[int], limit: int | None) -> list[int]:
    """Some executions that used what others made, at once: a walk notes all of them first."""
    place = connection.dialect.name
    if place not in _direct_ones:
        values = values_of(connection, "start", BigInteger())
        ways = union_all(*effects(values.c.value)).subquery("ways")
        _direct_ones[place] = select(ways.c[0]).limit(bindparam("most"))
    chosen = {"start": packed(connection, start), "most": at_most(connection, limit)}
    rows = plain(connection, _direct_ones[place], **chosen)
    return list(dict.fromkeys(row[0] for row in rows))


_direct_ones: dict[str, Select[Any]] = {}
_statements: dict[tuple[str, bool, bool], Select[Any]] = {}


def _once(connection: Connection, up: bool, bounded: bool) -> Select[Any]:
    """The statement, made once: building it takes as long as a small walk."""
    place = (connection.dialect.name, up, bounded)
    if place not in _statements:
        walked = _recursion(connection, causes if up else effects, bounded=bounded)
        _statements[place] = _nearest(walked) if bounded else _all(walked)
    return _statements[place]


def _all(walked: CTE) -> Select[Any]:
    return select(walked.c.execution).limit(bindparam("most"))


def _nearest(walked: CTE) -> Select[Any]:
    # The depth makes rows of one execution differ, so it may be met more than once.
    met = select(walked.c.execution, walked.c.depth).limit(bindparam("rows")).subquery("met")
    nearest = func.min(met.c.depth)
    return (
        select(met.c.execution)
        .group_by(met.c.execution)
        .order_by(nearest, met.c.execution)
        .limit(bindparam("most"))
    )


def _recursion(connection: Connection, ways: Ways, *, bounded: bool) -> CTE:
    values = values_of(connection, "start", BigInteger())
    first: list[ColumnElement[Any]] = [values.c.value.label("execution")]
    if bounded:
        first.append(literal_column("0").label("depth"))
    walked = select(*first).cte("walk", recursive=True)
    further = [walked.c.depth + literal_column("1")] if bounded else []
    near = walked.c.depth < bindparam("depth") if bounded else true()
    steps = ways(walked.c.execution)
    if is_sqlite(connection):
        return walked.union(*(step.add_columns(*further).where(near) for step in steps))
    # PostgreSQL lets a recursion name itself once.
    reached = union_all(*(step.correlate(walked) for step in steps)).lateral("reached")
    return walked.union(
        select(reached.c[0], *further).select_from(walked.join(reached, true())).where(near)
    )
