"""A lease: which run executes a key now, so that others wait for it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from lineal.digests.digest import Digest


class Lease(Struct, frozen=True, kw_only=True):
    """A key that a run executes now, with a seed."""

    key: Digest
    seed: int
    run_number: int
    run_name: str
    host: str
    pid: int
    run_started_at: datetime
    going: bool
    """Whether the run has not ended, as far as the catalog knows."""
    since: datetime
    silent: float
    """Seconds since the run last said that it goes on, by the database's clock."""
    renewed_at: int
    """When that was, in microseconds since 1970; tells two leases of one run apart."""
