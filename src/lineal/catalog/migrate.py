"""Bring a catalog to the tables of this version: create them, upgrade them, or refuse.

A new catalog is created straight from `tables` and stamped with the newest revision, which
a test proves to be what running every migration gives. Alembic is imported only where an
upgrade is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect

from lineal.errors import StoreError, StoreVersionError

from .database import Database
from .tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

REVISIONS = ("0001", "0002", "0003", "0004")
"""Every revision there has been, oldest first; a test compares it with the migrations."""

MIGRATIONS = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database) -> None:
    """Create or upgrade the tables; nothing is written when they are as they should be.

    Raises:
        StoreVersionError: When a newer version of lineal has upgraded the catalog.
        StoreError: When the file holds the tables of something else.
    """
    with database.read() as connection:
        if _revision(connection, database.name) == REVISIONS[-1]:
            return
    with database.write() as connection:
        # Another process may have done it while this one waited.
        found = _revision(connection, database.name)
        if found is None:
            _create(connection)
        elif found != REVISIONS[-1]:
            upgrade(connection)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the transaction that is open."""
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{REVISIONS[-1]}')")  # noqa: S608


def _revision(connection: Connection, name: str) -> str | None:
    """The revision the tables are at: empty before the first, None where there are none."""
    inspector = inspect(connection)
    if not inspector.has_table("alembic_version"):
        if inspector.get_table_names():
            raise StoreError(
                f"{name} holds the tables of something else than a catalog; name another file."
            )
        return None
    rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version").fetchall()
    found = str(rows[0][0]) if rows else ""
    if found and found not in REVISIONS:
        raise StoreVersionError(
            f"The catalog {name} is at revision {found}, which this lineal does not know: a "
            "newer one wrote it. Upgrade lineal to open it; nothing has been changed."
        )
    return found


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
