"""Glances: small questions that are asked once a step, at next to no cost.

SQLAlchemy takes several times as long to send a small statement as SQLite to answer it. So
a statement is compiled once, and then goes to a connection of the driver's own that is kept
at hand. What comes back are plain tuples, as the driver has them: booleans may be 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Dialect, Engine, Select


class Glance(Protocol):
    """A transaction in which small questions are asked."""

    @property
    def dialect(self) -> Dialect:
        """In which statements have to be spoken."""

    def ask(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement that is the same object each time; its parameters by name."""


_made: dict[tuple[str, Callable[[Glance], Select[Any]]], Select[Any]] = {}


def ask(
    glance: Glance, builder: Callable[[Glance], Select[Any]], **parameters: Any
) -> Sequence[Sequence[Any]]:
    """The rows of the statement that a builder makes, once per dialect."""
    place = (glance.dialect.name, builder)
    if place not in _made:
        _made[place] = builder(glance)
    return glance.ask(_made[place], parameters)


class ThroughSQLAlchemy:
    """Asks over a connection like any other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        """Of the connection."""
        return self._connection.dialect

    def ask(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement."""
        return self._connection.execute(statement, parameters).all()


class ThroughSQLite:
    """Asks the driver itself."""

    def __init__(self, engine: Engine) -> None:
        self.dialect = engine.dialect
        self._fairy = engine.raw_connection()
        self._driver: Any = self._fairy.dbapi_connection
        self._texts: dict[Select[Any], tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def ask(self, statement: Select[Any], parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        """The rows of a statement."""
        known = self._texts.get(statement)
        if known is None:
            compiled = statement.compile(dialect=self.dialect)
            order = tuple(getattr(compiled, "positiontup", None) or ())
            known = self._texts[statement] = str(compiled), order, dict(compiled.params)
        text, order, defaults = known
        given = [parameters[name] if name in parameters else defaults[name] for name in order]
        return self._driver.execute(text, given).fetchall()  # type: ignore[no-any-return]

    def begin(self) -> None:
        """See one state of the catalog until `commit`; close it if that fails."""
        self._driver.execute("BEGIN")

    def commit(self) -> None:
        """See what is new again."""
        self._driver.execute("COMMIT")

    def close(self) -> None:
        """Close the connection, whose pool may have been disposed of by now."""
        self._fairy.detach()
        self._fairy.close()
