"""Connections, transactions, and a database's complaints in words that name the remedy.

Many threads may read and write at once: each transaction has a connection of its own, and
writers of one process queue for a lock before they queue for the database's.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from lineal.errors import CatalogBusy, ConfigurationError, StoreError, StoreUnwritable

from .glancing import Glance, ThroughSQLAlchemy, ThroughSQLite

BUSY_TIMEOUT = 60.0
"""Seconds to wait for another process before giving up."""

_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
_UNWRITABLE = (
    "SQLITE_FULL",
    "SQLITE_READONLY",
    "SQLITE_IOERR",
    "SQLITE_CANTOPEN",
    "SQLITE_PERM",
    "SQLITE_AUTH",
)
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_CROWDED = ("SQLITE_IOERR_SHM", "SQLITE_FULL", "SQLITE_CANTOPEN")
"""What SQLite says when there is no room for the file that its connections share."""

_of_parents: list[ThroughSQLite] = []
"""Kept for ever, as a connection must not even be closed on the other side of a fork."""


class Database:
    """An open database: hands out transactions for reading and for writing."""

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        try:
            self._url = make_url(url)
            self._busy_timeout = busy_timeout
            self._engine: Engine | None = _engine(self._url, busy_timeout)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise ConfigurationError(
                f"The catalog's URL {url!r} can't be used ({error}); an example of a good one "
                "is sqlite:////home/me/project/.lineal/catalog.db"
            ) from error
        self.name = self._url.database or str(self._url.render_as_string(hide_password=True))
        self._writer = threading.Lock()
        self._pid = os.getpid()
        self._closed = False
        self._glances: list[ThroughSQLite] = []
        """Kept at hand, as many as were in use at once."""

    @property
    def engine(self) -> Engine:
        """The engine, with no connection that a parent process also holds."""
        if self._engine is None:
            self._engine = _engine(self._url, self._busy_timeout, pooled=False)
        if os.getpid() != self._pid:
            # A connection used on both sides of a fork corrupts the database.
            self._engine.dispose(close=False)
            self._writer = threading.Lock()
            _of_parents.extend(self._glances)
            self._glances = []
            self._pid = os.getpid()
        return self._engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the catalog from first to last.

        Raises:
            CatalogBusy: When another process holds the catalog for too long.
            StoreUnwritable: When the file can't be opened.
        """
        with self._explained(), self._connect() as connection, connection.begin():
            yield connection

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except DBAPIError as error:
            if not _says(error.orig, _CROWDED):
                raise
            try:
                return _engine_alone(self._url).connect()
            except DBAPIError:
                raise error from None

    @contextmanager
    def glance(self, *, one_state: bool = True) -> Iterator[Glance]:
        """A transaction like `read`, for small questions that are asked often.

        Args:
            one_state: Whether all of them see the same state. Where there is but one, or what
                they ask for never changes, that is not worth beginning and ending it.

        Raises:
            CatalogBusy: When another process holds the catalog for too long.
            StoreUnwritable: When the file can't be opened.
        """
        with self._explained():
            glance = self._take_glance()
            if glance is None:
                with self.read() as connection:
                    yield ThroughSQLAlchemy(connection)
                return
            try:
                if one_state:
                    glance.begin()
                yield glance
                if one_state:
                    glance.commit()
            except BaseException:
                glance.close()
                raise
            if self._closed:
                glance.close()
            else:
                self._glances.append(glance)

    def _take_glance(self) -> ThroughSQLite | None:
        """One at hand or a new one; none where only `read` gets through."""
        engine = self.engine
        if self._glances:
            return self._glances.pop()
        if self._closed or engine.dialect.name != "sqlite":
            return None
        try:
            return ThroughSQLite(engine)
        except (DBAPIError, sqlite3.Error) as error:
            if not _says(getattr(error, "orig", error), _CROWDED):
                raise
            return None

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, and undone when it raises.

        Args:
            durable: Whether to wait for the disk. What is not durable is whole all the same,
                seen by all others at once, and durable with whatever is written next.

        Raises:
            CatalogBusy: When another process holds the catalog for too long.
            StoreUnwritable: When it is read-only, or its disk is full.
        """
        engine = self.engine
        with self._writer, self._explained(), engine.connect() as connection:
            connection.execution_options(lineal_writes=True, lineal_durable=durable)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let go of every connection; what is asked later has one while it is answered."""
        if self._closed:
            return
        engine = self.engine
        self._closed = True
        while self._glances:
            self._glances.pop().close()
        engine.dispose()
        self._engine = None

    def _explained(self) -> _Explained:
        return _Explained(self.name)


class _Explained:
    """A block whose complaints by the database are told in words that name the remedy."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, DBAPIError):
            raise _explanation(error.orig, self._name) from error
        if isinstance(error, sqlite3.Error):
            raise _explanation(error, self._name) from error


def _engine(url: URL, busy_timeout: float, *, pooled: bool = True) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url) if pooled else create_engine(url, poolclass=NullPool)
        event.listen(engine, "begin", _on_begin_elsewhere)
        return engine
    if not url.database or url.database == ":memory:":
        raise ArgumentError("a catalog in memory would be lost; name a file")
    path = Path(url.database)
    arguments: dict[str, Any] = {"timeout": busy_timeout, "check_same_thread": False}
    frozen = _is_frozen(path)
    if frozen:
        query = {"mode": "ro", "immutable": "1", "uri": "true"}
        url = url.set(database=path.absolute().as_uri(), query=query)
    elif pooled:
        path.parent.mkdir(parents=True, exist_ok=True)
    # More threads than this at once would wait for each other's short reads.
    pool: dict[str, Any] = {"pool_size": 8, "max_overflow": 56}
    engine = create_engine(
        url, connect_args=arguments, **(pool if pooled else {"poolclass": NullPool})
    )
    event.listen(engine, "connect", _on_frozen if frozen else _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _engine_alone(url: URL) -> Engine:
    """For reading where the disk is full: a connection that shares the file with no other.

    Connections to a file in WAL mode share an index of its log in a file of its own, which
    takes room even to read. One that has the file to itself keeps that index in memory
    (https://www.sqlite.org/wal.html#use_of_wal_without_shared_memory).
    """
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": 5.0})
    event.listen(engine, "connect", _on_alone)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_alone(connection: Any, _record: Any) -> None:
    _on_frozen(connection, _record)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE").close()
    connection.execute("SELECT count(*) FROM sqlite_master").close()


def _is_frozen(path: Path) -> bool:
    """Whether a catalog can be read and never change: it lies where nothing can be written.

    SQLite needs a file of its own beside one in WAL mode, even to read it, unless told that
    nobody writes. What waits in a log could then not be read, so such a catalog is left alone.
    """
    if not path.is_file() or os.access(path.parent, os.W_OK):
        return False
    log = Path(f"{path}-wal")
    return not log.exists() or log.stat().st_size == 0


def _on_frozen(connection: Any, _record: Any) -> None:
    """Make a connection to a file that can't change ready to be read."""
    connection.isolation_level = None
    connection.create_function("lower", 1, _lower, deterministic=True)


def _on_connect(connection: Any, _record: Any) -> None:
    """Make a new SQLite connection durable, strict, and ours to begin transactions on."""
    connection.isolation_level = None
    connection.create_function("lower", 1, _lower, deterministic=True)
    cursor = connection.cursor()
    try:
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA cache_size = -16000")
    finally:
        cursor.close()


def _lower(value: Any) -> Any:
    """SQLite's own ``lower`` knows the English alphabet only."""
    return value.lower() if isinstance(value, str) else value


def _on_begin(connection: Connection) -> None:
    """Take the write lock first: a reader that turns writer could not wait for it."""
    options = connection.get_execution_options()
    writes = options.get("lineal_writes", False)
    if writes and connection.info.get("durable", True) is not options["lineal_durable"]:
        durable = connection.info["durable"] = options["lineal_durable"]
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_begin_elsewhere(connection: Connection) -> None:
    if not connection.get_execution_options().get("lineal_durable", True):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _says(origin: BaseException | None, codes: tuple[str, ...]) -> bool:
    """Whether SQLite complains of one of these."""
    return str(getattr(origin, "sqlite_errorname", "")).startswith(codes)


def _explanation(origin: BaseException | None, name: str) -> Exception:
    """What a database's complaint means to whoever has to mend it."""
    if _says(origin, _BUSY):
        return CatalogBusy(
            f"Another process has held the catalog {name} for too long ({origin}); "
            "try again when it has finished."
        )
    if _says(origin, _UNWRITABLE):
        return StoreUnwritable(
            f"The catalog {name} can't be written ({origin}); check the permissions of its "
            "folder and the space left on its disk. What was recorded before is kept."
        )
    if _says(origin, _DAMAGED):
        return StoreError(
            f"{name} is not a catalog, or is damaged ({origin}); restore it from a copy, or "
            "move it away to begin a new one."
        )
    return StoreError(f"The catalog {name} refused a statement: {origin}")
