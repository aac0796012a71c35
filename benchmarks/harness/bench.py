"""What a benchmark file works with: its parts, its rows, and the turns of its sides."""

from __future__ import annotations

import gc
import importlib.util
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pyperf
from pyperf import perf_counter

from harness.machine import versions_of
from harness.results import Measured, Results, Row, Value, as_run
from harness.sampling import Sample, processor_time, sample
from harness.show import figure, shown
from harness.sides import Side

PATIENCE = 2
"""A warm-up of so many shares is kept as the only sample."""
T = TypeVar("T")


def installed(*modules: str) -> bool:
    """Whether all these modules can be imported here."""
    return all(importlib.util.find_spec(module) for module in modules)


class Bench:
    """What a benchmark file is given: its size, room to work in, and where results go.

    Args:
        results: What is measured goes here, and with every row into the file.
        path: That file.
        scratch: An empty folder on the disk that is measured.
        earlier: What a run that was cut has measured: its parts are not done again.
        told: Called with every row.
    """

    def __init__(
        self,
        results: Results,
        path: Path,
        scratch: Path,
        earlier: Results | None = None,
        told: Callable[[], object] = lambda: None,
    ) -> None:
        self.size = results.size
        self.scratch = scratch
        self.results = results
        self._path, self._earlier, self._told = path, earlier, told
        self._numbers = count()
        self._part = ""

    def pick(self, *, tiny: T, quick: T, full: T) -> T:
        """What belongs to the size asked for."""
        return {"tiny": tiny, "quick": quick, "full": full}[self.size]

    def fresh(self) -> Path:
        """A new empty folder."""
        folder = self.scratch / str(next(self._numbers))
        folder.mkdir()
        return folder

    def part(self, name: str, work: Callable[..., object], *given: Any) -> None:
        """Measure some rows, unless a run that was cut has them all, and none has failed.

        Args:
            name: The same in every run.
            work: Measures the rows; it needs nothing that other parts have made.
            given: What ``work`` is given.
        """
        if self._earlier is not None and self._earlier.has(name):
            self.results.take(name, self._earlier)
            print(f"-- {name}: measured before", flush=True)
            return
        self._part = name
        wall, processor = perf_counter(), processor_time()
        work(*given)
        wall, processor = perf_counter() - wall, processor_time() - processor
        self.results.parts[name] = {"wall": round(wall, 1), "processor": round(processor, 1)}
        self._part = ""
        self._keep()
        print(f"-- {name}: {wall:.1f} s, processor {processor:.1f} s", flush=True)

    def compare(
        self,
        row: str,
        sides: Sequence[Side],
        *,
        rounds: int | None = None,
        per: int = 1,
        unit: str = "call",
        limit: Side | None = None,
        memory: bool = False,
        at: int | None = None,
        share: float | None = None,
        budget: float | None = None,
        warm: bool = False,
    ) -> None:
        """Let the sides do the same work in turns, A B A B, and keep every sample.

        Each side is warmed up once. A side that has had its share of seconds drops out of later
        turns, after one at least; one that needs several shares for the warm-up alone keeps that
        as its only sample, as do all that have none yet when the row has had its budget. A side
        that raises is shown as failed, and the others go on.

        Args:
            row: The work.
            sides: Who does it; the others are compared with the first.
            rounds: How many turns each side has; by default what suits the size.
            per: How many units one call of ``run`` does: the time is divided by it.
            unit: What such a unit is ("step", "point"); of a "byte" the table shows GB/s.
            limit: What the machine can do at best; takes turns with the others.
            memory: Show the peak of memory, too.
            at: How large the work is. Rows whose names differ in this number alone, after a
                comma at the end, are drawn as one line.
            share: The seconds that each side has; by default what suits the size.
            budget: The seconds that the row has, with what prepares it; as ``share``.
            warm: All sides are warm from other rows, so that they need no warm-up.
        """
        told = Row(row, unit, limit.name if limit else None, memory, at, self._part)
        self.results.rows.append(told)
        playing = [_Player(row, side, per, self, share) for side in self._present([*sides, limit])]
        told.sides = [player.measured for player in playing]
        end = perf_counter() + (budget or self.pick(tiny=10, quick=15, full=60))
        with _set_aside():
            for player in playing if not warm else ():
                player.warm_up()
            for turn in range(rounds or self.pick(tiny=2, quick=3, full=7)):
                start = turn % len(playing)
                for player in playing[start:] + playing[:start]:
                    player.take_turn(late=perf_counter() > end)
        self.results.versions |= versions_of([need for side in sides for need in side.needs])
        self._keep()
        print(shown(told), flush=True)

    def record(self, row: str, side: str, value: Value, unit: str = "", does: str = "") -> None:
        """Keep a figure that is no time: bytes on disk, whether the answer was right."""
        told = self._row_of_figures(row, unit)
        told.sides.append(Measured(side, does, value))
        self._keep()
        print(f"{row}, {side}: {figure(told, told.sides[-1])}", flush=True)

    def _row_of_figures(self, name: str, unit: str) -> Row:
        for row in self.results.rows:
            if row.name == name:
                if row.timed or row.unit != unit:
                    raise ValueError(f"The row {name!r} holds times or another unit already.")
                return row
        self.results.rows.append(Row(name, unit, part=self._part))
        return self.results.rows[-1]

    def _present(self, sides: Sequence[Side | None]) -> list[Side]:
        asked = [side for side in sides if side is not None]
        for side in asked:
            if not installed(*side.needs):
                self.results.missing[side.name] = ", ".join(side.needs)
        return [side for side in asked if installed(*side.needs)]

    def _keep(self) -> None:
        self.results.dump(self._path)
        self._told()


@contextmanager
def _set_aside() -> Iterator[None]:
    """Let the collector, which runs before each sample, not go through all that was there before.

    A graph of millions of nodes, as one side may hold, costs it seconds.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Player:
    """A side taking its turns."""

    def __init__(self, row: str, side: Side, per: int, bench: Bench, share: float | None) -> None:
        self.row, self.side, self.per = row, side, side.per or per
        self.measured = Measured(side.name, side.does)
        self.left = bench.pick(tiny=0.0, quick=0.5, full=3.0) if share is None else share
        """Seconds of its share."""
        self.least = bench.pick(tiny=0.0, quick=0.02, full=0.1)
        """Seconds that a sample should take."""
        self.loops = 1
        self.warm: Sample | None = None

    def warm_up(self) -> None:
        share = self.left
        self.warm = self._sample()
        while self.warm and not self.side.prepare and self.warm.wall < self.least:
            self.loops *= 2
            self.warm = self._sample()
        if self.warm and self.warm.wall > PATIENCE * share:
            self._keep(self.warm)
        self.left = min(self.left, share - self.warm.wall) if self.warm else 0.0

    def take_turn(self, *, late: bool) -> None:
        """Take a sample, unless this side has had its share, or the row is late."""
        if late and self.warm and not self.measured.samples:
            self._keep(self.warm)
        elif (self.left > 0 and not late) or not self.measured.samples:
            taken = self._sample()
            if taken:
                self._keep(taken)

    def _sample(self) -> Sample | None:
        if self.measured.failure:
            return None
        try:
            if self.side.prepare:
                self.side.prepare()
            taken = sample(self.side.run, self.loops)
        except Exception as error:  # noqa: BLE001 - a peer may fail in any way, and is shown so
            traceback.print_exc()
            self.measured.failure = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            self.measured.times = None
            return None
        self.left -= taken.wall
        return taken

    def _keep(self, taken: Sample) -> None:
        run = as_run(self.row, self.side.name, taken, self.per, self.warm or taken)
        if self.measured.times is None:
            self.measured.times = pyperf.Benchmark([run])
        else:
            self.measured.times.add_run(run)
