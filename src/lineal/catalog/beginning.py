"""Where a walk begins: the executions next to what was asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    Select,
    Text,
    bindparam,
    select,
    union_all,
)

from .dialect import at_most, packed, values_of
from .flow import Start
from .statements import Among, plain, read_plain
from .tables import common_values, derivations, generated, matched, used
from .walking import direct, is_data, is_telling


def above(connection: Connection, start: Start) -> list[int]:
    """The executions that made the artifacts of a start, or wholes that these are parts of.

    Of a common value only the one that is meant, where one is; see `Start.pins`.
    """
    pinned = _pinned(connection, start)
    asked = [digest for digest in start.artifacts if digest not in pinned]
    wholes = [row[1] for row in read_plain(connection, _wholes, asked)]
    makers = read_plain(connection, _makers, [*asked, *wholes])
    return list(dict.fromkeys([*pinned.values(), *(row[0] for row in makers)]))


def below(connection: Connection, start: Start, most: int | None) -> list[int]:
    """The executions that used the artifacts of a start, or what its executions made.

    Args:
        connection: A transaction that reads.
        start: What was asked about.
        most: How many there may be; None for all.
    """
    pinned = _pinned(connection, start)
    asked = [digest for digest in start.artifacts if digest not in pinned]
    found: dict[int, None] = {}
    if asked:
        found.update(dict.fromkeys(_users(connection, asked, most)))
    for digest, maker in pinned.items():
        users = read_plain(connection, _users_of_makers, [maker])
        found.update((row[0], None) for row in users if row[1] == digest)
    if start.executions:
        found.update(dict.fromkeys(direct(connection, start.executions, most)))
    return list(found)[:most]


def _pinned(connection: Connection, start: Start) -> dict[str, int]:
    """The common values of a start of which one execution's is meant."""
    pins = {digest: maker for digest, maker in start.pins if digest in start.artifacts}
    common = [row[0] for row in read_plain(connection, _common, pins)]
    return {digest: pins[digest] for digest in common}


_statements: dict[str, Select[tuple[int]]] = {}


def _users(connection: Connection, digests: Sequence[str], most: int | None) -> list[int]:
    """The executions that used some content, or a part of it."""
    place = connection.dialect.name
    if place not in _statements:
        values = values_of(connection, "digests", Text())
        part, u = derivations.c, used.c
        ways = union_all(
            select(u.execution_id)
            .join_from(values, used, u.artifact == values.c.value)
            .where(is_data),
            select(u.execution_id)
            .join_from(values, derivations, part.source == values.c.value)
            .join(generated, generated.c.artifact == part.source)
            .join(used, u.artifact == part.artifact)
            .where(u.source_execution == generated.c.execution_id),
            select(u.execution_id)
            .join_from(values, derivations, part.source == values.c.value)
            .join(used, u.artifact == part.artifact)
            .where(u.value.is_(None), is_telling(part.artifact)),
            select(matched.c.execution_id).join_from(
                values, matched, matched.c.artifact == values.c.value
            ),
        ).subquery("ways")
        limit = bindparam("most", type_=BigInteger())
        _statements[place] = select(ways.c.execution_id).limit(limit)
    chosen = {"digests": packed(connection, digests), "most": at_most(connection, most)}
    rows = plain(connection, _statements[place], **chosen)
    return list(dict.fromkeys(row[0] for row in rows))


# Statements; see `statements.read`.


def _makers(digests: Among) -> Select[tuple[int]]:
    g = generated.c
    return select(g.execution_id).where(digests(g.artifact)).order_by(g.execution_id)


def _wholes(digests: Among) -> Select[tuple[str, str]]:
    return select(derivations).where(digests(derivations.c.artifact))


def _common(digests: Among) -> Select[tuple[str]]:
    return select(common_values.c.digest).where(digests(common_values.c.digest))


def _users_of_makers(makers: Among) -> CompoundSelect[Any]:
    """Who used what executions made, or a part of it, with what these made."""
    g, u, part = generated.c, used.c, derivations.c
    return union_all(
        select(u.execution_id, g.artifact)
        .join_from(generated, used, u.artifact == g.artifact)
        .where(makers(g.execution_id), u.source_execution == g.execution_id),
        select(u.execution_id, g.artifact)
        .join_from(generated, derivations, part.source == g.artifact)
        .join(used, u.artifact == part.artifact)
        .where(makers(g.execution_id), u.source_execution == g.execution_id),
        select(matched.c.execution_id, matched.c.artifact).where(
            makers(matched.c.source_execution)
        ),
        select(matched.c.execution_id, part.source)
        .join_from(matched, derivations, part.artifact == matched.c.artifact)
        .where(makers(matched.c.source_execution)),
    )
