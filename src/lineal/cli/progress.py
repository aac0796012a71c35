"""Live progress of a run: a line for each step that ends, the ones under way below."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Self

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from lineal.records import Reason, Resources

from .render import COLOURS, duration, err

MARKS = {"executed": "✓", "reused": "↺", "failed": "✗", "skipped": "–", "waiting": "…"}
MANY = 20
"""Reused steps shown one by one, and quick ones of one map; the rest are counted."""
QUICK = 1.0
"""Seconds below which an executed step of a map is a quick one."""


class LiveProgress:
    """Watches a run and shows it on the terminal; plain lines where there is none."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._running: dict[str, tuple[float, str]] = {}
        """By step: since when it is under way, and what to say of it."""
        self._quick: Counter[str] = Counter()
        """By map: its quick steps."""
        self._live: Live | None = None
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._live = Live(
                console=err, get_renderable=self._render, transient=True, refresh_per_second=8
            )
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()
        for name, count in self._quick.items():
            if count > MANY:
                text = f"and {count - MANY:,} more of them, each in less than a second"
                err.print(Text(f"  {name}[…]  {text}", style="dim"))

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.perf_counter() - self._started

    def begun(self, run_id: str, number: int, name: str) -> None:
        """Name the run."""
        err.print(Text.assemble(("run ", "dim"), (f"#{number} {name}", "bold"), f" {run_id[:12]}"))

    def started(self, step: str, reason: Reason) -> None:  # noqa: ARG002
        """A step is under way."""
        self._running[step] = (time.perf_counter(), "")

    def waiting(self, step: str, reason: Reason) -> None:
        """A line that names who is waited for."""
        line = _line(step, "waiting", "", reason)
        line.overflow, line.no_wrap = "fold", False
        err.print(line)
        self._running[step] = (time.perf_counter(), "waits: ")

    def ended(self, step: str, status: str, reason: Reason, resources: Resources) -> None:
        """A line for the step."""
        self._running.pop(step, None)
        self.counts[status] += 1
        if status == "reused" and self.counts[status] > MANY:
            return
        if status == "executed" and self._is_one_of_many(step, resources):
            return
        took = duration(resources.wall_seconds) if status in ("executed", "failed") else ""
        err.print(_line(step, status, took, reason))

    def _is_one_of_many(self, step: str, resources: Resources) -> bool:
        name, of_map, _ = step.rpartition("[")
        if not of_map or not step.endswith("]") or resources.wall_seconds >= QUICK:
            return False
        self._quick[name] += 1
        return self._quick[name] > MANY

    def told(self, line: str) -> None:
        """A line for what takes its time."""
        err.print(Text(line, style="dim"))

    def _render(self) -> Any:
        now = time.perf_counter()
        lines: list[Any] = [
            Spinner("dots", Text(f"{said}{step}  {duration(now - since)}"))
            for step, (since, said) in list(self._running.items())[:10]
        ]
        if len(self._running) > 10:
            lines.append(Text(f"and {len(self._running) - 10} more", style="dim"))
        if self.counts.total() > MANY:
            ended = ", ".join(f"{count:,} {status}" for status, count in self.counts.items())
            lines.append(Text(ended, style="dim"))
        return Group(*lines)


def _line(step: str, status: str, took: str, reason: Reason) -> Text:
    line = Text.assemble(
        (f"{MARKS.get(status, ' ')} ", COLOURS.get(status, "")),
        f"{step:<24} ",
        (f"{status:<9}", COLOURS.get(status, "")),
        f"{took:>9}  ",
        (reason.text, "dim"),
    )
    line.no_wrap = True
    line.overflow = "ellipsis"
    return line
