"""Insert many rows at once, as tuples in the order of a table's columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table

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
