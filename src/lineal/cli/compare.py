"""Comparing on the command line: ``diff``, ``compare``, ``card``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineal.errors import UserError
from lineal.workspace import Workspace

from .differences import show_difference
from .files import write_text
from .options import AsJson, Output
from .render import out, print_json
from .side_by_side import show_comparison

Reference = Annotated[
    str,
    typer.Argument(metavar="REF", help="A run, RUN:STEP, fraud@v3, transactions@v7, a digest, …"),
]
Key = Annotated[
    list[str] | None,
    typer.Option(
        "--key", metavar="COLUMN", help="A column that tells rows apart; may be repeated."
    ),
]


def diff(before: Reference, after: Reference, key: Key = None, json: AsJson = False) -> None:
    """Show what changed between two things.

    Code by functions, data by rows and columns, parameters, packages, metrics.
    """
    with Workspace.open() as workspace:
        found = workspace.diff(before, after, key)
    if json:
        print_json(found)
    else:
        show_difference(found)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="The runs.")],
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="Only this metric; may be repeated."),
    ] = None,
    lower: Annotated[
        list[str] | None,
        typer.Option("--lower", metavar="METRIC", help="Of this metric less is better."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.html", help="Write a page with plots.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show runs side by side: parameters, metrics, slices."""
    with Workspace.open() as workspace:
        found = workspace.compare(runs, metric, lower=lower or (), plot=plot)
    if json:
        print_json(found)
        return
    show_comparison(found)
    if plot is not None:
        out.print(f"wrote {plot}")


def card(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="A model version: fraud@v3, fraud@production.")
    ],
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Write the card of a model version as Markdown."""
    if json and output is not None:
        raise UserError("--json prints what the card says, and -o writes the card; choose one.")
    with Workspace.open() as workspace:
        if json:
            print_json(workspace.card_facts(reference))
            return
        text = workspace.card(reference)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
