"""``lineal schedule``: runs at set times, as deployments of Prefect's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from lineal.workspace import Workspace

from .loading import load_pipeline, parse_parameters
from .options import AsJson
from .render import out, print_json, table

schedule = typer.Typer(
    help="Run pipelines at set times, by Prefect.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule's name.")]


@schedule.command()
def add(
    target: Annotated[str, typer.Argument(metavar="FILE[:PIPELINE]", help="The pipeline's file.")],
    cron: Annotated[
        str, typer.Option("--cron", metavar="TIMES", help="When, such as '0 2 * * *'.")
    ],
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter; may be repeated."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The schedule's name; else the pipeline's."),
    ] = None,
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="By whose clock.")
    ] = "UTC",
    pool: Annotated[
        str | None,
        typer.Option("--pool", metavar="POOL", help="A work pool, whose workers run it."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Have a pipeline run at set times.

    A schedule of the same name is replaced.
    """
    from lineal.running.prefect import schedules

    pipeline = load_pipeline(target)
    pipeline.bind(**parse_parameters(pipeline, param or []))
    file = Path(target.partition(":")[0]).absolute()
    with Workspace.open() as workspace:
        store = str(workspace.root)
    made = schedules.add(
        name=name or pipeline.name,
        flow=pipeline.name,
        cron=cron,
        timezone=timezone,
        pool=pool,
        parameters={
            "pipeline": f"{file}:{pipeline.fn.__name__}",
            "parameters": list(param or []),
            "folder": str(Path.cwd()),
            "store": store,
        },
    )
    if json:
        print_json(made)
        return
    by = f"`prefect worker start --pool {pool}`" if pool else "`lineal schedule serve`"
    out.print(Text(f"{made.name} runs at {made.cron} ({made.timezone}), as long as {by} goes on."))


@schedule.command("list")
def list_(json: AsJson = False) -> None:
    """List the schedules."""
    from lineal.running.prefect import schedules

    found = schedules.listed()
    if json:
        print_json(found)
        return
    if not found:
        out.print("No schedules yet: lineal schedule add FILE --cron TIMES.")
        return
    made = table("schedule", "pipeline", "parameters", "when", "next run", "pool")
    for item in found:
        made.add_row(
            Text(item.name),
            Text(Path(item.pipeline).name),
            Text(" ".join(item.parameters)),
            Text(f"{item.cron} {item.timezone}"),
            Text("paused") if item.paused else Text(_time(item.next_run)),
            Text(item.pool or ""),
        )
    out.print(made)


def _time(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}" if moment is not None else "not planned yet"


@schedule.command()
def pause(name: Name) -> None:
    """Begin no further runs of a schedule."""
    from lineal.running.prefect import schedules

    schedules.pause(name)
    out.print(Text(f"{name} is paused; go on with: lineal schedule resume {name}"))


@schedule.command()
def resume(name: Name) -> None:
    """Begin runs of a schedule again."""
    from lineal.running.prefect import schedules

    schedules.resume(name)
    out.print(Text(f"{name} goes on."))


@schedule.command()
def remove(name: Name) -> None:
    """Forget a schedule; what it has run stays."""
    from lineal.running.prefect import schedules

    schedules.remove(name)
    out.print(Text(f"{name} is removed."))


@schedule.command()
def serve(
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Runs at once.")
    ] = None,
) -> None:
    """Run what is due, until Ctrl-C."""
    from lineal.running.prefect import schedules

    out.print("serving the schedules; Ctrl-C ends it")
    schedules.serve(limit)
