"""Statements that are made once per dialect and run with many ids in one parameter.

Building a statement takes SQLAlchemy longer than a small one takes to run, and a question
about lineage asks a dozen.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Boolean, ColumnElement, CompoundSelect, Connection, Select

from .dialect import among, each_of, is_sqlite, packed

Statement = Select[Any] | CompoundSelect[Any]


class Among:
    """Makes the condition that a column holds one of the ids."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, of: ColumnElement[Any]) -> ColumnElement[bool]:
        """Rows come in the order of the column, where it has an index."""
        return among(self._connection, of, "ids")

    def each(self, of: ColumnElement[Any]) -> ColumnElement[bool]:
        """Rows come in any order."""
        return each_of(self._connection, of, "ids")


Builder = Callable[[Among], Statement]

_made: dict[tuple[str, Builder], Statement] = {}
_texts: dict[Statement, tuple[str, tuple[str, ...], dict[str, Any]]] = {}
"""What SQLite's driver is sent, the order of its parameters, and those that are given."""
_shapes: dict[Statement, tuple[Callable[..., Any], tuple[int, ...]]] = {}
"""What makes a row with names of the values in it, and which of these are booleans."""


class Many:
    """Ids that several statements are asked for, made one parameter once."""

    def __init__(self, connection: Connection, ids: Iterable[Any]) -> None:
        chosen = list(dict.fromkeys(ids))
        self.none = not chosen
        self.packed = packed(connection, chosen)


def read(
    connection: Connection, builder: Builder, ids: Iterable[Any] | Many, **parameters: Any
) -> Sequence[Any]:
    """The rows that a statement finds for some ids, by the names of its columns; none for none.

    Args:
        connection: A transaction.
        builder: Makes the statement.
        ids: What its condition `Among` stands for.
        parameters: What else it binds.
    """
    many = ids if isinstance(ids, Many) else Many(connection, ids)
    if many.none:
        return ()
    return named(connection, _once(connection, builder), ids=many.packed, **parameters)


def read_plain(
    connection: Connection, builder: Builder, ids: Iterable[Any] | Many
) -> Sequence[tuple[Any, ...]]:
    """The same as the driver's own tuples: for thousands of rows of texts and numbers."""
    many = ids if isinstance(ids, Many) else Many(connection, ids)
    if many.none:
        return ()
    return plain(connection, _once(connection, builder), ids=many.packed)


def plain(
    connection: Connection, statement: Statement, **parameters: Any
) -> Sequence[tuple[Any, ...]]:
    """The rows of a statement that is the same object each time, as the driver has them.

    SQLAlchemy takes longer to send a small statement than SQLite to answer it, and longer to
    make rows that know their columns than to find them. Booleans may be 0 and 1.
    """
    if not is_sqlite(connection):
        found: Any = connection.execute(statement, parameters)
        rows: Sequence[tuple[Any, ...]] = found.cursor.fetchall()
        found.close()
        return rows
    known = _texts.get(statement)
    if known is None:
        compiled = statement.compile(dialect=connection.dialect)
        order = tuple(getattr(compiled, "positiontup", None) or ())
        known = _texts[statement] = str(compiled), order, dict(compiled.params)
    text, order, defaults = known
    given = [parameters[name] if name in parameters else defaults[name] for name in order]
    driver: Any = connection.connection.dbapi_connection
    return driver.execute(text, given).fetchall()  # type: ignore[no-any-return]


def named(connection: Connection, statement: Statement, **parameters: Any) -> Sequence[Any]:
    """The same as rows that know the names of the columns, with booleans as such."""
    rows = plain(connection, statement, **parameters)
    if not rows:
        return ()
    shape = _shapes.get(statement)
    if shape is None:
        columns = list(statement.selected_columns)
        row = namedtuple("Row", [c.key for c in columns])  # type: ignore[misc]  # noqa: PYI024
        booleans = tuple(i for i, c in enumerate(columns) if isinstance(c.type, Boolean))
        shape = _shapes[statement] = row, booleans
    make, booleans = shape
    if not booleans:
        return [make(*values) for values in rows]
    return [
        make(*(bool(value) if i in booleans else value for i, value in enumerate(values)))
        for values in rows
    ]


def _once(connection: Connection, builder: Builder) -> Statement:
    place = (connection.dialect.name, builder)
    if place not in _made:
        _made[place] = builder(Among(connection))
    return _made[place]
