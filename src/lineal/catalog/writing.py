"""Insert many rows at once: tuples in the order of a table's columns, or what a query finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table

from .dialect import upsert


def put(
    connection: Connection,
    table: Table,
    rows: Iterable[tuple[Any, ...]],
    *,
    replacing: Sequence[str] = (),
    where: str | None = None,
) -> None:
    """Insert rows in one call to the driver; see `upsert` for those already there.

    SQLAlchemy compiles the statement once; the rows then go to the driver as they are,
    because turning each into a dictionary would cost more than inserting it.
    """
    batch = list(rows)
    if not batch:
        return
    names = tuple(column.name for column in table.columns)
    text, order = _compiled(connection, table, tuple(replacing), where)
    if order is None:
        connection.exec_driver_sql(text, [dict(zip(names, row, strict=True)) for row in batch])
    else:
        assert order == names, "the driver wants the columns in the order of the table"
        connection.exec_driver_sql(text, batch)


def put_found(
    connection: Connection,
    table: Table,
    query: Callable[[Connection], Select[Any]],
    **parameters: Any,
) -> None:
    """Insert what a query finds, and pass over rows already there.

    Args:
        connection: A transaction that writes.
        table: Where to insert.
        query: Makes the query, whose columns are in the order of the table's. It is called and
            compiled once: SQLAlchemy would compile an `upsert` anew each time.
        parameters: What the query binds.
    """
    dialect = connection.dialect
    key = (dialect.name, dialect.paramstyle, table.name, query)
    known = _insertions.get(key)
    if known is None:
        compiled = upsert(connection, table, query(connection)).compile(dialect=dialect)
        order = getattr(compiled, "positiontup", None)
        known = str(compiled), None if order is None else tuple(order), dict(compiled.params)
        _insertions[key] = known
    text, order, defaults = known
    given = {**defaults, **parameters}
    connection.exec_driver_sql(text, given if order is None else tuple(given[n] for n in order))


_insertions: dict[tuple[Any, ...], tuple[str, tuple[str, ...] | None, dict[str, Any]]] = {}
_texts: dict[tuple[Any, ...], tuple[str, tuple[str, ...] | None]] = {}


def _compiled(
    connection: Connection,
    table: Table,
    replacing: tuple[str, ...],
    where: str | None,
) -> tuple[str, tuple[str, ...] | None]:
    """The statement's text, and the order of its parameters when they go by place."""
    dialect = connection.dialect
    key = (dialect.name, dialect.paramstyle, table.name, replacing, where)
    found = _texts.get(key)
    if found is None:
        names = [column.name for column in table.columns]
        statement = upsert(connection, table, replacing=replacing, where=where)
        compiled = statement.compile(dialect=dialect, column_keys=names)
        order = getattr(compiled, "positiontup", None)
        found = _texts[key] = (str(compiled), tuple(order) if order is not None else None)
    return found
