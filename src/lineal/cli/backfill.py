"""``backfill``: past runs to systems that take OpenLineage."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Annotated, Self

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from lineal.workspace import Workspace

from .options import AsJson
from .render import err, out, print_json


def backfill(
    openlineage: Annotated[
        str,
        typer.Option(
            "--openlineage",
            metavar="URL|FILE",
            help="An OpenLineage endpoint, or a file that gets an event a line.",
        ),
    ],
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Only runs begun since then.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="FILTER", help="Only these: attributes.status = 'finished'"
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Send at most so many runs.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send also what this endpoint was sent before.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Send past runs as OpenLineage events, each once."""
    with Workspace.open() as workspace, _Shown() as shown:
        done = workspace.backfill(
            openlineage, where=where, since=since, limit=limit, again=again, watch=shown.watch
        )
    if json:
        print_json(done)
        return
    before = f"; {done.passed_over} were sent before" if done.passed_over else ""
    runs = "1 run" if done.runs == 1 else f"{done.runs} runs"
    out.print(Text(f"sent {runs} as {done.events} events to {done.to}{before}"))


class _Shown(AbstractContextManager["_Shown"]):
    """Progress on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
            console=err, transient=True, disable=not err.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("runs", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def watch(self, done: int, of: int) -> None:
        """Show how far it is."""
        self._bar.update(self._task, completed=done, total=of)
