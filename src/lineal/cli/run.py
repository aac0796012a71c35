"""``lineal run``: run a pipeline, or show the plan of a run."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer
from rich.text import Text

from lineal.errors import LinealError, RunCancelled
from lineal.pipeline import Pipeline
from lineal.planning import Policy
from lineal.records import RunStatus
from lineal.running import Run, RunOptions
from lineal.workspace import Workspace

from .loading import load_pipeline, parse_parameters
from .planning import plan_of
from .progress import LiveProgress
from .render import duration, err, out, print_json, state, table

FAILED = 1


def run(
    target: Annotated[str, typer.Argument(metavar="FILE[:PIPELINE]", help="The pipeline's file.")],
    param: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="NAME=VALUE", help="A parameter; may be repeated."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run and why; run nothing.")
    ] = False,
    force: Annotated[
        list[str] | None,
        typer.Option("--force", metavar="STEP", help="Execute this step or task in any case."),
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Reuse nothing.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, help="Steps executed at once.")
    ] = None,
    processes: Annotated[
        bool, typer.Option("--processes", help="Execute steps in processes, not threads.")
    ] = False,
    runner: Annotated[
        str | None, typer.Option("--runner", metavar="NAME", help="threads, processes or prefect.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="NAME",
            help="Where Prefect executes steps: threads, processes, dask, ray.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="URL", help="Where a Dask or Ray cluster listens."),
    ] = None,
    hermetic: Annotated[
        bool, typer.Option("--hermetic", help="Fail steps that read what they do not take.")
    ] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Go on with what does not need a failed step.")
    ] = False,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The run's name.")
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", metavar="NAME", help="The experiment it belongs to."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="KEY=VALUE", help="A tag of the run.")
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", help="A text about the run.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", metavar="N", help="The run's seed.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the record as JSON.")] = False,
) -> None:
    """Run a pipeline: execute what has changed, reuse the rest."""
    pipeline = load_pipeline(target)
    arguments = parse_parameters(pipeline, param or [])
    policy = Policy(force=frozenset(force or ()), no_cache=no_cache)
    with Workspace.open() as workspace:
        if dry_run:
            _plan(workspace, pipeline, arguments, policy, as_json=json)
            return
        options = workspace.options(
            **_where(processes, runner, on, address),
            workers=workers,
            keep_going=keep_going,
            policy=policy,
            name=name,
            experiment=experiment,
            tags=dict(_tag(text) for text in tag or ()),
            note=note,
            seed=seed,
            observe="error" if hermetic else None,
            echo=False,
        )
        if options.runner != "prefect" and (on or address):
            raise typer.BadParameter(
                f"{'--on' if on else '--address'} says where Prefect executes steps; add --runner"
                " prefect."
            )
        try:
            _run(workspace, pipeline, arguments, options, as_json=json)
        except KeyboardInterrupt:
            raise RunCancelled from None


def _where(
    processes: bool, runner: str | None, on: str | None, address: str | None
) -> dict[str, str | None]:
    if processes and runner not in (None, "processes"):
        raise typer.BadParameter(f"--processes and --runner {runner} exclude each other.")
    chosen = "processes" if processes else runner
    return {"runner": chosen, "task_runner": on, "address": address}


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"--tag {text!r} has no value; write --tag key=value.")
    return key, value


def _run(
    workspace: Workspace,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    options: RunOptions,
    *,
    as_json: bool,
) -> None:
    from dataclasses import replace

    if as_json:
        finished = workspace.run(pipeline, arguments, options)
        print_json(finished.to_dict())
    else:
        with LiveProgress() as progress:
            finished = workspace.run(pipeline, arguments, replace(options, observer=progress))
        _report(finished, progress)
    if finished.status is not RunStatus.FINISHED:
        raise typer.Exit(FAILED)


def _report(finished: Run, progress: LiveProgress) -> None:
    if finished.record.error:
        err.print()
        err.print(Text(finished.record.error.rstrip(), style="red"))
        told = str(finished.exception)
        if isinstance(finished.exception, LinealError) and told != finished.record.error:
            err.print(Text(told, style="bold red"))
    metrics = {k: v for k, v in finished.metrics.items() if "[" not in k}
    if metrics:
        made = table("metric", "value")
        for key, value in metrics.items():
            made.add_row(Text(key), f"{value:.6g}")
        out.print(made)
    line = Text.assemble(
        "run ", (f"#{finished.number}", "bold"), " ", state(finished.status),
        f" in {duration(progress.seconds)}: {_counts(finished)}"
        f"   (lineal show {finished.number})",
    )  # fmt: skip
    err.print(line)


def _counts(finished: Run) -> str:
    """What became of its steps, as recorded: one whose output can't be kept has failed."""
    counts = Counter(e.status.value for e in finished.executions if e.position)
    return ", ".join(f"{n} {status}" for status, n in sorted(counts.items())) or "no steps"


def _plan(
    workspace: Workspace,
    pipeline: Pipeline[..., Any],
    arguments: dict[str, Any],
    policy: Policy,
    *,
    as_json: bool,
) -> None:
    plan = plan_of(workspace, pipeline, arguments, policy)
    if as_json:
        print_json(plan)
        return
    made = table("step", "decision", "why")
    for step in plan.steps:
        made.add_row(Text(step.step), state(step.decision), Text(step.reason))
    out.print(made)
    counts = plan.counts()
    out.print(
        f"{counts['reuse']} to reuse, {counts['execute']} to execute, {counts['wait']} waiting"
    )
    for warning in plan.warnings:
        out.print(Text(warning))
    if plan.stopped_at:
        out.print(
            Text(f"What follows depends on the value of {plan.stopped_at}, which is not known yet.")
        )
