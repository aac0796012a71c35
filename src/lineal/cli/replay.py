"""Proving a past run: ``replay``, ``verify``, ``freeze``, ``thaw``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from lineal.errors import UserError
from lineal.replay import Asked, Report, Tolerance, facts_of, write_report
from lineal.reporting import expect_format
from lineal.running import to_json
from lineal.workspace import Workspace

from .options import AsJson, ReportFile
from .render import err, out, print_json, size, table

FAILED = 1
_COLOURS = {"identical": "green", "equivalent": "cyan", "different": "red", "not run": "yellow"}


def replay(
    reference: Annotated[
        str, typer.Argument(metavar="RUN", help="Run, or what a run made, to run again.")
    ],
    steps: Annotated[
        list[str] | None,
        typer.Option(
            "--steps", metavar="STEP", help="Only this, from recorded inputs; repeatable."
        ),
    ] = None,
    env: Annotated[str, typer.Option("--env", help="recorded or current packages.")] = "current",
    code: Annotated[str, typer.Option("--code", help="recorded or current code.")] = "recorded",
    data: Annotated[str, typer.Option("--data", help="recorded or current files.")] = "recorded",
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter to be otherwise."),
    ] = None,
    times: Annotated[int, typer.Option("--times", min=1, help="How often.")] = 1,
    tolerance: Annotated[
        str | None,
        typer.Option("--tolerance", metavar="RTOL[,ATOL]", help="How far numbers may lie apart."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Steps executed at once.")
    ] = None,
    output: ReportFile = None,
    json: AsJson = False,
) -> None:
    """Run a past run again, and compare every output."""
    asked = Asked(
        steps=tuple(steps) if steps else None,
        env=env,
        code=code,
        data=data,
        params=tuple(param or ()),
        times=times,
        tolerance=_tolerance(tolerance),
        workers=workers,
    )
    if output is not None:
        expect_format(output)
    with Workspace.open() as workspace:
        report = workspace.replay(reference, asked)
    if json:
        print_json(facts_of(report))
    else:
        _show(report)
    if output is not None:
        err.print(f"wrote {write_report(report, output)}")
    if not report.accepted:
        raise typer.Exit(FAILED)


def verify(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[REF]", help="A run, or what a run made; every run by default."),
    ] = None,
    data: Annotated[
        bool, typer.Option("--data", help="Decode every value, too, and digest it anew.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Check that every record and every byte is as it was."""
    with Workspace.open() as workspace:
        found = workspace.verify(reference, data=data)
    if json:
        print_json(found)
    else:
        for problem in found.problems:
            out.print(
                Text.assemble((problem.kind, "red"), f"  {problem.name}  {problem.digest}\n  "),
                Text(problem.told),
            )
        values = f", {found.values} values decoded" if data else ""
        gone = f" ({found.not_kept} without bytes)" if found.not_kept else ""
        told = "sound" if found.sound else f"{len(found.problems)} problems"
        out.print(
            f"{found.runs} runs, {found.artifacts} artifacts{gone}, {found.blobs} blobs{values}:"
            f" {told}"
        )
    if not found.sound:
        raise typer.Exit(FAILED)


def freeze(
    reference: Annotated[str, typer.Argument(metavar="RUN", help="Run, or what a run made.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write: run.tar.zst.")],
    json: AsJson = False,
) -> None:
    """Write a run, with all it takes to replay it, to one file."""
    with Workspace.open() as workspace:
        frozen = workspace.freeze(reference, output)
    if json:
        print_json({**to_json(frozen), "path": str(frozen.path)})
        return
    out.print(
        f"wrote {frozen.path}: {size(frozen.size)}, {frozen.runs} runs, {frozen.artifacts}"
        f" artifacts, {frozen.blobs} blobs"
    )
    if frozen.not_kept:
        out.print(Text(f"without bytes, as they were not kept: {', '.join(frozen.not_kept)}"))


def thaw(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What lineal freeze wrote.")],
    json: AsJson = False,
    store: Annotated[
        str | None, typer.Option("--store", metavar="FOLDER", help="The store to take it into.")
    ] = None,
) -> None:
    """Take a frozen run into a store.

    Values in it that are pickles run code when they are loaded.
    """
    with Workspace.open(store) as workspace:
        thawed = workspace.thaw(source)
    if json:
        print_json(thawed)
    elif thawed.new:
        out.print(f"took in run {thawed.run[:12]} as #{thawed.number}, with {thawed.blobs} blobs")
    else:
        out.print(f"run {thawed.run[:12]} is here already, as #{thawed.number}")


def _tolerance(text: str | None) -> Tolerance:
    if text is None:
        return Tolerance()
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(0 <= n < float("inf") for n in numbers):
        raise UserError(
            f"The tolerance {text!r} can't be understood; write --tolerance 1e-9 or, with an"
            " absolute one, --tolerance 1e-9,1e-12."
        )
    return Tolerance(rtol=numbers[0], atol=numbers[1] if len(numbers) > 1 else 0.0)


def _show(report: Report) -> None:
    made = table("step", "verdict", "why")
    for step in report.steps:
        name = Text(step.step) + Text(" (first)" if step.first else "", style="bold")
        told = "\n".join([step.why, *(f"cause: {cause}" for cause in step.causes)]).strip()
        made.add_row(name, _verdict(step.verdict.value), Text(told))
    out.print(made)
    for step in report.steps:
        if step.first:
            _show_cells(report, step.step)
    for line in (*report.environment, *report.notes):
        out.print(Text(f"note: {line}", style="dim"))
    counts = ", ".join(f"{n} {name}" for name, n in report.counts().items() if n)
    replays = ", ".join(f"#{n}" for n in report.replays)
    out.print(
        Text.assemble(
            f"run #{report.number} replayed as {replays or 'nothing'}: ",
            _verdict(report.verdict.value), f" ({counts})",
        )
    )  # fmt: skip


def _show_cells(report: Report, name: str) -> None:
    step = next(s for s in report.steps if s.step == name)
    made = table("output", "column", "cells", "largest", "first cell")
    for output, found in step.outputs.items():
        for column in found["columns"][:10]:
            largest = "" if column["largest"] is None else f"{column['largest']:.3g}"
            made.add_row(
                Text(output), Text(column["name"]), str(column["cells"]), largest,
                Text(column["first"]),
            )  # fmt: skip
    if made.row_count:
        out.print(made)


def _verdict(word: str) -> Text:
    return Text(word, style=_COLOURS.get(word, ""))
