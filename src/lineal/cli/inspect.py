"""Looking at what was recorded: ``runs``, ``show``, ``why``, ``log``, ``get``."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from rich.text import Text

from lineal.planning import brief
from lineal.records import Execution
from lineal.references import Located
from lineal.running import Run, to_json
from lineal.running.determinism import of_execution, told
from lineal.running.observed import UNSEEN
from lineal.running.prefect import RESOURCES, TASK_RUN
from lineal.running.receipts import DONE_BY, LOST
from lineal.workspace import Workspace

from .options import AsJson, Output
from .render import (
    ago,
    duration,
    facts,
    heading,
    out,
    print_json,
    runs_table,
    size,
    state,
    steps_table,
    table,
)

RunReference = Annotated[
    str, typer.Argument(metavar="RUN", help="Number, id or its beginning, name, or latest.")
]


def runs(
    where: Annotated[
        str | None,
        typer.Option(
            "--where", metavar="FILTER", help="Such as: metrics.auc > 0.9 and params.depth = '3'"
        ),
    ] = None,
    order_by: Annotated[
        list[str] | None,
        typer.Option("--order-by", metavar="FIELD", help="Such as: 'metrics.auc DESC'"),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many.")
    ] = 20,
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="NAME", help="Only of this experiment.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List runs, newest first."""
    with Workspace.open() as workspace:
        records = workspace.list_runs(where, order_by, limit, experiment)
    if json:
        print_json(records)
    elif records:
        out.print(runs_table(records, out.width))
    else:
        out.print("No runs" + (" match." if where or experiment else " yet: lineal run FILE."))


def show(run: RunReference = "latest", json: AsJson = False) -> None:
    """Show a run: parameters, metrics, steps, code, environment."""
    with Workspace.open() as workspace:
        found = workspace.get_run(run)
        if json:
            print_json(found.to_dict())
            return
        _show(found, workspace)


def why(
    run: RunReference,
    step: Annotated[str, typer.Argument(metavar="STEP", help="The step's name.")],
    json: AsJson = False,
) -> None:
    """Say why a step ran or was reused, naming what changed."""
    with Workspace.open() as workspace:
        found = workspace.get_run(run)
        execution = found.execution(step)
        varying = of_execution(execution, found.nondeterministic)
    if json:
        print_json({**to_json(execution), "nondeterministic": varying})
        return
    out.print(Text.assemble((execution.step, "bold"), " was ", state(execution.status)))
    out.print(Text(execution.reason.text))
    if execution.reason.changes:
        made = table("what", "name", "before", "after")
        for change in execution.reason.changes:
            made.add_row(
                change.component, Text(change.name), _brief(change.before), _brief(change.after)
            )
        out.print(made)
    if execution.reused_from is not None:
        out.print(f"Its outputs were made by run #{execution.reused_from >> 24}.")
    if varying is not None:
        out.print(Text(f"{told(execution.step, varying)}.", style="yellow"))


def log(
    run: RunReference = "latest",
    step: Annotated[str | None, typer.Argument(metavar="STEP", help="Only this step.")] = None,
    json: AsJson = False,
) -> None:
    """Print what the steps of a run printed and logged."""
    with Workspace.open() as workspace:
        found = workspace.get_run(run)
    chosen = [found.execution(step)] if step else [e for e in found.executions if e.log or e.error]
    if json:
        print_json([{"step": e.step, "log": e.log, "error": e.error} for e in chosen])
        return
    for execution in chosen:
        if step is None:
            out.print(Text(f"── {execution.step}", style="bold"))
        sys.stdout.write(execution.log)
        if execution.error:
            sys.stdout.write(execution.error.rstrip() + "\n")
    if not chosen:
        out.print("The steps printed nothing.")


def get(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="RUN, RUN:STEP, RUN:STEP.OUTPUT or a digest.")
    ],
    output: Output = None,
    json: AsJson = False,
) -> None:
    """Get an artifact back: printed, or written to a file with -o."""
    with Workspace.open() as workspace:
        located = workspace.locate(reference)
        if output is not None:
            located = _single(workspace, located)
            assert located.artifact is not None
            out.print(f"wrote {workspace.export(located.artifact, output)}")
        elif json:
            print_json(located.artifact if located.artifact is not None else located.run)
        else:
            sys.stdout.write(_text(workspace.get(reference)) + "\n")


def _single(workspace: Workspace, located: Located) -> Located:
    if located.artifact is not None:
        return located
    assert located.run is not None
    results = located.run.result
    if len(results) != 1:
        raise typer.BadParameter(
            f"Run {located.run.id[:8]} has {len(results)} results; name a step's output: RUN:STEP."
        )
    return workspace.locate(results[0].digest)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _brief(value: str | None) -> str:
    if value is None:
        return "-"
    return brief(value)


def _show(found: Run, workspace: Workspace) -> None:
    record = found.record
    took = (
        duration((record.finished_at - record.started_at).total_seconds())
        if record.finished_at
        else "going on"
    )
    out.print(
        Text.assemble((f"#{record.number} {record.name}", "bold"), "  ", state(record.status))
    )
    out.print(
        facts(
            [
                ("id", record.id),
                ("experiment", record.experiment),
                ("pipeline", record.pipeline),
                ("started", f"{record.started_at:%Y-%m-%d %H:%M:%S %Z} ({ago(record.started_at)})"),
                ("took", took),
                ("by", f"{record.user} on {record.host}, process {record.pid}"),
                ("command", record.command),
                ("seed", record.seed),
                ("tags", ", ".join(f"{k}={v}" for k, v in record.tags.items())),
                ("note", record.note),
            ]
        )
    )
    if record.params:
        heading("Parameters")
        out.print(facts(list(record.params.items())))
    if found.metrics:
        heading("Metrics")
        out.print(facts([(k, f"{v:.6g}") for k, v in found.metrics.items()]))
    if record.executions:
        heading("Steps")
        out.print(steps_table(record.executions))
        _nondeterminism(found)
        _unseen(found)
        heading("Inputs and outputs")
        _flow(record.executions, workspace)
    _code_and_environment(found, workspace)
    if record.error:
        heading("Error")
        out.print(Text(record.error.rstrip(), style="red"))


def _nondeterminism(found: Run) -> None:
    known = found.nondeterministic
    by_task = {e.task: e for e in reversed(found.executions)}
    lines = {
        told(execution.step, varying): None
        for execution in reversed(by_task.values())
        if (varying := of_execution(execution, known)) is not None
    }
    if lines:
        heading("Not deterministic")
        for line in lines:
            out.print(Text(line, style="yellow"))


def _unseen(found: Run) -> None:
    lines = {(e.step, e.tags[UNSEEN]) for e in found.executions if UNSEEN in e.tags}
    if lines:
        heading("Not observed")
        for step, told_of in sorted(lines):
            out.print(Text(f"{step} may have read unseen: {told_of}", style="yellow"))


def _flow(executions: tuple[Execution, ...], workspace: Workspace) -> None:
    digests = [o.digest for e in executions for o in e.outputs]
    artifacts = workspace.services.catalog.artifacts(digests)
    for execution in executions[:200]:
        out.print(Text(execution.step, style="bold"))
        for given in execution.inputs:
            origin = f"{given.source.step}.{given.source.output}" if given.source else given.value
            out.print(Text(f"  ← {given.name} = {origin or 'data'}  {given.digest.short}"))
        for output in execution.outputs:
            artifact = artifacts.get(output.digest)
            kind = f"{artifact.kind} {_shape(artifact.profile)}" if artifact else ""
            stored = size(artifact.stored.size) if artifact and artifact.stored else "not kept"
            out.print(Text(f"  → {output.name}  {kind} {stored}  {output.digest.short}"))
        if TASK_RUN in execution.tags:
            asked = f", placed by {placed}" if (placed := execution.tags.get(RESOURCES)) else ""
            out.print(Text(f"  Prefect task run {execution.tags[TASK_RUN]}{asked}"))
        if LOST in execution.tags:
            out.print(Text(f"  begun before by {execution.tags[LOST]}, lost in the middle of it"))
        if DONE_BY in execution.tags:
            out.print(Text(f"  done by {execution.tags[DONE_BY]}, whose answer was lost"))
    if len(executions) > 200:
        out.print(f"and {len(executions) - 200} more steps; --json has them all")


def _shape(profile: Any) -> str:
    if "rows" in profile:
        return f"{profile['rows']} x {len(profile.get('columns', ()))}"
    if "shape" in profile:
        return "x".join(str(n) for n in profile["shape"])
    return ""


def _code_and_environment(found: Run, workspace: Workspace) -> None:
    code = found.record.code
    if code is not None:
        heading("Code")
        commit = code.git_commit and code.git_commit[:12] + (
            " (modified)" if code.git_dirty else ""
        )
        out.print(facts([("commit", commit), ("branch", code.git_branch)]))
        out.print(facts([(f"  {path}", address.short) for path, address in code.files.items()]))
    environment = workspace.environment(found)
    if environment is not None:
        heading("Environment")
        used = ("numpy", "pandas", "pyarrow", "scikit-learn", "lineal")
        packages = [f"{n} {v}" for n, v in environment.distributions.items() if n.lower() in used]
        out.print(
            facts(
                [
                    ("python", environment.python),
                    ("platform", environment.platform),
                    ("cpu", f"{environment.cpu} x {environment.cpu_count}"),
                    ("packages", f"{len(environment.distributions)}: {', '.join(packages)}, …"),
                ]
            )
        )
