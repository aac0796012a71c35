"""The runs that executed nothing of an impact, but reused some of it.

A run that reused a step is named where it would be, had it executed the step: when it gave
the step what was reached. Data is the same wherever it was made. An equal common value is
not: a run that came to the same 2 by itself had nothing of where the other 2 came from.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, func, select

from .dialect import among, packed
from .flow import Flow, Start, Thing
from .reading import run_params_of, runs_of
from .runs import POSITIONS
from .statements import Among, Many, plain, read, read_plain
from .tables import executions


def reusing(
    connection: Connection,
    ids: Collection[int],
    by_value: Mapping[int, Mapping[str, str]],
    reached: Collection[Thing],
    but: Collection[int],
    *,
    most: int,
) -> Flow | None:
    """The runs that reused some executions and executed none of them; None where none did.

    Args:
        connection: A transaction that reads.
        ids: Executions.
        by_value: Of those that were given no data that was reached, inputs and digests by name.
        reached: The things that were reached.
        but: Numbers of runs to leave out.
        most: How many runs there may be.
    """
    passed = {id_ // POSITIONS for id_ in ids}.union(but)
    certain = [id_ for id_ in ids if id_ not in by_value]
    found = {row[0] for row in read_plain(connection, _reusing, certain)}
    found.update(_given(connection, by_value, reached, found | passed))
    numbers = sorted(found - passed)
    if not numbers:
        return None
    kept = Many(connection, numbers[:most])
    return Flow(
        start=Start(),
        runs=read(connection, runs_of, kept),
        run_params=read(connection, run_params_of, kept),
        only_reused=frozenset(numbers[:most]),
        truncated=len(numbers) > most,
    )


def _given(
    connection: Connection,
    by_value: Mapping[int, Mapping[str, str]],
    reached: Collection[Thing],
    but: Collection[int],
) -> Iterator[int]:
    """The runs that gave an execution which they reused a common value that was reached."""
    given: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for number, origin, bindings in read_plain(connection, _bindings, by_value):
        if number in but:
            continue
        bound = json.loads(bindings or "{}")
        for name, digest in by_value[origin].items():
            if isinstance(source := bound.get(name), list):
                given[number].append((source[0], digest))
    for number, values in given.items():
        makers = _makers(connection, number, {step for step, _ in values})
        if any((digest, makers.get(step)) in reached for step, digest in values):
            yield number


def _makers(connection: Connection, number: int, steps: Collection[str]) -> dict[str, int]:
    """By step of a run: its execution, or the one that it reused."""
    place = connection.dialect.name
    if place not in _statements:
        e = executions.c
        _statements[place] = select(e.step, func.coalesce(e.reused_from, e.id)).where(
            e.id >= bindparam("first", type_=BigInteger()),
            e.id < bindparam("beyond", type_=BigInteger()),
            among(connection, e.step, "steps"),
        )
    rows: Iterable[Any] = plain(
        connection,
        _statements[place],
        first=number * POSITIONS,
        beyond=(number + 1) * POSITIONS,
        steps=packed(connection, sorted(steps)),
    )
    return dict(rows)


_statements: dict[str, Select[Any]] = {}


# Statements; see `statements.read`.


def _reusing(ids: Among) -> Select[Any]:
    e = executions.c
    return select(e.run_number).where(ids(e.reused_from)).distinct()


def _bindings(ids: Among) -> Select[Any]:
    e = executions.c
    return (
        select(e.run_number, e.reused_from, e.bindings)
        .where(ids(e.reused_from))
        .order_by(e.run_number)
    )
