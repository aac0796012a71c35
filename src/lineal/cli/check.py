"""``lineal check``: what stands on both sides of a run's splits."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from lineal.leakage import Leakage, Overlap, facts_of, write_report
from lineal.leakage.rendering import sentence, title
from lineal.reporting import expect_format
from lineal.workspace import Workspace

from .options import AsJson, ReportFile
from .render import err, heading, out, print_json, table

FOUND = 1


def check(
    reference: Annotated[
        str, typer.Argument(metavar="RUN", help="Run, or what a run made, to look into.")
    ],
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key", metavar="COLUMN", help="A column of subjects or sites; may be repeated."
        ),
    ] = None,
    train: Annotated[
        str | None, typer.Option("--train", metavar="NAME", help="Output or argument to compare.")
    ] = None,
    test: Annotated[
        str | None, typer.Option("--test", metavar="NAME", help="What to compare it with.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="COLUMN", help="No feature; may be repeated."),
    ] = None,
    output: ReportFile = None,
    json: AsJson = False,
) -> None:
    """Find rows, subjects and sites on both sides of splits."""
    if output is not None:
        expect_format(output)
    with Workspace.open() as workspace:
        report = workspace.check(reference, key or (), train=train, test=test, labels=label or ())
    if json:
        print_json(facts_of(report))
    else:
        _show(report)
    if output is not None:
        err.print(f"wrote {write_report(report, output)}")
    if report.found:
        raise typer.Exit(FOUND)


def _show(report: Leakage) -> None:
    for split in report.splits:
        heading(title(split))
        made = table("side", "rows", "repeated within")
        for side in split.sides:
            made.add_row(Text(side.name), str(side.rows), str(side.repeated))
        out.print(made)
        if split.labels:
            out.print(Text(f"no features: {', '.join(split.labels)}", style="dim"))
        for overlap in split.overlaps:
            out.print(Text(sentence(overlap), style="red"))
            _show_examples(overlap)
        if not split.overlaps:
            out.print(Text("nothing is on two sides", style="green"))
        for note in split.notes:
            out.print(Text(f"note: {note}", style="dim"))
    for note in report.notes:
        out.print(Text(f"note: {note}", style="dim"))
    leaking = sum(split.leaks for split in report.splits)
    told = f"{leaking} of {len(report.splits)} splits leak" if report.splits else "no split"
    out.print(Text(f"run #{report.number}: {told}", style="red" if leaking else ""))


def _show_examples(overlap: Overlap) -> None:
    for example in overlap.examples:
        content = ", ".join(f"{name}={value}" for name, value in example.content.items())
        left, right = (", ".join(map(str, rows)) for rows in (example.left, example.right))
        out.print(
            Text(f"  {overlap.left}[{left}], {overlap.right}[{right}]: {content}", style="dim")
        )
