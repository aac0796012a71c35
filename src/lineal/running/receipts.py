"""Receipts: what a process says of a step before its answer is on the way.

A worker that dies has often done its work, and a scheduler has another one do it again. So
a worker leaves in the store that it has begun a step, and, when all outputs are durable,
what came of it. Whoever is given the same order later, or waits for an answer that is lost,
finds it there. A receipt is for one order of one run only, so it never stands where a step
is to be executed in any case; it counts only whole, and it says nothing of failures.

Steps that are over within 50 ms keep none, as they are sooner repeated. Beside it lie the
paths that the step has written: another attempt reads there what is its own. The run removes its
receipts when it ends; those of a run that was killed go an hour later with whatever else
lies in ``tmp/``.
"""

from __future__ import annotations

import os
import pickle
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from lineal.store.writing import temporary_in, write_new, writing

from .execute import Outcome
from .observing import observed_by

QUICK = 0.05
"""Seconds below which a step is sooner repeated than looked up."""

DONE_BY, LOST = "worker.done_by", "worker.lost"
"""Tags of executions: the worker whose receipt stands for an answer that was lost, and those
that went away in the middle of the step."""
_END = b"\0"
_CHECK = 32
"""Bytes at the beginning that prove the rest to be whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is known of an order that was given to a worker."""

    order: bytes
    """The digest of the order."""
    by: str
    """``host:pid`` of the worker."""
    lost: str = ""
    """Workers that had begun it before, and did not end it."""
    outcome: bytes | None = None
    """What came of it, pickled; None when it has only begun."""


class Receipts:
    """The receipt of one order.

    Args:
        root: The store's folder.
        run_id: Of the run.
        execution: Id of the execution.
        order: The order itself.
        trusted: Whether what lies in the store may be unpickled; else there are no receipts.
    """

    def __init__(
        self, root: Path, run_id: str, execution: int, order: bytes, *, trusted: bool
    ) -> None:
        self._path = root / "tmp" / f"{_prefix(run_id)}{execution}"
        self._order = blake3(order).digest()
        self._trusted = trusted
        self._begun = False
        self._lost = ""

    def done(self) -> Outcome | None:
        """What came of the order, if a worker has left that here."""
        found = self._read()
        if found is None or found.outcome is None:
            return None
        outcome: Outcome = pickle.loads(found.outcome)  # noqa: S301 - our own, and whole
        outcome.tags = {**outcome.tags, DONE_BY: found.by}
        return outcome

    def begin(self) -> None:
        """Say that this process has begun; another one that had before is lost."""
        found = self._read()
        if found is not None:
            before = () if found.by == _me() else (found.by,)
            self._lost = " ".join(filter(None, (found.lost, *before)))
        with suppress(OSError):  # it only serves to tell more
            self._write(None, durable=False)
            self._begun = True

    def end(self, outcome: Outcome) -> None:
        """Say what came of it; its outputs are durable.

        Raises:
            StoreUnwritable: it can't be written.
        """
        if self._lost:
            outcome.tags = {**outcome.tags, LOST: self._lost}
        if outcome.error is None and outcome.finished - outcome.started >= QUICK:
            with writing(self._path):
                self._write(pickle.dumps(outcome), durable=True)
        elif self._begun:
            with suppress(OSError):
                self._path.unlink()

    def written(self) -> WrittenBeside:
        """Where the step's writing is kept, beside the receipt."""
        return WrittenBeside(self._path.with_name(f"{self._path.name}.written"), self._trusted)

    def _write(self, outcome: bytes | None, *, durable: bool) -> None:
        if not self._trusted:
            return
        data = pickle.dumps(Receipt(order=self._order, by=_me(), lost=self._lost, outcome=outcome))
        temporary = temporary_in(self._path.parent)
        try:
            write_new(temporary, [blake3(data).digest(), data], 0o444, durable=durable)
            temporary.replace(self._path)
        finally:
            with suppress(OSError):
                temporary.unlink()

    def _read(self) -> Receipt | None:
        if not self._trusted:
            return None
        try:
            whole = self._path.read_bytes()
        except OSError:
            return None
        if blake3(whole[_CHECK:]).digest() != whole[:_CHECK]:
            return None
        receipt: Receipt = pickle.loads(whole[_CHECK:])  # noqa: S301 - our own, and whole
        return receipt if receipt.order == self._order else None


class WrittenBeside:
    """The paths that a step has written, one after the other in a file, each with an end.

    Args:
        path: Of the file.
        trusted: Whether what lies in the store may be believed.
    """

    def __init__(self, path: Path, trusted: bool) -> None:
        self._path = path
        self._trusted = trusted

    def before(self) -> list[str]:
        """What earlier attempts have written; one that has no end was not kept whole."""
        try:
            data = self._path.read_bytes() if self._trusted else b""
        except OSError:
            return []
        return [os.fsdecode(path) for path in data.split(_END)[:-1]]

    def add(self, path: str) -> None:
        """Keep one more, whatever becomes of this process; it need not outlast the machine."""
        with suppress(OSError), observed_by(None), self._path.open("ab", buffering=0) as file:
            file.write(os.fsencode(path) + _END)


def remove_receipts(root: Path, run_id: str) -> None:
    """Remove the receipts of a run that has ended."""
    with suppress(OSError), os.scandir(root / "tmp") as entries:
        for entry in entries:
            if entry.name.startswith(_prefix(run_id)):
                with suppress(OSError):
                    Path(entry.path).unlink()


def _prefix(run_id: str) -> str:
    return f"receipt-{run_id}-"


def _me() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
