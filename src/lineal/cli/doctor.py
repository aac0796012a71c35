"""``lineal doctor``: which steps of a run are not deterministic, and why."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from lineal.doctor import Diagnosis, StepDiagnosis, Verdict, facts_of, write_report
from lineal.reporting import expect_format
from lineal.workspace import Workspace

from .options import AsJson, ReportFile
from .render import err, heading, out, print_json, table

FAILED = 1
_COLOURS = {"deterministic": "green", "differs": "red", "not run": "yellow"}
_SHOWN = 5


class _Telling:
    """Says which process is being run."""

    def playing(self, condition: str, steps: int) -> None:
        """One line for it."""
        word = "step" if steps == 1 else "steps"
        err.print(Text(f"running {steps} {word} {condition}", style="dim"))


def doctor(
    reference: Annotated[
        str, typer.Argument(metavar="RUN", help="Run, or what a run made, to examine.")
    ],
    steps: Annotated[
        list[str] | None,
        typer.Option("--steps", metavar="STEP", help="Only this; may be repeated."),
    ] = None,
    times: Annotated[
        int, typer.Option("--times", min=2, help="How often with everything equal.")
    ] = 2,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Steps executed at once.")
    ] = None,
    output: ReportFile = None,
    json: AsJson = False,
) -> None:
    """Name steps that differ when they run again, and why.

    Each step is run several times from its recorded inputs.
    """
    if output is not None:
        expect_format(output)
    with Workspace.open() as workspace:
        diagnosis = workspace.doctor(
            reference, steps, times=times, workers=workers, progress=_Telling()
        )
    if json:
        print_json(facts_of(diagnosis))
    else:
        _show(diagnosis)
    if output is not None:
        err.print(f"wrote {write_report(diagnosis, output)}")
    if not diagnosis.deterministic:
        raise typer.Exit(FAILED)


def _show(diagnosis: Diagnosis) -> None:
    made = table("step", "verdict", "likely cause", "differs with")
    for step in diagnosis.steps:
        made.add_row(
            Text(step.step),
            Text(step.verdict.value, style=_COLOURS[step.verdict.value]),
            Text(step.kind.value if step.kind is not None else ""),
            Text(", ".join(step.conditions)),
        )
    out.print(made)
    for step in diagnosis.steps:
        if step.verdict is not Verdict.DETERMINISTIC:
            _show_step(step)
    for note in diagnosis.notes:
        out.print(Text(f"note: {note}", style="dim"))
    counts = ", ".join(f"{n} {name}" for name, n in diagnosis.counts().items() if n)
    out.print(Text(f"run #{diagnosis.number} examined: {counts}   (lineal get {diagnosis.report})"))


def _show_step(step: StepDiagnosis) -> None:
    heading(step.step)
    out.print(Text(step.why))
    for output, found in step.outputs.items():
        if not found["columns"]:
            out.print(Text(f"  {output}: {found['summary']}"))
        for column in found["columns"][:_SHOWN]:
            out.print(Text(f"  {output}, {column['name']}: {column['first']}"))
    for one in step.evidence[:_SHOWN]:
        out.print(Text(f"  {one.place}: {one.told}: {one.code}", style="dim"))
    if step.observed:
        out.print(Text(f"  seen to read: {', '.join(step.observed[:_SHOWN])}", style="dim"))
