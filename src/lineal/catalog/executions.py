"""Executions read back as records.

A reused execution is one row that names the execution whose outputs it reused; everything
that the shared key decides is read from there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from lineal.digests.digest import Digest
from lineal.records import Execution, Input, Output

from .dialect import among, packed
from .rows import execution_of, input_of
from .runs import POSITIONS
from .tables import execution_params, execution_tags, executions, generated, runs, used


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
