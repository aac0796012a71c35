"""How things look: JSON for programs, tables and colours for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from lineal.records import Execution, Node, RunRecord
from lineal.running import to_json
from lineal.running.run import metrics_by_name

COLOURS = {
    "finished": "green", "executed": "green", "execute": "yellow", "reused": "cyan",
    "reuse": "cyan", "wait": "dim", "skipped": "dim", "failed": "red", "lost": "red",
    "cancelled": "yellow", "running": "blue",
}  # fmt: skip
SHOWN_METRICS = 3

_ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
"""Control characters: on a terminal they do something, the end of a line apart."""


class SafeConsole(Console):
    """A console on which no text that was recorded can act; styles still do."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """The segments of something, with control characters in texts made visible."""
        for segment in super().render(renderable, options):
            if segment.control or not _ACTING.search(segment.text):
                yield segment
            else:
                yield Segment(_ACTING.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Say nothing more to a reader who is gone, as after ``| head``; what goes on goes on."""
        self.quiet = True
        with suppress(OSError):  # nor may what is left in the stream be complained of at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


out = SafeConsole(highlight=False, markup=False, soft_wrap=False)
# Bound to the stream there is now: while a run goes on, `sys.stderr` belongs to its steps.
err = SafeConsole(file=sys.stderr, highlight=False, markup=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print records as JSON, in the same shape as in Python."""
    json.dump(to_json(value), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def plain_node(node: Node) -> dict[str, Any]:
    """A node of a lineage graph for `print_json`."""
    facts = dict(node.facts)
    return {"id": node.id, "kind": node.kind.value, "label": node.label, "facts": facts}


def state(word: Any) -> Text:
    """A state in its colour."""
    text = getattr(word, "value", str(word))
    return Text(text, style=COLOURS.get(text, ""))


def duration(seconds: float) -> str:
    """Seconds for people: ``41 ms``, ``3.2 s``, ``2 min 5 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def size(count: int) -> str:
    """Bytes for people: ``3.1 MB``."""
    number = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def ago(moment: datetime) -> str:
    """How long ago, roughly."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for limit, unit, word in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {word} ago"
    return f"{seconds / 86400:.0f} d ago"


def table(*columns: str) -> Table:
    """A plain table."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column in ("#", "time", "cpu", "memory")
        whole = column in _WHOLE
        made.add_column(
            column,
            justify="right" if right else "left",
            overflow="ellipsis" if whole else "fold",
            no_wrap=whole,
        )
    return made


_WHOLE = ("#", "id", "status", "started", "time", "cpu", "memory", "key", "value")
"""Columns whose cells are never broken; others are where there is not enough room."""


def runs_table(records: list[RunRecord], room: int) -> Table:
    """Runs, one a row, without what matters least where there is not room for all columns.

    Args:
        records: The runs.
        room: Characters of a line.
    """
    rows = _rows_of_runs(records)
    columns = list(rows[0])
    alike = ["experiment"] if all(r.name == r.experiment for r in records) else []
    for least in (*alike, "time", "id", "started", "experiment", "metrics"):
        if sum(_needed(rows, column) + 2 for column in columns) - 2 <= room:
            break
        if least in columns:
            columns.remove(least)
    else:
        return _runs_table(rows, columns, folding=("name",))
    return _runs_table(rows, columns, folding=("metrics",))


def _runs_table(rows: list[dict[str, Any]], columns: list[str], *, folding: Sequence[str]) -> Table:
    made = table(*columns)
    for column in made.columns:
        column.no_wrap = column.header not in folding
    for row in rows:
        made.add_row(*(row[column] for column in columns))
    return made


def _needed(rows: list[dict[str, Any]], column: str) -> int:
    """Characters that a column takes; metrics may stand one below another."""
    texts = [column, *(str(row[column]) for row in rows)]
    if column == "metrics":
        texts = " ".join(texts).split()
    return max(map(cell_len, texts))


def _rows_of_runs(records: list[RunRecord]) -> list[dict[str, Any]]:
    rows = []
    for record in records:
        metrics = [(k, v) for k, v in metrics_by_name(record).items() if "[" not in k]
        shown = "  ".join(f"{k}={v:.4g}" for k, v in metrics[:SHOWN_METRICS])
        more = f"  +{len(metrics) - SHOWN_METRICS}" if len(metrics) > SHOWN_METRICS else ""
        took = (
            duration((record.finished_at - record.started_at).total_seconds())
            if record.finished_at
            else ""
        )
        rows.append(
            {
                "#": str(record.number),
                "id": record.id[:12],
                "name": Text(record.name),
                "experiment": Text(record.experiment),
                "status": state(record.status),
                "started": ago(record.started_at),
                "time": took,
                "metrics": Text(shown + more),
            }
        )
    return rows


def steps_table(executions: tuple[Execution, ...]) -> Table:
    """The steps of a run, one a row."""
    made = table("step", "state", "time", "cpu", "memory", "key", "why")
    for e in executions:
        ran = e.status.value in ("executed", "failed")
        made.add_row(
            Text(e.step),
            state(e.status),
            duration(e.resources.wall_seconds) if ran else "",
            duration(e.resources.cpu_seconds) if ran else "",
            size(e.resources.peak_memory_bytes) if ran else "",
            e.key.hex[:10] if e.key else "-",
            Text(e.reason.text),
        )
    return made


def facts(pairs: list[tuple[str, Any]]) -> Table:
    """Names and values."""
    made = Table(box=None, pad_edge=False, show_header=False)
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", ()):
            made.add_row(Text(name), value if isinstance(value, Text) else Text(str(value)))
    return made


def heading(text: str) -> None:
    """A title above a section."""
    out.print()
    out.print(Text(text, style="bold underline"))
