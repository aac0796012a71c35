"""The facade over leases: who executes which key now. Each method is one transaction.

At most one run holds a key with a seed. It says from time to time that it goes on; whoever
finds it silent for too long may take the key over, naming the lease that was seen, so that
of several who try only one does. A lease ends in the transaction that records what came of
the step, so nobody finds a key neither held nor recorded.

Times are the database's, so that the clocks of machines that share it need not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, or_, select, text, update

from lineal.digests.digest import Digest
from lineal.records import Execution, Lease, RunStatus

from .database import Database
from .dialect import among, is_sqlite, packed
from .glancing import Glance, ask
from .rows import moment
from .runs import POSITIONS, now
from .statements import Among, read_plain
from .tables import leases, runs
from .writing import put

FORGOTTEN = 86_400 * 1_000_000
"""Microseconds of silence after which a lease is swept away by the next run that ends."""


class Leases:
    """The leases of one catalog. Every method may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, run_number: int, wanted: Sequence[tuple[Digest, int]], over: Sequence[Lease] = ()
    ) -> list[Lease]:
        """Take keys with their seeds for a run; returns the leases others hold on them.

        Args:
            run_number: The run that is to hold them.
            wanted: Keys and seeds. What is held by another is left alone.
            over: Leases to take over; one that was renewed or replaced since is left alone.
        """
        with self._database.write(durable=False) as connection:
            for lease in over:
                connection.execute(delete(leases).where(_is(lease)))
            stamp = clock(connection)
            rows = [(key, str(seed), run_number, stamp, stamp) for key, seed in wanted]
            put(connection, leases, rows)
            others = _leases_of(
                read_plain(connection, _of_keys, [key for key, _ in wanted]),
                lambda: clock(connection),
            )
            return [x for x in others if x.run_number != run_number and (x.key, x.seed) in wanted]

    def held(self) -> list[Lease]:
        """All leases that there are: few, as each is of a step that is being executed."""
        with self._database.glance(one_state=False) as glance:
            return _leases_of(
                ask(glance, _all),
                lambda: now() if is_sqlite(glance) else int(ask(glance, _time)[0][0]),
            )

    def let_go(self, run_number: int) -> None:
        """Give up all that a run holds."""
        with self._database.write(durable=False) as connection:
            end_all(connection, run_number)


def renew(connection: Connection, run_number: int) -> int:
    """Say that a run goes on with all it holds; returns when that was, in microseconds."""
    stamp = clock(connection)
    connection.execute(
        update(leases).where(leases.c.run_number == run_number).values(renewed_at=stamp)
    )
    return stamp


def end(connection: Connection, executions: Iterable[Execution]) -> None:
    """End the leases that executions were made under."""
    by_run: dict[int, list[str]] = {}
    for e in executions:
        if e.key is not None:
            by_run.setdefault(e.id // POSITIONS, []).append(e.key)
    for number, keys in by_run.items():
        connection.execute(
            delete(leases).where(
                leases.c.run_number == number, among(connection, leases.c.key, "keys")
            ),
            {"keys": packed(connection, keys)},
        )


def end_all(connection: Connection, run_number: int) -> None:
    """End every lease of a run, and those that everybody has forgotten."""
    old = clock(connection) - FORGOTTEN
    connection.execute(
        delete(leases).where(or_(leases.c.run_number == run_number, leases.c.renewed_at < old))
    )


def _is(lease: Lease) -> ColumnElement[bool]:
    return and_(
        leases.c.key == lease.key,
        leases.c.seed == str(lease.seed),
        leases.c.run_number == lease.run_number,
        leases.c.renewed_at == lease.renewed_at,
    )


def _leases_of(rows: Iterable[Sequence[Any]], time: Callable[[], int]) -> list[Lease]:
    """The leases in rows of `_all`; the time is the database's."""
    found = list(rows)
    at = time() if found else 0
    return [
        Lease(
            key=Digest(key),
            seed=int(seed),
            run_number=number,
            run_name=name,
            host=host,
            pid=pid,
            run_started_at=moment(started),
            going=status == RunStatus.RUNNING.value,
            since=moment(taken),
            silent=(at - renewed) / 1e6,
            renewed_at=renewed,
        )
        for key, seed, number, taken, renewed, name, host, pid, started, status in found
    ]


# Statements, made once; see `glancing.ask` and `statements.read_plain`.

_TIME = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


def _all(_: Glance | Among) -> Select[Any]:
    held = (
        leases.c.key,
        leases.c.seed,
        leases.c.run_number,
        leases.c.taken_at,
        leases.c.renewed_at,
    )
    holder = (runs.c.name, runs.c.host, runs.c.pid, runs.c.started_at, runs.c.status)
    return select(*held, *holder).join_from(leases, runs)


def _of_keys(of: Among) -> Select[Any]:
    return _all(of).where(of(leases.c.key))


def _time(_: Glance) -> Select[Any]:
    return select(text(_TIME))


def clock(connection: Connection) -> int:
    """The database's time: this machine's where the database is a file of it."""
    if is_sqlite(connection):
        return now()
    return int(connection.execute(text(f"SELECT {_TIME}")).scalar_one())
