"""Leases: a run holds the key of what it executes, so that other runs wait for it.

Taking a lease is a transaction, which would cost a quick step more than it takes itself.
So a task's first step takes one before it is executed, and so do all others as long as they
usually take `QUICK`; a quick task's step takes one only when it lasts that long. What
others hold is read at most once in `FRESH`. In that time two runs may begin the same quick
step: both execute it then, and both are recorded.

A lease is given up where the step's result is recorded. The run says that it goes on (see
`beating`); who falls silent, or is known to be gone, is taken over from.

No run ever holds a step back that it has a lease on, and a run inside a step waits for no
other, so two that hold and wait crosswise both go on.
"""

from __future__ import annotations

import socket
import time
from datetime import datetime

from lineal.catalog import Catalog
from lineal.digests.digest import Digest
from lineal.planning import Execute
from lineal.records import Cause, Lease, Reason

from .deciding import Decided
from .opening import process_lives

QUICK = 0.05
"""Seconds below which a step is over before others need to know of it."""
FRESH = 0.05
"""Seconds for which what others hold is taken to stay as it was read."""
SLOWEST = 0.5
"""Seconds between two looks at what is waited for, when it takes long."""
LIFE = 60.0
"""Seconds without a sign from a run after which its leases are lost."""
_AT_ONCE = (Cause.FORCED, Cause.NO_CACHE, Cause.UNCACHEABLE)
"""Why a step is executed whatever others do."""


def can_wait(decided: Decided) -> bool:
    """Whether a step would rather wait for another run than be executed."""
    decision = decided.decision
    return isinstance(decision, Execute) and decision.reason.cause not in _AT_ONCE


def is_gone(lease: Lease) -> bool:
    """Whether nobody will end a lease any more."""
    if not lease.going or lease.silent > LIFE:
        return True
    here = lease.host == socket.gethostname()
    return here and not process_lives(lease.pid, lease.run_started_at)


def reason_of(lease: Lease) -> Reason:
    """Who holds a lease, in words."""
    since = lease.since.astimezone()
    shown = since.strftime("%H:%M:%S" if since.date() == datetime.now().date() else "%F %H:%M:%S")  # noqa: DTZ005
    return Reason(
        cause=Cause.HELD,
        text=f"Run #{lease.run_number} {lease.run_name} has been executing it since {shown}"
        f" (process {lease.pid} on {lease.host}).",
    )


class Others:
    """What other runs hold, as it was read a moment ago."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.but: int | None = None
        """The run that these are others to."""
        self._read_at = float("-inf")
        self._held: dict[tuple[Digest, int], Lease] = {}

    def holder(self, decided: Decided) -> Lease | None:
        """The lease of another run on what a step that can wait needs."""
        if decided.key is None or not can_wait(decided):
            return None
        now = time.monotonic()
        if now - self._read_at > FRESH:
            self.look()
        return self._held.get((decided.key.digest, decided.seed))

    def look(self) -> None:
        """Read what others hold now."""
        self._held = {
            (lease.key, lease.seed): lease
            for lease in self._catalog.leases.held()
            if lease.run_number != self.but and not is_gone(lease)
        }
        self._read_at = time.monotonic()


class Leases:
    """The leases of one run. All is called on the thread that drives it."""

    def __init__(self, catalog: Catalog, *, waits: bool) -> None:
        self._catalog = catalog
        self._run_number = 0
        self._waits = waits
        self._others = Others(catalog)
        self._usual: dict[str, float] = {}
        """By task: how long its steps took, the latest counting most."""
        self._mine: set[tuple[Digest, int]] = set()
        self._begun: dict[int, tuple[float, Decided]] = {}
        """By position: steps under way that hold no lease yet, and since when."""
        self._awaited_since = 0.0
        self._next_look = 0.0

    def begun(self, run_number: int) -> None:
        """The run that takes them has its number."""
        self._run_number = self._others.but = run_number

    def claim(self, decided: Decided) -> Lease | bool:
        """Begin a step.

        Returns:
            The lease of the run to wait for; True when a lease was taken, so that what was
            known of the key may be old; False when there is no need for one.
        """
        if not _leasable(decided):
            return False
        task = decided.node.task.qualified_name
        waits = self._waits and can_wait(decided)
        if self._usual.get(task, QUICK) < QUICK:
            lease = self._others.holder(decided) if waits else None
            if lease is None:
                self._begun[decided.node.position] = time.monotonic(), decided
            return lease or False
        held = self._take([decided])
        return held[0] if held and waits else not held and can_wait(decided)

    def ended(self, decided: Decided, seconds: float) -> bool:
        """Note how long a step took; returns whether the run holds a lease for it."""
        task = decided.node.task.qualified_name
        self._usual[task] = (self._usual.get(task, seconds) + seconds) / 2
        self._begun.pop(decided.node.position, None)
        return self.released(decided)

    def released(self, decided: Decided) -> bool:
        """Whether the run holds a lease for a step, which is given up with its record."""
        if not self._mine or (place := _place(decided)) not in self._mine:
            return False
        self._mine.discard(place)
        return True

    def await_one(self) -> None:
        """A step waits; look often at first."""
        self._awaited_since = time.monotonic()
        self._next_look = self._awaited_since + FRESH

    def patience(self, *, awaiting: bool) -> float | None:
        """Seconds until `tend` has something to do; None for never."""
        now = time.monotonic()
        due = [self._next_look] if awaiting else []
        if self._begun:
            due.append(next(iter(self._begun.values()))[0] + QUICK)
        return max(0.0, min(due) - now) if due else None

    def tend(self, awaited: list[Decided]) -> list[Decided]:
        """Take leases for steps that turn out long; returns those that need not wait longer."""
        now = time.monotonic()
        if self._begun and next(iter(self._begun.values()))[0] + QUICK <= now:
            long = [d for began, d in self._begun.values() if began + QUICK <= now]
            for decided in long:
                del self._begun[decided.node.position]
            self._take(long)
        if not awaited or now < self._next_look:
            return []
        self._others.look()
        self._next_look = now + min(SLOWEST, FRESH + (now - self._awaited_since) / 20)
        return [decided for decided in awaited if self._others.holder(decided) is None]

    def _take(self, wanted: list[Decided]) -> list[Lease]:
        """Take leases for steps; returns those of others that stand in the way."""
        places = [place for decided in wanted if (place := _place(decided)) is not None]
        held = self._catalog.leases.take(self._run_number, places)
        if lost := [lease for lease in held if is_gone(lease)]:
            held = self._catalog.leases.take(self._run_number, places, over=lost)
        self._mine.update(set(places) - {(lease.key, lease.seed) for lease in held})
        return held


def _place(decided: Decided) -> tuple[Digest, int] | None:
    return None if decided.key is None else (decided.key.digest, decided.seed)


def _leasable(decided: Decided) -> bool:
    options = decided.node.task.options
    return decided.key is not None and options.cache and options.persist
