"""The recorder: the one door through which a run is written.

The order of writing is the transaction: bytes into the store, then the points of
metrics, then one commit to the catalog. So no fact in the catalog ever points at bytes
that are missing, and a crash leaves only bytes that nothing names.

Encoding and writing go on behind the computation, on a thread of the recorder's own;
executions that arrive meanwhile are committed together.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lineal.catalog import Batch, Catalog
from lineal.digests.digest import Digest
from lineal.digests.identity import CodeIdentity, ValueIdentity
from lineal.errors import (
    LinealError,
    OutputNotStorable,
    RunNotRecorded,
    StoreUnwritable,
    UserError,
)
from lineal.metrics import Journal
from lineal.records import (
    Artifact,
    CodeSnapshot,
    Execution,
    ExecutionStatus,
    Output,
    RunRecord,
    RunStatus,
)
from lineal.store import Reserve, ValueStore

BATCH = 512
"""Executions committed at once at the most."""
WAITING = 1024
"""Executions that may wait to be written before the run is held up."""
LINGER = 0.01
"""Seconds that executions wait for more to be written together with, as long as more come."""
LONGEST = 0.05
"""Seconds that they wait at the most."""
HELD = 1 << 28
"""Bytes of values that may wait to be written before the run is held up."""
LARGE = 1 << 20
"""Bytes from which on it is quicker to look whether a value is kept than to keep it again."""


class Entry(Struct, kw_only=True, gc=False):
    """One execution to be written, with the values it brings along."""

    execution: Execution
    values: Sequence[tuple[Any, ValueIdentity]] = ()
    """Values to keep; one that can't be kept fails the execution."""
    inputs: Sequence[tuple[Any, ValueIdentity]] = ()
    """Values from outside to keep where that is possible; else they are described."""
    described: Sequence[ValueIdentity] = ()
    """Values to record without keeping their bytes."""
    artifacts: Sequence[Artifact] = ()
    """Records of values that are kept already."""
    code: CodeIdentity | None = None
    leased: bool = False
    """Whether the run holds a lease for it, which ends when it is written."""
    held: int = 0
    """Bytes of its values; the recorder's own account."""


class Recorder:
    """Writes one run. `record` may be called from one thread; the rest happens behind it."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        values: ValueStore,
        journal: Journal,
        run_number: int,
        reserve: Reserve,
    ) -> None:
        self._catalog = catalog
        self._values = values
        self._journal = journal
        self._run_number = run_number
        self._reserve = reserve
        self._waiting: deque[Entry] = deque()
        self._wake = threading.Event()
        """Set when there is something to do."""
        self._hurry = threading.Event()
        """Set when somebody waits for it to be done."""
        self._closing = False
        self._progress = threading.Condition()
        """Guards the next three; told of when something was written."""
        self._recorded = 0
        self._written = 0
        self._held = 0
        self._artifacts: dict[Digest, Artifact] = {}
        self._codes: set[Digest] = set()
        self._makers: dict[tuple[int, str], int] = {}
        """By step: the execution that made its outputs."""
        self._failure: BaseException | None = None
        self.not_stored: dict[str, OutputNotStorable] = {}
        """By step: outputs that no codec could keep."""
        self.refused: UserError | None = None
        """Why the names that the run declared could not be given."""
        self._thread: threading.Thread | None = None

    def record(self, entry: Entry) -> None:
        """Write an execution soon; raises what made an earlier one fail to be written.

        Waits while the values of earlier ones fill too much memory.
        """
        if self._failure is not None:
            raise self._failure
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="lineal-recorder", daemon=True)
            self._thread.start()
        held = sum([_bytes_in(*kept) for kept in entry.values]) if entry.values else 0
        if held:
            entry.held = held
            self._wait(lambda: self._held == 0 or self._held + held <= HELD)
            with self._progress:
                self._held += held
        elif len(self._waiting) >= WAITING:
            self._wait(lambda: len(self._waiting) < WAITING)
        self._recorded += 1
        self._waiting.append(entry)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self) -> None:
        """Return when all that was recorded is durable."""
        if self._thread is not None:
            self._wait(lambda: self._written == self._recorded)
        self._raise_failure()

    def _wait(self, until: Callable[[], bool]) -> None:
        """Have what waits written at once, until something holds."""
        self._hurry.set()
        self._wake.set()
        with self._progress:
            self._progress.wait_for(until)
        self._hurry.clear()

    def finish(
        self,
        record: RunRecord,
        *,
        status: RunStatus,
        error: str | None,
        result: tuple[Output, ...],
        code: CodeSnapshot | None,
        naming: Callable[[RunRecord], None] | None = None,
    ) -> RunRecord:
        """Write all that is left and end the run; returns its record when it is durable.

        Args:
            record: The run with its executions.
            status: How it ended.
            error: What made it end so.
            result: What it returned.
            code: The code it reached.
            naming: Gives the names that a run that succeeds has declared. It is called with
                the record when all but its end is durable; what it refuses makes the run a
                failed one, and is kept in `refused`.

        Raises:
            StoreUnwritable: something could not be written.
        """
        self._end_thread()
        self._raise_failure()
        self._seal_metrics()
        finished_at = datetime.now(UTC)
        if self.not_stored and status is RunStatus.FINISHED:
            status = RunStatus.FAILED
            error = "\n".join(str(problem) for problem in self.not_stored.values())
        executions = tuple(
            _failed(e, self.not_stored[e.step]) if e.step in self.not_stored else e
            for e in record.executions
        )
        whole = replace(
            record,
            executions=executions,
            status=status,
            finished_at=finished_at,
            metrics=self._catalog.metrics(record.number),
        )
        if naming is not None and status is RunStatus.FINISHED:
            try:
                naming(whole)
            except UserError as refusal:
                self.refused, status, error = refusal, RunStatus.FAILED, str(refusal)
        self._catalog.finish_run(
            self._run_number,
            status=status,
            finished_at=finished_at,
            error=error,
            result=result,
            code=code,
        )
        return replace(whole, status=status, error=error, result=result, code=code)

    @contextmanager
    def to_the_end(self) -> Iterator[None]:
        """End the run as a failed one when the block can't write what is left of it.

        On a full disk that takes the run's reserve. Where not even so it can be written, the
        run counts as lost, once its process is gone.

        Raises:
            RunNotRecorded: something could not be written.
        """
        try:
            yield
        except StoreUnwritable as error:
            problem = RunNotRecorded(
                f"Run #{self._run_number} could not be recorded to its end; what it recorded"
                f" before is kept. {error}"
            )
            self._end_thread()
            self._reserve.give_up()
            with suppress(LinealError):
                self._seal_metrics()
                self._catalog.finish_run(
                    self._run_number,
                    status=RunStatus.FAILED,
                    finished_at=datetime.now(UTC),
                    error=str(problem),
                )
            raise problem from error
        finally:
            self._reserve.give_up()

    def artifact(self, digest: Digest) -> Artifact | None:
        """The record of a value that this run has written, if it has."""
        return self._artifacts.get(digest)

    def written(self, digest: Digest) -> Artifact | None:
        """The same, when all that waits is written."""
        if digest not in self._artifacts:
            self.flush()
        return self._artifacts.get(digest)

    def _end_thread(self) -> None:
        if self._thread is not None:
            self._closing = True
            self._hurry.set()
            self._wake.set()
            self._thread.join()
            self._thread = None

    def _seal_metrics(self) -> None:
        summaries = tuple(self._journal.close())
        if summaries:
            self._catalog.commit(Batch(metrics=summaries))

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        while not (self._closing and not self._waiting):
            self._wake.wait()
            # Executions come in quick succession; a commit for each would cost more than
            # they do themselves. Whoever needs them written hurries this on.
            self._linger()
            self._wake.clear()
            entries = self._take()
            if self._waiting or self._closing:
                self._wake.set()
            try:
                if entries and self._failure is None:
                    self._write(entries)
            except BaseException as error:  # noqa: BLE001 - raised again in the run's thread
                self._failure = error
            self._let_go(entries)

    def _linger(self) -> None:
        """Wait for more to come, unless somebody waits for what is there."""
        until = time.monotonic() + LONGEST
        before = 0
        while before < len(self._waiting) < BATCH and time.monotonic() < until:
            before = len(self._waiting)
            if self._hurry.wait(LINGER):
                return

    def _take(self) -> list[Entry]:
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]

    def _let_go(self, entries: list[Entry]) -> None:
        """Forget values that are written, also while nothing else comes."""
        with self._progress:
            self._held -= sum(entry.held for entry in entries)
            self._written += len(entries)
            self._progress.notify_all()
        entries.clear()

    def _write(self, entries: list[Entry]) -> None:
        artifacts: dict[Digest, Artifact] = {}
        codes: dict[Digest, CodeIdentity] = {}
        executions = []
        for entry in entries:
            executions.append(self._keep(entry, artifacts))
            if entry.code is not None and entry.code.digest not in self._codes:
                codes[entry.code.digest] = entry.code
        self._values.sync()
        self._journal.flush()
        self._catalog.commit(
            Batch(
                artifacts=tuple(artifacts.values()),
                codes=tuple(codes.values()),
                executions=tuple(executions),
                released=tuple(entry.execution for entry in entries if entry.leased),
                makers=self._makers,
            )
        )
        for execution in executions:
            origin = execution.reused_from or execution.id
            self._makers[self._run_number, execution.step] = origin
        self._codes.update(codes)
        self._artifacts.update(artifacts)

    def _keep(self, entry: Entry, artifacts: dict[Digest, Artifact]) -> Execution:
        for artifact in entry.artifacts:
            if artifact.digest not in self._artifacts:
                artifacts[artifact.digest] = artifact
        for identity in entry.described:
            if identity.digest not in self._artifacts:
                artifacts.setdefault(identity.digest, describe(identity))
        for value, identity in entry.inputs:
            self._save(value, identity, artifacts)
        for value, identity in entry.values:
            error = self._save(value, identity, artifacts)
            if error is not None:
                problem = OutputNotStorable(f"The step {entry.execution.step!r}: {error}")
                self.not_stored[entry.execution.step] = problem
                return _failed(entry.execution, problem)
        return entry.execution

    def _save(
        self, value: Any, identity: ValueIdentity, artifacts: dict[Digest, Artifact]
    ) -> OutputNotStorable | None:
        known = self._artifacts.get(identity.digest) or artifacts.get(identity.digest)
        if known is not None and known.stored is not None:
            return None
        if max(_bytes_in(value, identity), _bytes_of_files(identity)) >= LARGE:
            known = self._catalog.artifacts([identity.digest]).get(identity.digest)
            if known is not None and self._values.holds(known):
                artifacts[identity.digest] = known
                return None
        try:
            artifacts[identity.digest] = self._values.save(value, identity)
        except OutputNotStorable as error:
            artifacts[identity.digest] = describe(identity)
            return error
        return None


def _bytes_in(value: Any, identity: ValueIdentity) -> int:
    """How much memory a value holds, where that is told at once; else 0."""
    if isinstance(value, (bytes, str)):
        return len(value)
    if identity.kind == "array":
        return int(getattr(value, "nbytes", 0))
    profile = identity.profile
    return 8 * int(profile.get("rows", 0)) * len(profile.get("columns", ()))


def _bytes_of_files(identity: ValueIdentity) -> int:
    return int(identity.profile.get("size", 0)) if identity.kind in ("file", "tree") else 0


def describe(identity: ValueIdentity) -> Artifact:
    """The record of a value whose bytes are not kept."""
    return Artifact(
        digest=identity.digest, kind=identity.kind, type=identity.type, profile=identity.profile
    )


def _failed(execution: Execution, error: LinealError) -> Execution:
    return replace(execution, status=ExecutionStatus.FAILED, error=str(error))
