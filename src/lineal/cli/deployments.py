"""Deployments: ``deploy``, ``rollback`` and ``deployments``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from lineal.records import Deployment
from lineal.workspace import Workspace

from .options import AsJson
from .render import out, print_json, table
from .versions import By, Reason, VersionReference, exactly, gates_table, number_of


def deploy(
    reference: VersionReference,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="Such as production; any name you choose.")
    ],
    reason: Reason,
    override: Annotated[
        bool, typer.Option("--override", help="Deploy although a gate fails; it stands out.")
    ] = False,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Put a version of a model on a target; its gates must pass."""
    with Workspace.open() as workspace:
        made = workspace.registry.deploy(
            *exactly(reference), target, reason=reason, override=override, by=by
        )
    print_json(made) if json else _say_deployed(made)


def rollback(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="The target.")],
    reason: Reason,
    to: Annotated[
        str | None, typer.Option("--to", metavar="vN", help="The version; the one before.")
    ] = None,
    override: Annotated[
        bool, typer.Option("--override", help="Go back even to an archived version.")
    ] = False,
    by: By = None,
    json: AsJson = False,
) -> None:
    """Put back the version that was on a target before, at once."""
    with Workspace.open() as workspace:
        made = workspace.registry.rollback(
            target,
            reason=reason,
            to=None if to is None else number_of(to),
            override=override,
            by=by,
        )
    print_json(made) if json else _say_deployed(made)


def deployments(
    target: Annotated[
        str | None, typer.Argument(metavar="TARGET", help="Only of this target.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List what is deployed, and all that was before it."""
    with Workspace.open() as workspace:
        found = workspace.registry.deployments(target)
    if json:
        print_json(found)
        return
    if not found:
        out.print("Nothing is deployed yet: lineal deploy MODEL@vN TARGET --reason '…'.")
        return
    made = table("target", "version", "state", "when", "who", "how", "why")
    for deployment in found:
        in_force = deployment.succeeded_by is None
        how = deployment.action + (" OVERRIDDEN" if deployment.overridden else "")
        made.add_row(
            Text(deployment.target),
            Text(deployment.reference, style="bold" if in_force else ""),
            Text("in force" if in_force else "past", style="green" if in_force else "dim"),
            f"{deployment.at:%Y-%m-%d %H:%M:%S}",
            Text(deployment.by),
            Text(how, style="bold red" if deployment.overridden else ""),
            Text(deployment.reason),
        )
    out.print(made)


def _say_deployed(deployment: Deployment) -> None:
    over = Text("  A failed gate was overridden.", style="bold red")
    out.print(
        Text.assemble(
            (deployment.reference, "bold"), " is on ", (deployment.target, "bold"),
            over if deployment.overridden else "",
        )
    )  # fmt: skip
    if deployment.gates:
        out.print(gates_table(deployment.gates))
