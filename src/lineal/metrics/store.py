"""The door to a store's metrics: open journals, read, recover what crashed, merge."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lineal.errors import ParameterError
from lineal.records import MetricSummary

from .columns import from_table, gather, in_order, summaries
from .files import SEGMENT, TEMPORARY, Places, claim, names, sole, unwritable
from .frames import Decoded, decode
from .journal import Journal, journal_name
from .query import read
from .segments import Segment, current, overlapping, read_all, worth_merging, write_segment

if TYPE_CHECKING:
    import pyarrow as pa

BIG = 64 * 2**20
"""Bytes from which a segment is large enough to be left alone."""
MANY = 32
"""Small segments from which merging them is worth its while."""
_STALE_SECONDS = 86_400
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A journal whose writer is gone, sealed."""

    name: str
    """What it was opened with."""
    points: int
    """How many points it held."""
    torn_bytes: int
    """Length of its torn tail, which was cut; 0 when it ended cleanly."""
    summaries: tuple[MetricSummary, ...]
    """Of each series it held, over those points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What merging did."""

    merged: int
    """Segments that were merged into one; 0 when there were too few."""
    points: int
    """Points they held."""
    removed: int
    """Files that were removed: the merged ones, and leftovers of a crash."""


class MetricStore:
    """The metrics of a store, under its folder ``metrics/``.

    Several processes may use one folder at once. Nothing is made before the first point.

    Args:
        root: The folder ``metrics/`` itself; it need not be there.
    """

    def __init__(self, root: Path) -> None:
        self._places = Places(Path(root))

    def journal(self, name: str) -> Journal:
        """A new journal; name it so that `recover` can tell whether its writer lives.

        Raises:
            ParameterError: the name can't be part of a file's name.
        """
        if not name or not all(c.isalnum() or c in "-_.~" for c in name) or name[0] == ".":
            raise ParameterError(
                f"A metric journal can't be named {name!r}; use letters, digits, '-', '_' and '.'."
            )
        return Journal(self._places, name)

    def read(
        self,
        execution_ids: Iterable[int],
        key: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """The points of some executions, from live journals and segments alike.

        Args:
            execution_ids: Whose points; a range is cheap however long.
            key: Only series of this name; all by default.
            labels: Only series with exactly these labels ({}: those that are no slice);
                all by default.

        Returns:
            Columns execution_id (int64), key and labels (JSON; text, dictionary encoded),
            step, time (int64, ns since 1970-01-01 UTC) and value (float64), sorted by
            execution, key, labels, step and time. Points that are durable are all there;
            others may be.
        """
        wanted = execution_ids if isinstance(execution_ids, range) else set(execution_ids)
        return read(self._places, wanted, key, labels)

    def summaries(self, execution_ids: Iterable[int]) -> list[MetricSummary]:
        """What the catalog keeps of the series of some executions, made anew from points."""
        table = self.read(execution_ids)
        return summaries(*from_table(table)) if len(table) else []

    def recover(self, live: Callable[[str], bool]) -> list[Recovered]:
        """Seal the journals whose writers are gone.

        Args:
            live: Whether the writer of the journal of this name may still be at work. A
                journal that a living process holds open is left alone in any case.
        """
        if not names(self._places.live, ""):
            return []
        found = []
        with unwritable(self._places.root), sole(self._places):
            journals, _ = self._places.listing()
            for file in journals:
                if not live(journal_name(file)):
                    found += self._recover(self._places.live / file)
            self._sweep_temporaries()
        return found

    def tidy(self) -> None:
        """`compact` when there are many small segments; whatever hinders it is put off.

        Where there is nothing to do it costs the listing of a folder.
        """
        try:
            found = names(self._places.segments, SEGMENT)
            if len(found) >= MANY and worth_merging(self._sizes(found), MANY, BIG):
                self.compact()
        except Exception as error:  # noqa: BLE001 - no run may fail because of it
            _log.warning("The metrics could not be merged, and stay as they are: %s", error)

    def compact(self, min_segments: int = MANY) -> Compacted:
        """Merge small segments into a large one, when there are at least so many.

        Readers and writers may go on meanwhile. A crash leaves files that are not read and
        that the next call removes.
        """
        if not names(self._places.segments, SEGMENT):
            return Compacted(merged=0, points=0, removed=0)
        with (
            unwritable(self._places.root),
            sole(self._places),
        ):
            opened = {
                name: Segment(self._places.segments / name)
                for name in names(self._places.segments, SEGMENT)
            }
            kept, replaced = current(opened)
            chosen = worth_merging(self._sizes(kept), min_segments, BIG)
            points = self._merge({name: opened[name] for name in chosen}) if chosen else 0
            removed = self._remove(replaced.union(chosen))
        return Compacted(merged=len(chosen), points=points, removed=removed)

    def _sizes(self, kept: Iterable[str]) -> dict[str, int]:
        return {name: (self._places.segments / name).stat().st_size for name in kept}

    def _merge(self, chosen: dict[str, Segment]) -> int:
        series, columns = in_order(*from_table(read_all(chosen.values())))
        # A journal that a merged segment took the place of may still be there, when its
        # writer has not yet come to remove it: it must stay replaced.
        inherited = {
            name
            for one in chosen.values()
            for name in one.replaces
            if (self._places.live / name).exists()
        }
        write_segment(self._places, series, columns, replaces=inherited.union(chosen))
        return len(columns)

    def _remove(self, replaced: Iterable[str]) -> int:
        removed = 0
        for name in replaced:
            folder = self._places.segments if name.endswith(SEGMENT) else self._places.live
            with contextlib.suppress(FileNotFoundError):
                (folder / name).unlink()
                removed += 1
        return removed

    def _recover(self, path: Path) -> list[Recovered]:
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return []
        try:
            if not claim(handle) or not _is_still(path, handle):
                return []  # its writer lives, or has just sealed or replaced it
            with open(handle, "rb", closefd=False) as file:
                found = decode(file.read(), path.name)
            series, columns = in_order(found.series, gather(found.parts))
            if series and not self._sealed(path.name, {one.execution_id for one in series}):
                write_segment(self._places, series, columns, replaces={path.name})
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)
        return [_recovered(path, found, tuple(summaries(series, columns)))]

    def _sealed(self, journal: str, executions: set[int]) -> bool:
        """Whether the points are in a segment already: its writer died before removing it."""
        for name in overlapping(names(self._places.segments, SEGMENT), executions):
            if journal in Segment(self._places.segments / name).replaces:
                return True
        return False

    def _sweep_temporaries(self) -> None:
        for name in names(self._places.live, TEMPORARY):
            path = self._places.live / name
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _STALE_SECONDS:
                    path.unlink()


def _is_still(path: Path, handle: int) -> bool:
    """Whether an open file is what lies at the path now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _recovered(path: Path, found: Decoded, summed: tuple[MetricSummary, ...]) -> Recovered:
    return Recovered(
        name=journal_name(path), points=found.points, torn_bytes=found.torn, summaries=summed
    )
