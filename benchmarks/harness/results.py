"""The results of one benchmark: rows of samples and of facts, kept as a pyperf suite.

The file can be read by pyperf's own commands too (``python -m pyperf stats FILE``); what pyperf
has no place for stands under a key of its own, which pyperf passes over.
"""

from __future__ import annotations

import io
import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyperf

from harness.sampling import Sample

Value = bool | int | float | str
OURS = "lineal"


@dataclass
class Measured:
    """One side of a row: its samples, or a figure that is no time, or why there is neither."""

    side: str
    does: str = ""
    value: Value | None = None
    failure: str | None = None
    times: pyperf.Benchmark | None = field(default=None, compare=False)

    @property
    def median(self) -> float | None:
        """Seconds for one unit of work, or the figure itself."""
        if self.times is not None:
            return float(self.times.median())
        numeric = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return float(self.value) if numeric else None  # type: ignore[arg-type]

    @property
    def spread(self) -> float | None:
        """The median absolute deviation of the samples, as a share of their median."""
        if self.times is None or self.times.get_nvalue() < 2:
            return None
        return float(self.times.median_abs_dev() / self.times.median())

    @property
    def samples(self) -> int:
        return self.times.get_nvalue() if self.times else 0

    @property
    def disturbed(self) -> int:
        """How many samples were taken while others worked."""
        return sum(self._each("disturbed"))

    @property
    def processor(self) -> float | None:
        """Median seconds of the processor for one unit of work."""
        return statistics.median(found) if (found := self._each("processor")) else None

    @property
    def peak(self) -> int | None:
        """The largest peak of memory, in bytes."""
        return max(self._each("mem_max_rss"), default=None)

    def _each(self, name: str) -> list[Any]:
        runs = self.times.get_runs() if self.times else ()
        return [run.get_metadata()[name] for run in runs if name in run.get_metadata()]


@dataclass
class Row:
    """The same work done by several sides; the first is what the others are compared with."""

    name: str
    unit: str
    """What one time is for ("step", "byte"), or what a figure counts."""
    limit: str | None = None
    """The side that is no tool, but what the machine can do at best."""
    memory: bool = False
    """Is the peak of memory worth telling?"""
    at: int | None = None
    """How large the work is, in rows that differ in nothing else: the page draws how they grow."""
    part: str = ""
    """The part of its file that measures it."""
    sides: list[Measured] = field(default_factory=list)

    @property
    def timed(self) -> bool:
        return any(side.times for side in self.sides)

    def side(self, name: str) -> Measured | None:
        return next((side for side in self.sides if side.side == name), None)

    def ratio(self, name: str) -> float | None:
        """How many times as much as the first side; by turns where both took turns."""
        first, other = self.sides[0], self.side(name)
        if other is None or other is first or not first.median or other.median is None:
            return None
        if first.times is not None and other.times is not None:
            pairs = zip(first.times.get_values(), other.times.get_values(), strict=False)
            return statistics.median(theirs / ours for ours, theirs in pairs)
        return other.median / first.median


@dataclass
class Results:
    """Everything one file measured."""

    name: str
    about: str
    size: str
    metadata: dict[str, str | int | float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Sides that were left out, and what they would have needed."""
    seconds: float = 0.0
    """How long the whole file took; 0 while it has not come to its end."""
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    """The parts that are done, each with its seconds by the clock and of the processor."""
    rows: list[Row] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        return [
            f"{row.name}, {side.side}: {side.failure}"
            for row in self.rows
            for side in row.sides
            if side.failure
        ]

    def has(self, part: str) -> bool:
        """Whether a part has been measured, and nothing in it has failed."""
        rows = [row for row in self.rows if row.part == part]
        return part in self.parts and not any(side.failure for row in rows for side in row.sides)

    def take(self, part: str, earlier: Results) -> None:
        """Take over a part that a run that was cut has measured."""
        self.rows += [row for row in earlier.rows if row.part == part]
        self.parts[part] = earlier.parts[part]
        self.versions |= earlier.versions
        self.missing |= earlier.missing

    def dump(self, path: Path) -> None:
        suite: dict[str, Any] = {"version": "1.0", "benchmarks": []}
        timed = [side.times for row in self.rows for side in row.sides if side.times]
        if timed:
            text = io.StringIO()
            pyperf.BenchmarkSuite(timed).dump(text)
            suite = json.loads(text.getvalue())
        told = asdict(self, dict_factory=_without_times)
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(".new")
        written.write_text(json.dumps(suite | {OURS: told}, indent=1, sort_keys=True) + "\n")
        written.replace(path)

    @classmethod
    def load(cls, path: Path) -> Results:
        text = path.read_text()
        told = json.loads(text)
        suite = pyperf.BenchmarkSuite.loads(text) if told["benchmarks"] else ()
        times = {benchmark.get_name(): benchmark for benchmark in suite}
        found = cls(**told[OURS] | {"rows": []})
        for row in told[OURS]["rows"]:
            sides = [
                Measured(**side, times=times.get(name_of(row["name"], side["side"])))
                for side in row.pop("sides")
            ]
            found.rows.append(Row(**row, sides=sides))
        return found


def name_of(row: str, side: str) -> str:
    """What pyperf calls one side of a row."""
    return f"{row} | {side}"


def as_run(row: str, side: str, taken: Sample, per: int, warmup: Sample) -> pyperf.Run:
    """A sample as pyperf keeps it."""
    metadata = {
        "name": name_of(row, side),
        "loops": taken.loops,
        "inner_loops": per,
        "load_before": taken.load_before,
        "load_after": taken.load_after,
        "others": round(taken.others, 3),
        "disturbed": int(taken.disturbed),
        "processor": taken.processor / taken.loops / per,
    }
    if taken.peak:
        metadata["mem_max_rss"] = taken.peak
    warmups = [(warmup.loops, warmup.wall / warmup.loops / per)]
    value = taken.wall / taken.loops / per
    return pyperf.Run([value], warmups=warmups, metadata=metadata, collect_metadata=False)


def _without_times(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in items if name != "times"}
