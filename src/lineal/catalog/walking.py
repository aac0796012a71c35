"""The recursive queries: ancestors and descendants of artifacts, each in one statement.

A walk goes from artifact to artifact: up, from what an execution generated to what it
used; down, the other way; and between a part and the whole that it was taken from. Plain
settings have digests as well but are no artifacts, so a walk does not go from one step to
another because both were given the number 3. UNION keeps every artifact once, so diamonds
are not walked twice and circles (a step may return what it was given) come to an end.

The nearest come first, because both databases work through a recursion level by level.
The statements are the same in both.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    select,
    true,
    union_all,
)

from .dialect import packed, values_of
from .tables import artifacts, derivations, generated, used

_REPEATS = 8
"""How often an artifact may be met again at other depths before a walk gives up."""

FILES = ("file", "tree")

is_data: ColumnElement[bool] = used.c.value.is_(None) | exists(
    # A path has a text too, but stands for what it names.
    select(literal_column("1")).where(
        artifacts.c.digest == used.c.artifact, artifacts.c.kind.in_(FILES)
    )
)
"""The condition that an input is an artifact and not a plain setting."""


def walk(
    connection: Connection, start: Iterable[str], *, up: bool, depth: int | None, limit: int
) -> tuple[dict[str, int], bool]:
    """The artifacts reached from some, nearest first, and whether the limit left any out.

    Args:
        connection: A transaction that reads.
        start: Digests, which are reached at once.
        up: Towards what they were made of; else towards what was made of them.
        depth: How many executions to pass; None for all.
        limit: How many artifacts to reach at the most.

    Returns:
        Depth by digest (0 throughout where no depth was asked for).
    """
    chosen: dict[str, Any] = {"start": packed(connection, start)}
    if depth is None:
        statement = _once(connection, up, bounded=False)
        rows = connection.scalars(statement, chosen | {"most": limit + 1}).all()
        return dict.fromkeys(rows[:limit], 0), len(rows) > limit
    chosen |= {"depth": depth, "rows": _REPEATS * limit + 1, "most": limit + 1}
    found = connection.execute(_once(connection, up, bounded=True), chosen).all()
    cut = len(found) > limit or sum(row.met for row in found) > _REPEATS * limit
    return {row.artifact: row.depth for row in found[:limit]}, cut


def stream(connection: Connection, start: Iterable[str], limit: int) -> Generator[str, None, None]:
    """The artifacts made of some, those included, as the database comes across them."""
    chosen = {"start": packed(connection, start), "most": limit}
    statement = _once(connection, up=False, bounded=False)
    options = {"stream_results": True}
    # On PostgreSQL this is a cursor on the server, which stays until it is closed.
    with connection.execute(statement, chosen, execution_options=options) as rows:
        for row in rows:
            yield row[0]


_statements: dict[tuple[str, bool, bool], Select[Any]] = {}


def _once(connection: Connection, up: bool, bounded: bool) -> Select[Any]:
    """The statement, made once: building it takes as long as a small walk."""
    place = (connection.dialect.name, up, bounded)
    if place not in _statements:
        walked = _recursion(connection, up=up, bounded=bounded)
        _statements[place] = _nearest(walked) if bounded else _all(walked)
    return _statements[place]


def _all(walked: CTE) -> Select[Any]:
    return select(walked.c.artifact).limit(bindparam("most"))


def _nearest(walked: CTE) -> Select[Any]:
    # The depth makes rows of one artifact differ, so it may be met more than once.
    met = select(walked.c.artifact, walked.c.depth).limit(bindparam("rows")).subquery("met")
    nearest = func.min(met.c.depth).label("depth")
    return (
        select(met.c.artifact, nearest, func.count().label("met"))
        .group_by(met.c.artifact)
        .order_by(nearest, met.c.artifact)
        .limit(bindparam("most"))
    )


def _recursion(connection: Connection, *, up: bool, bounded: bool) -> CTE:
    values = values_of(connection, "start", Text())
    first: list[ColumnElement[Any]] = [values.c.value.label("artifact")]
    if bounded:
        first.append(literal_column("0").label("depth"))
    walked = select(*first).cte("walk", recursive=True)
    # PostgreSQL lets a recursion name itself once. So every artifact is paired with two
    # ways to go on, through an execution and through a derivation, and each joins its own.
    way = union_all(
        select(literal_column("0").label("n")), select(literal_column("1").label("n"))
    ).subquery("way")
    through = walked.join(way, true())
    if up:
        through = through.join(
            generated,
            and_(way.c.n == literal_column("0"), generated.c.artifact == walked.c.artifact),
            isouter=True,
        ).join(used, and_(used.c.execution_id == generated.c.execution_id, is_data), isouter=True)
        flowed, derived = used.c.artifact, derivations.c.source
        here = derivations.c.artifact
    else:
        through = through.join(
            used,
            and_(way.c.n == literal_column("0"), used.c.artifact == walked.c.artifact, is_data),
            isouter=True,
        ).join(generated, generated.c.execution_id == used.c.execution_id, isouter=True)
        flowed, derived = generated.c.artifact, derivations.c.artifact
        here = derivations.c.source
    through = through.join(
        derivations, and_(way.c.n == literal_column("1"), here == walked.c.artifact), isouter=True
    )
    reached = case((way.c.n == literal_column("0"), flowed), else_=derived)
    again: list[ColumnElement[Any]] = [reached]
    if bounded:
        again.append(walked.c.depth + literal_column("1"))
    step = select(*again).select_from(through).where(reached.is_not(None))
    if bounded:
        step = step.where(walked.c.depth < bindparam("depth"))
    return walked.union(step)
