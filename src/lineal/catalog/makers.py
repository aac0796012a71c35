"""Which execution a step's inputs were had from: its run's own, or the one that stood for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Text, and_, exists, or_, select

from lineal.records import Execution, Input

from .batch import Batch
from .dialect import among, packed, rows_of
from .rows import clean
from .runs import POSITIONS
from .tables import artifacts, common_values, executions, matched, used
from .writing import put_found


class Makers:
    """The makers of the outputs that the steps of a batch were given.

    A step's maker is its execution; where that was reused, the one it reused.
    """

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self._known = {(e.id // POSITIONS, e.step): e.reused_from or e.id for e in batch.executions}
        missing: dict[int, set[str]] = {}
        for e in batch.executions:
            for given in e.inputs:
                if given.source is None:
                    continue
                place = e.id // POSITIONS, given.source.step
                if place in self._known:
                    continue
                if (maker := batch.makers.get(place)) is not None:
                    self._known[place] = maker
                else:
                    missing.setdefault(place[0], set()).add(place[1])
        for number, steps in missing.items():
            self._look_up(connection, number, steps)

    def of(self, execution: Execution, given: Input) -> int | None:
        """The maker of an input; None for one from outside."""
        if given.source is None:
            return None
        return self._known.get((execution.id // POSITIONS, given.source.step))

    def _look_up(self, connection: Connection, number: int, steps: set[str]) -> None:
        e = executions.c
        statement = select(e.step, e.reused_from, e.id).where(
            e.id >= number * POSITIONS,
            e.id < (number + 1) * POSITIONS,
            among(connection, e.step, "steps"),
        )
        named = {clean(step): step for step in steps}
        for step, origin, id_ in connection.execute(
            statement, {"steps": packed(connection, sorted(named))}
        ):
            self._known[number, named[step]] = origin or id_


def note_matches(connection: Connection, reused: Sequence[Execution], makers: Makers) -> None:
    """Write where common values were had from by steps that were reused because of them.

    What a reused step was given equals what its origin used, and may have been made by
    another execution. Of data the content tells; of a common value nothing else would.
    """
    given = [
        {"origin": e.reused_from, "name": clean(i.name), "maker": maker}
        for e in reused
        for i in e.inputs
        if not i.ignored and (maker := makers.of(e, i)) is not None
    ]
    if given:
        put_found(connection, matched, _matches, told=json.dumps(given))


def _matches(connection: Connection) -> Select[Any]:
    told = rows_of(connection, "told", origin=BigInteger(), name=Text(), maker=BigInteger())
    u = used.c
    data = exists().where(
        artifacts.c.digest == u.artifact,
        ~exists().where(common_values.c.digest == artifacts.c.digest),
    )
    return (
        select(u.execution_id, u.artifact, told.c.maker)
        .join_from(told, used, and_(u.execution_id == told.c.origin, u.name == told.c.name))
        .where(or_(u.source_execution.is_(None), u.source_execution != told.c.maker), ~data)
        .distinct()
    )
