"""The ``lineal`` command."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from lineal._version import __version__
from lineal.errors import LinealError, RunCancelled

from . import (
    backfill,
    check,
    compare,
    datasets,
    deployments,
    doctor,
    inspect,
    lineage,
    models,
    replay,
    schedule,
)
from .render import err
from .run import run

app = typer.Typer(
    name="lineal",
    help="Run pipelines, reuse what is unchanged, and know what made every result.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 100},
)
app.command()(run)
_COMMANDS: list[Any] = [
    inspect.runs, inspect.show, inspect.why, inspect.log, inspect.get,
    lineage.lineage, lineage.impact, lineage.path, lineage.graph,
    replay.replay, replay.verify, replay.freeze, replay.thaw, check.check, doctor.doctor,
    deployments.deploy, deployments.rollback, deployments.deployments,
    compare.diff, compare.compare, compare.card, backfill.backfill,
]  # fmt: skip
for command in _COMMANDS:
    app.command()(command)
app.add_typer(models.models, name="model")
app.add_typer(datasets.datasets, name="dataset")
app.add_typer(schedule.schedule, name="schedule")
datasets.datasets.command("diff")(compare.diff)


# Typer carries its own copy of click; this is the root of what its parsing raises.
_UsageError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"lineal {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    store: Annotated[
        str | None, typer.Option("--store", metavar="FOLDER", help="The store to work in.")
    ] = None,
) -> None:
    """Run pipelines, reuse what is unchanged, and know what made every result."""
    if store is not None:
        os.environ["LINEAL_STORE"] = store


def main() -> None:
    """Run the command; a user's mistake is one paragraph and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except LinealError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except _UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _say(str(RunCancelled()))
        sys.exit(RunCancelled.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str) -> None:
    from rich.text import Text

    err.print(Text.assemble(("error: ", "bold red"), message))


if __name__ == "__main__":
    main()
