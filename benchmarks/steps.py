"""What a step costs beside its own work: executed, reused, and with large arguments.

Steps do next to nothing, so a figure is what the tool adds to each of them: from the call to the
moment the tool returns. *Executed* steps are new, *reused* ones were run before in the same store.
Slow tools do fewer steps, as a time is for one. The last rows are whole processes over fifty
stages that copy a file, as DVC is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
import pandas as pd

from harness import Bench, Command, Side, installed, run
from tools import Tool, tools
from tools.base import add, first_of
from tools.bytes import written, xxhash_of
from tools.stages import PROJECTS

Work = Callable[[Tool, int, int], None]
"""Does a number of steps, from a start that nobody else has."""
APART = 10_000_000
"""Starts are so far from one another that no number comes twice."""


def main(bench: Bench) -> None:
    present = [tool for tool in tools(bench.fresh()) if installed(*tool.needs)]
    rows = Rows(bench, present)
    many = bench.pick(tiny=5, quick=20, full=1_000)
    bench.part("a chain", rows.steps, f"{many:,} steps, one after the other", deep, many)
    if bench.size != "quick":
        bench.part("a map", rows.steps, f"{many:,} steps, side by side", wide, many)
    bench.part("an array", rows.given_array, bench.pick(tiny=1_000, quick=10**6, full=10**6))
    bench.part("a frame", rows.given_frame, bench.pick(tiny=100, quick=108_500, full=1_085_000))
    bench.part("a file", rows.given_file, bench.pick(tiny=1, quick=100, full=1_000))
    bench.part("what is noticed", noticing, bench, present)
    bench.part("whole processes", whole, bench)
    if bench.size == "full":
        fast = Rows(bench, [tool for tool in present if tool.most_steps >= 10_000])
        bench.part("a long chain", fast.steps, "10,000 steps, one after the other", deep, 10_000)
        bench.part("a wide map", fast.steps, "10,000 steps, side by side", wide, 10_000)


class Rows:
    """Pairs of rows: executed, and then the same steps reused."""

    def __init__(self, bench: Bench, present: list[Tool]) -> None:
        self.bench, self.tools = bench, present
        self._starts = count(APART, APART)

    def given_array(self, items: int) -> None:
        values = array(items)
        self.given(f"an array of {millions(values.nbytes)} MB", values)

    def given_frame(self, rows: int) -> None:
        table = frame(rows)
        self.given(f"a frame of {millions(table.memory_usage().sum())} MB", table)

    def given_file(self, megabytes: int) -> None:
        path = written(self.bench.fresh() / "file", megabytes)
        self.given(f"a file of {megabytes:,} MB", path, path.touch)
        self.given(f"a file of {megabytes:,} MB, known", path)
        path.unlink()

    def steps(self, name: str, work: Work, steps: int) -> None:
        def alone() -> None:
            for i in range(steps):
                add(i, 1)

        self._pair(name, work, steps, Side("limit", alone, does="plain calls"), _nothing)

    def given(self, name: str, value: Any, before: Callable[[], object] | None = None) -> None:
        """A step that is given a value; ``before`` each round something may happen to it."""

        def work(tool: Tool, _: int, start: int) -> None:
            right(tool, tool.given(value, start), first_of(value) + start)

        limit = Side("limit", xxhash_of(value), before, "xxhash over the same bytes")
        self._pair(f"given {name}", work, 1, limit, before or _nothing)

    def _pair(
        self, name: str, work: Work, steps: int, limit: Side, before: Callable[[], object]
    ) -> None:
        last: dict[str, int] = {}
        for tool in self.tools:  # what it imports and starts for its first step is not timed
            tool.wide(1, 0)

        def executed(tool: Tool) -> None:
            last[tool.name] = next(self._starts)
            work(tool, min(steps, tool.most_steps), last[tool.name])

        def reused(tool: Tool) -> None:
            work(tool, min(steps, tool.most_steps), last[tool.name])

        for how, call in (("executed", executed), ("reused", reused)):
            sides = [_side(tool, call, steps, before) for tool in self.tools]
            row = f"{name}, {how}"
            self.bench.compare(row, sides, per=steps, unit="step", limit=limit, memory=steps == 1)


def _side(
    tool: Tool, call: Callable[[Tool], None], steps: int, before: Callable[[], object]
) -> Side:
    per = min(steps, tool.most_steps)
    does = f"{tool.does}; {per} steps at most" if per < steps else tool.does
    return Side(tool.name, lambda: call(tool), before, does, per, tool.needs)


def _nothing() -> None:
    """Before a round in which every call must be counted."""


def deep(tool: Tool, steps: int, start: int) -> None:
    right(tool, tool.deep(steps, start), start + sum(range(steps)))


def wide(tool: Tool, steps: int, start: int) -> None:
    right(tool, sum(tool.wide(steps, start)), steps * start + sum(range(steps)))


def right(tool: Tool, answer: float, expected: float) -> None:
    if answer != expected:
        raise ValueError(f"{tool.name} answered {answer}, and {expected} was right")


def millions(count: int) -> str:
    return f"{count / 1e6:.3g}"


def array(items: int) -> np.ndarray:
    return np.random.default_rng(0).random(items)


def frame(rows: int) -> pd.DataFrame:
    """Seven columns of numbers and three of text."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"n{i}": rng.random(rows) for i in range(7)}
    for i in range(3):
        words = np.char.add("v", rng.integers(0, 100_000, rows).astype(str))
        columns[f"s{i}"] = pd.Series(words, dtype="str")
    return pd.DataFrame(columns)


def noticing(bench: Bench, present: list[Tool]) -> None:
    """Does a step run again when its file holds something else?"""
    for tool in present:
        for row, put_back in (
            ("a changed file is noticed", False),
            ("a changed file is noticed, its size and time as before", True),
        ):
            path = bench.fresh() / "input"
            path.write_bytes(b"1")
            known = path.stat()
            tool.given(path, 0)
            path.write_bytes(b"2")
            if put_back:
                os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
            bench.record(row, tool.name, tool.given(path, 0) == first_of(path))


def whole(bench: Bench) -> None:
    """Fifty stages over files, each run a whole process."""
    stages = bench.pick(tiny=3, quick=5, full=50)
    projects = [kind(bench.fresh(), stages) for kind in PROJECTS]
    limit = Side("limit", Command([sys.executable, "-c", "pass"]), does="Python alone")
    for how, prepare in (("first run", True), ("nothing changed", False)):
        sides = [
            Side(
                project.name,
                project.run,
                project.lay_out if prepare else None,
                f"as a process: {project.does}",
                needs=project.needs,
            )
            for project in projects
        ]
        bench.compare(f"{stages} stages over files, {how}", sides, limit=limit, memory=True)


if __name__ == "__main__":
    run(main)
