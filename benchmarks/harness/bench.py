"""Runs one benchmark file: its sizes, its turns, its results."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pyperf

from harness.machine import described, versions_of
from harness.results import Measured, Results, Row, Value, as_run
from harness.sampling import Sample, sample
from harness.show import figure, shown
from harness.sides import Side

SIZES = ("tiny", "quick", "full")
RESULTS = Path(__file__).parents[1] / "results"
PATIENCE = 5
"""A warm-up of so many shares is kept as the only sample."""
T = TypeVar("T")


def installed(*modules: str) -> bool:
    """Whether all these modules can be imported here."""
    return all(importlib.util.find_spec(module) for module in modules)


class Bench:
    """What a benchmark file is given: its size, room to work in, and where results go."""

    def __init__(self, results: Results, path: Path, scratch: Path) -> None:
        self.size = results.size
        self.scratch = scratch
        """An empty folder on the disk that is measured; removed at the end."""
        self.results = results
        self._path = path
        self._numbers = count()

    def pick(self, *, tiny: T, quick: T, full: T) -> T:
        """What belongs to the size asked for."""
        return {"tiny": tiny, "quick": quick, "full": full}[self.size]

    def fresh(self) -> Path:
        """A new empty folder."""
        folder = self.scratch / str(next(self._numbers))
        folder.mkdir()
        return folder

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
    ) -> None:
        """Let the sides do the same work in turns, A B A B, and keep every sample.

        Each side is warmed up once. A side that has had its share of seconds drops out of later
        turns, after one at least; one that needs several shares for the warm-up alone keeps that
        as its only sample. A side that raises is shown as failed, and the others go on.

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
        """
        told = Row(row, unit, limit.name if limit else None, memory, at)
        self.results.rows.append(told)
        playing = [_Player(row, side, per, self, share) for side in self._present([*sides, limit])]
        told.sides = [player.measured for player in playing]
        for player in playing:
            player.warm_up()
        for turn in range(rounds or self.pick(tiny=2, quick=3, full=7)):
            start = turn % len(playing)
            for player in playing[start:] + playing[:start]:
                player.take_turn()
        self.results.versions |= versions_of([need for side in sides for need in side.needs])
        self.results.dump(self._path)
        print(shown(told), flush=True)

    def record(self, row: str, side: str, value: Value, unit: str = "", does: str = "") -> None:
        """Keep a figure that is no time: bytes on disk, whether the answer was right."""
        told = self._row_of_figures(row, unit)
        told.sides.append(Measured(side, does, value))
        self.results.dump(self._path)
        print(f"{row}, {side}: {figure(told, told.sides[-1])}", flush=True)

    def _row_of_figures(self, name: str, unit: str) -> Row:
        for row in self.results.rows:
            if row.name == name:
                if row.timed or row.unit != unit:
                    raise ValueError(f"The row {name!r} holds times or another unit already.")
                return row
        self.results.rows.append(Row(name, unit))
        return self.results.rows[-1]

    def _present(self, sides: Sequence[Side | None]) -> list[Side]:
        asked = [side for side in sides if side is not None]
        for side in asked:
            if not installed(*side.needs):
                self.results.missing[side.name] = ", ".join(side.needs)
        return [side for side in asked if installed(*side.needs)]


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

    def warm_up(self) -> None:
        share = self.left
        self.warm = self._sample()
        while self.warm and not self.side.prepare and self.warm.wall < self.least:
            self.loops *= 2
            self.warm = self._sample()
        if self.warm and self.warm.wall > PATIENCE * share:
            self._keep(self.warm)
        self.left = min(self.left, share - self.warm.wall) if self.warm else 0.0

    def take_turn(self) -> None:
        if self.left > 0 or not self.measured.samples:
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


def run(main: Callable[[Bench], Any]) -> None:
    """Run a benchmark file: the last line of each."""
    about = inspect.getdoc(sys.modules[main.__module__]) or ""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--results", type=Path, help="the folder that results are written to")
    asked = parser.parse_args()
    folder = asked.results or (RESULTS if asked.size == "full" else RESULTS / asked.size)
    name = Path(inspect.getfile(main)).stem
    start = pyperf.perf_counter()
    with tempfile.TemporaryDirectory(prefix="lineal-bench-") as scratch:
        results = Results(name, about, asked.size, described(Path(scratch)), versions_of())
        path = folder / f"{name}.json"
        main(Bench(results, path, Path(scratch)))
        results.seconds = round(pyperf.perf_counter() - start, 1)
        results.dump(path)
    if results.failures:
        sys.exit("\n".join(["Failed:", *results.failures]))
