"""Statements that are made once per dialect and run with many ids in one parameter.

Building a statement takes SQLAlchemy longer than a small one takes to run, and a question
about lineage asks a dozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select

from .dialect import among, packed

Among = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Makes the condition that a column holds one of the ids."""
Builder = Callable[[Among], Select[Any]]

_made: dict[tuple[str, Builder], Select[Any]] = {}


def read(connection: Connection, builder: Builder, ids: Iterable[Any]) -> Sequence[Any]:
    """The rows that a statement finds for some ids; none for none."""
    chosen = list(ids)
    if not chosen:
        return ()
    place = (connection.dialect.name, builder)
    if place not in _made:
        _made[place] = builder(lambda of: among(connection, of, "ids"))
    return connection.execute(_made[place], {"ids": packed(connection, chosen)}).all()
