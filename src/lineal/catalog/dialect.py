"""The one place that knows in which SQL dialect the catalog is spoken."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Subquery,
    Table,
    TableValuedAlias,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.dml import Insert
from sqlalchemy.types import TypeEngine


class Speaker(Protocol):
    """A connection, or what stands for one."""

    @property
    def dialect(self) -> Dialect:
        """The dialect that it speaks."""


def is_sqlite(connection: Speaker) -> bool:
    """Whether the connection speaks SQLite's dialect; else it is PostgreSQL's."""
    return connection.dialect.name == "sqlite"


def among(
    connection: Speaker, of: ColumnElement[Any] | Column[Any], name: str
) -> ColumnElement[bool]:
    """The condition that a column holds one of many values, bound as one parameter.

    One parameter keeps the statement the same however many values there are, and past
    the limit that a database sets on parameters. Bind ``packed(connection, values)``.
    """
    if is_sqlite(connection):
        values = func.json_each(bindparam(name)).table_valued(column("value"))
        return of.in_(select(values.c.value))
    return of == any_(bindparam(name, type_=ARRAY(of.type)))


def each_of(
    connection: Speaker, of: ColumnElement[Any] | Column[Any], name: str
) -> ColumnElement[bool]:
    """The same for values of which none is there twice, in no order: quicker for long texts.

    SQLite looks each value up as it comes, and need not sort them first.
    """
    if is_sqlite(connection):
        values = func.json_each(bindparam(name)).table_valued(column("value"))
        return of == values.c.value
    return among(connection, of, name)


def packed(connection: Speaker, values: Iterable[str] | Iterable[int]) -> Any:
    """Many values as the one parameter of `among` or `each_of`."""
    return json.dumps(list(values)) if is_sqlite(connection) else list(values)


def at_most(connection: Speaker, most: int | None) -> int | None:
    """How many rows, as the parameter of a limit; None for all."""
    return -1 if most is None and is_sqlite(connection) else most


def upsert(
    connection: Connection,
    table: Table,
    rows: Select[Any] | None = None,
    *,
    replacing: Sequence[str] = (),
    where: str | None = None,
) -> Insert:
    """An insertion that passes over rows already there, or replaces some of their columns.

    Args:
        connection: Says which dialect to speak.
        table: Where to insert; its primary key decides what is already there.
        rows: What to insert, in the order of the table's columns; else rows are given later.
        replacing: The columns to take from the new row; none passes the row over.
        where: A column that must be empty in the old row and filled in the new one for
            anything to be replaced.
    """
    key = [c.name for c in table.primary_key]
    build = sqlite_insert if is_sqlite(connection) else postgresql_insert
    statement = build(table)
    if rows is not None:
        statement = statement.from_select([c.name for c in table.columns], rows)
    if not replacing:
        return statement.on_conflict_do_nothing()
    condition = None
    if where is not None:
        condition = table.c[where].is_(None) & statement.excluded[where].is_not(None)
    return statement.on_conflict_do_update(
        index_elements=key,
        set_={name: statement.excluded[name] for name in replacing},
        where=condition,
    )


def like(connection: Connection, of: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """SQL's LIKE, in which case counts; ``%`` and ``_`` are the only special signs."""
    if is_sqlite(connection):
        # SQLite's own LIKE takes no notice of case, its GLOB does.
        signs = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
        return of.op("GLOB", is_comparison=True)("".join(signs.get(c, c) for c in pattern))
    return of.like(pattern.replace("\\", "\\\\"))


def ilike(connection: Connection, of: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """LIKE without regard to case, in every alphabet."""
    if not is_sqlite(connection):
        pattern = pattern.replace("\\", "\\\\")
    return func.lower(of).like(pattern.lower())


def values_of(connection: Connection, name: str, type_: TypeEngine[Any]) -> TableValuedAlias:
    """Many values, bound as one parameter, as a table with the one column ``value``."""
    if is_sqlite(connection):
        return func.json_each(bindparam(name)).table_valued(column("value", type_))
    many = func.unnest(bindparam(name, type_=ARRAY(type_))).table_valued(column("value", type_))
    # PostgreSQL calls the column after the function unless it is told a name for it.
    return many.render_derived()


def rows_of(
    connection: Connection, parameter: str, /, **columns: TypeEngine[Any]
) -> Subquery | TableValuedAlias:
    """Many rows, bound as one JSON text of a list of objects, as a table of these columns."""
    if is_sqlite(connection):
        rows = func.json_each(bindparam(parameter)).table_valued(column("value"))
        inner = [
            func.json_extract(rows.c.value, f"$.{word}", type_=type_).label(word)
            for word, type_ in columns.items()
        ]
        return select(*inner).subquery(f"{parameter}_rows")
    wanted = [column(word, type_) for word, type_ in columns.items()]
    return (
        func.jsonb_to_recordset(cast(bindparam(parameter, type_=Text()), JSONB))
        .table_valued(*wanted)
        .render_derived(name=f"{parameter}_rows", with_types=True)
    )


def exclude_others(connection: Connection, word: str) -> None:
    """Until the transaction ends, keep other writers that say the same word waiting.

    SQLite has one writer at a time as it is.
    """
    if not is_sqlite(connection):
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(word, 0))))
