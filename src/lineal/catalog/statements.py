"""Statements that are made once per dialect and run with many ids in one parameter.

Building a statement takes SQLAlchemy longer than a small one takes to run, and a question
about lineage asks a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select

from .dialect import among, packed

Among = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Makes the condition that a column holds one of the ids."""
Builder = Callable[[Among], Select[Any] | CompoundSelect[Any]]

_made: dict[tuple[str, Builder], Select[Any] | CompoundSelect[Any]] = {}


def read(connection: Connection, builder: Builder, ids: Iterable[Any]) -> Sequence[Any]:
    """The rows that a statement finds for some ids; none for none."""
    found = _execute(connection, builder, ids)
    return () if found is None else found.all()


def read_plain(
    connection: Connection, builder: Builder, ids: Iterable[Any]
) -> Sequence[tuple[Any, ...]]:
    """The same as the driver's own tuples: for thousands of rows of texts and numbers.

    SQLAlchemy's rows know their columns by name, and take longer to make than to find.
    """
    found = _execute(connection, builder, ids)
    if found is None:
        return ()
    rows: Sequence[tuple[Any, ...]] = found.cursor.fetchall()
    found.close()
    return rows


def _execute(connection: Connection, builder: Builder, ids: Iterable[Any]) -> Any:
    chosen = list(ids)
    if not chosen:
        return None
    place = (connection.dialect.name, builder)
    if place not in _made:
        _made[place] = builder(lambda of: among(connection, of, "ids"))
    return connection.execute(_made[place], {"ids": packed(connection, chosen)})
