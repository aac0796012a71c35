"""Environments: written once each, shared by the runs that happened in them."""

from __future__ import annotations

from sqlalchemy import Connection, select

from lineal.digests.digest import Digest
from lineal.errors import ReferenceNotFound
from lineal.records import Environment

from .rows import environment_of, environment_row
from .tables import environments
from .writing import put


def record_environment(connection: Connection, environment: Environment) -> None:
    """Write an environment unless it is known."""
    put(connection, environments, [environment_row(environment)])


def environment(connection: Connection, digest: Digest) -> Environment:
    """An environment by its digest.

    Raises:
        ReferenceNotFound: When the catalog does not know it.
    """
    statement = select(environments).where(environments.c.digest == digest)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise ReferenceNotFound(f"No environment answers to {digest} in the catalog.")
    return environment_of(row)
