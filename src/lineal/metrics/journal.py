"""Take points in at once, keep them durably soon, and seal them into a segment.

`Journal.log` only appends to a list, which the interpreter does atomically, so any thread
may call it. A background thread, started by the first point, carries what waits to the
journal's file about twice a second. Bytes and layout of that file: see `frames`.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import time_ns as now
from typing import Any

from lineal.errors import StoreError
from lineal.records import MetricSummary

from .columns import Series, gather, in_order, summaries
from .files import JOURNAL, TEMPORARY, Places, claim, new_id, sync_folder, unwritable
from .frames import MAGIC, decode, encode_all
from .gathering import Batch, Gathering, execution_of, floats, integers, now_column
from .segments import write_segment
from .values import WHOLE, integer, labels_text, number, valid_execution, valid_key

INTERVAL = 0.5
"""Seconds between two looks of the background thread: what a crash may cost is below twice
that."""
MOST_WAITING = 2**21
"""Points of batches that may wait in memory before `log_many` writes them itself."""


class Journal:
    """The points that one writer logs, until they are sealed.

    It costs nothing, and makes no file, before its first point. Any thread may call any
    method; a child process needs a journal of its own.
    """

    def __init__(self, places: Places, name: str) -> None:
        self.name = name
        self._places = places
        self._path = places.live / f"{name}~{new_id()}{JOURNAL}"
        self._pid = os.getpid()
        self._waiting: list[Any] = []
        self._waiting_in_batches = 0
        self._append: Callable[[Any], None] = self._append_first
        self._executions: set[int] = set()
        self._keys: set[str] = set()
        # One lock for what touches the file or the numbering of series; `log` takes none.
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._flusher: threading.Thread | None = None
        self._closed = False
        self._handle: int | None = None
        self._written = 0
        self._place: dict[tuple[int, str, str], int] = {}
        self._next_step: list[int] = []

    def log(
        self,
        execution_id: int,
        key: str,
        value: float,
        step: int | None = None,
        time_ns: int | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Log one point; it is durable about a second later, or after `flush`.

        Args:
            execution_id: The execution it belongs to.
            key: The name of the series.
            value: A number; NaN and the infinities are numbers.
            step: Its place in the series; by default one past the highest logged here, from 0.
            time_ns: Nanoseconds since 1970-01-01 UTC; now by default.
            labels: The slice of the series; None for the whole.

        Raises:
            ParameterError: an argument can't be kept; names the key and the type.
            StoreError: the journal is closed.
        """
        if type(value) is not float:
            value = number(key, value)
        # A list or the like as a key can't be looked up; the slow path says so properly.
        try:
            known = key in self._keys and execution_id in self._executions
        except TypeError:
            known = False
        if not known:
            execution_id, key = self._admit(execution_id, key)
        if step is not None:
            step = integer(step, "step", key)
        time = now() if time_ns is None else integer(time_ns, "time", key)
        self._append(
            (execution_id, key, WHOLE if labels is None else labels_text(labels), step, time, value)
        )

    def log_many(
        self,
        execution_id: int,
        key: str,
        values: Any,
        steps: Any = None,
        times_ns: Any = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Log many points of one series; see `log`.

        Args:
            execution_id: The execution they belong to.
            key: The name of the series.
            values: Numbers: a sequence or one-dimensional array.
            steps: As many integers; by default they follow the highest logged here.
            times_ns: As many integers; by default all are now.
            labels: The slice of the series; None for the whole.

        Raises:
            ParameterError: an argument can't be kept, or they differ in length.
            StoreError: the journal is closed, or its file can't be written.
        """
        execution_id, key = self._admit(execution_id, key)
        series = Series(execution_id, key, labels_text(labels))
        column = floats(key, values)
        own_steps = None if steps is None else integers(key, steps, "steps", len(column))
        times = integers(
            key, now_column(len(column)) if times_ns is None else times_ns, "times", len(column)
        )
        if not len(column):
            return
        self._append(Batch(series, own_steps, times, column))
        self._waiting_in_batches += len(column)
        if self._waiting_in_batches >= MOST_WAITING:
            self.flush()

    def forget(self, execution_id: int) -> None:
        """Drop every point of an execution so far, because it begins anew; steps count from 0.

        Raises:
            StoreUnwritable: what was written can't be replaced; nothing is dropped then.
        """
        if execution_id not in self._executions:
            return
        self._same_process()
        with self._lock:
            count = len(self._waiting)
            kept = [p for p in self._waiting[:count] if execution_of(p) != execution_id]
            dropped = {at for series, at in self._place.items() if series[0] == execution_id}
            if dropped and self._handle is not None:
                self._write_anew(dropped)
            self._waiting[:count] = kept
            self._waiting_in_batches = sum(len(p.values) for p in kept if type(p) is Batch)
            for at in dropped:
                self._next_step[at] = 0

    def flush(self) -> None:
        """Write what has been logged before this call; on return it is durable.

        Raises:
            StoreUnwritable: it can't be written; it stays in memory, to be tried again.
        """
        self._same_process()
        with self._lock:
            count = len(self._waiting)
            if not count:
                return
            gathered = Gathering(self._place, self._next_step, self._waiting[:count])
            frames = b"".join(gathered.frames())
            self._write(frames)
            self._written += len(frames)
            self._accept(gathered, count)

    def close(self) -> list[MetricSummary]:
        """Seal everything logged into a segment, and sum up each series.

        Returns:
            In order of execution, key and labels; nothing when there was no point, or when
            it was closed before.

        Raises:
            StoreUnwritable: the segment can't be written; closing again tries again, and
                what was flushed is safe.
        """
        self._same_process()
        self._stop.set()
        if self._flusher is not None and self._flusher is not threading.current_thread():
            self._flusher.join()
        with self._lock:
            if self._closed:
                return []
            self._append = self._refuse
            found = self._seal() if self._waiting or self._handle is not None else []
            self._closed = True
            self._remove()
            return found

    def _seal(self) -> list[MetricSummary]:
        count = len(self._waiting)
        gathered = Gathering(self._place, self._next_step, self._waiting)
        parts = (
            [] if self._handle is None else decode(self._path.read_bytes(), self._path.name).parts
        )
        series, columns = in_order(
            gathered.series(), gather([*parts, *([gathered.columns] if count else [])])
        )
        if len(columns):
            write_segment(self._places, series, columns, replaces={self._path.name})
        del self._waiting[:count]
        return summaries(series, columns)

    def _remove(self) -> None:
        if self._handle is not None:
            # Should it stay, its segment still says not to read it.
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None

    def _admit(self, execution_id: Any, key: Any) -> tuple[int, str]:
        key = valid_key(key)
        execution_id = valid_execution(execution_id)
        self._keys.add(key)
        self._executions.add(execution_id)
        return execution_id, key

    def _append_first(self, point: Any) -> None:
        """Take in the first point, and from then on let the list itself do it."""
        self._same_process()
        with self._lock:
            if self._flusher is None and not self._closed:
                self._append = self._waiting.append
                self._flusher = threading.Thread(
                    target=self._flush_now_and_then, name=f"lineal-metrics-{self.name}", daemon=True
                )
                self._flusher.start()
        self._append(point)

    def _refuse(self, _point: Any) -> None:
        raise StoreError(
            f"The metric journal {self.name!r} is closed: its run has ended. Log metrics before"
            " the run ends."
        )

    def _flush_now_and_then(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self.flush()
            except StoreError:
                # What waits stays in memory; whoever flushes or closes gets the error.
                continue

    def _same_process(self) -> None:
        if os.getpid() != self._pid:
            raise StoreError(
                f"The metric journal {self.name!r} belongs to process {self._pid}; open another"
                f" one in process {os.getpid()}."
            )

    def _write(self, frames: bytes) -> None:
        with unwritable(self._path):
            if self._handle is None:
                self._create()
            assert self._handle is not None
            # What an interrupted write left would hide every later frame from a reader.
            os.ftruncate(self._handle, self._written)
            _write_all(self._handle, frames)
            os.fsync(self._handle)

    def _create(self) -> None:
        self._places.make()
        self._handle, self._written = self._begin(self._path, MAGIC), len(MAGIC)
        sync_folder(self._path.parent)

    def _begin(self, path: Path, content: bytes) -> int:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        try:
            claim(handle)
            _write_all(handle, content)
        except OSError:
            os.close(handle)
            path.unlink(missing_ok=True)
            raise
        return handle

    def _write_anew(self, dropped: set[int]) -> None:
        """Replace the file by one without the points of some series."""
        import numpy as np

        found = decode(self._path.read_bytes()[: self._written], self._path.name)
        columns = gather(found.parts)
        content = MAGIC + b"".join(
            encode_all(found.series, columns.of(~np.isin(columns.place, list(dropped))))
        )
        scratch = self._path.with_suffix(TEMPORARY)
        with unwritable(self._path):
            handle = self._begin(scratch, content)
            try:
                os.fsync(handle)
                scratch.replace(self._path)
                sync_folder(self._path.parent)
            except OSError:
                os.close(handle)
                scratch.unlink(missing_ok=True)
                raise
        assert self._handle is not None
        os.close(self._handle)
        self._handle, self._written = handle, len(content)

    def _accept(self, gathered: Gathering, count: int) -> None:
        self._place, self._next_step = gathered.place, gathered.next_step
        self._waiting_in_batches -= sum(
            len(one.values) for one in self._waiting[:count] if type(one) is Batch
        )
        del self._waiting[:count]


def _write_all(handle: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def journal_name(path: Path | str) -> str:
    """The name a journal's file was opened with."""
    return Path(path).name.rpartition("~")[0]
