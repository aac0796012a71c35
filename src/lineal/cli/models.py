"""Models: register them, name, describe and judge their versions, look at all of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.text import Text

from lineal.errors import UserError
from lineal.records import Deployment, Model, ModelVersion
from lineal.workspace import Workspace

from .options import AsJson
from .render import ago, facts, heading, out, print_json, state, table
from .versions import (
    By,
    Name,
    Reason,
    VersionReference,
    exactly,
    gates_table,
    number_of,
    parse_version,
)

models = typer.Typer(no_args_is_help=True, help="Register models, name and judge their versions.")
gates = typer.Typer(no_args_is_help=True, help="Rules a version must pass to be deployed.")
models.add_typer(gates, name="gate")

ModelReference = Annotated[
    str, typer.Argument(metavar="MODEL[@vN]", help="A model, or a version of it.")
]


@models.command("register")
def register_model(
    name: Name,
    reference: Annotated[
        str, typer.Argument(metavar="RUN[:STEP]", help="The run, and the step that made the model.")
    ],
    alias: Annotated[
        str | None, typer.Option("--alias", metavar="ALIAS", help="An alias for it.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option("--gate", metavar="RULE", help="A gate for its model; may be repeated."),
    ] = None,
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="What it is.")
    ] = "",
    json: AsJson = False,
) -> None:
    """Register a model that a run made as the next version of a name."""
    with Workspace.open() as workspace:
        version = workspace.register(
            name, reference, gates=tuple(gate or ()), alias=alias, description=description
        )
        judged = workspace.registry.judgements(version.model, version.version)
    if json:
        print_json(version)
        return
    out.print(Text(f"registered {version.reference}  {version.artifact.short}"))
    if judged:
        out.print(gates_table(judged[-1].results))


@models.command("list")
def list_models(json: AsJson = False) -> None:
    """List the models."""
    with Workspace.open() as workspace:
        found = workspace.registry.models()
    if json:
        print_json(found)
        return
    if not found:
        out.print("No models yet: lineal model register NAME RUN.")
        return
    made = table("model", "versions", "aliases", "registered", "about")
    for model in found:
        made.add_row(
            Text(model.name),
            str(len(model.versions)),
            Text(_aliases(model)),
            ago(model.versions[-1].created_at) if model.versions else "",
            Text(model.description),
        )
    out.print(made)


@models.command("show")
def show_model(reference: ModelReference, json: AsJson = False) -> None:
    """Show a model with its versions, or all about one of them."""
    name, number = parse_version(reference)
    with Workspace.open() as workspace:
        registry = workspace.registry
        if number is None:
            model = registry.model(name)
            on = [d for d in registry.in_force() if d.model == name]
            print_json(model) if json else _show_model(model, on)
            return
        version = registry.version(name, number)
        judged, approved = registry.judgements(name, number), registry.approvals(name, number)
    if json:
        print_json({"version": version, "judgements": judged, "approvals": approved})
        return
    _show_version(version)
    for judgement in judged:
        at = f" on {judgement.target}" if judgement.target else ""
        over = "  OVERRIDDEN" if judgement.overridden else ""
        heading(f"Judged to {judgement.stage}{at}, {judgement.at:%Y-%m-%d %H:%M}{over}")
        out.print(gates_table(judgement.results))
    if approved:
        heading("Approved by")
        out.print(facts([(a.by, f"{a.at:%Y-%m-%d %H:%M}  {a.reason}") for a in approved]))


@models.command("alias")
def alias_model(
    name: Name,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="Such as champion.")],
    version: Annotated[str, typer.Argument(metavar="vN", help="The version it is to mean.")],
    json: AsJson = False,
) -> None:
    """Have an alias mean a version."""
    with Workspace.open() as workspace:
        changed = workspace.registry.alias(name, alias, number_of(version))
    _say(changed, json, f"{name}@{alias} is v{number_of(version)}")


@models.command("unalias")
def unalias_model(
    name: Name,
    alias: Annotated[str, typer.Argument(metavar="ALIAS", help="The alias.")],
    json: AsJson = False,
) -> None:
    """Take an alias away."""
    with Workspace.open() as workspace:
        changed = workspace.registry.alias(name, alias, None)
    _say(changed, json, f"{name} has no alias {alias} any more")


@models.command("tag")
def tag_model(
    reference: ModelReference,
    tag: Annotated[str, typer.Argument(metavar="KEY=VALUE", help="The tag.")],
    json: AsJson = False,
) -> None:
    """Put a tag on a version, or on the model."""
    key, equals, value = tag.partition("=")
    if not equals:
        raise UserError(f"The tag {tag!r} has no value; write KEY=VALUE.")
    with Workspace.open() as workspace:
        changed = workspace.registry.tag(*parse_version(reference), key, value)
    _say(changed, json, f"{reference} has the tag {key}={value}")


@models.command("untag")
def untag_model(
    reference: ModelReference,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The tag's key.")],
    json: AsJson = False,
) -> None:
    """Take a tag off a version, or off the model."""
    with Workspace.open() as workspace:
        changed = workspace.registry.tag(*parse_version(reference), key, None)
    _say(changed, json, f"{reference} has no tag {key} any more")


@models.command("describe")
def describe_model(
    reference: ModelReference,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What it is.")],
    json: AsJson = False,
) -> None:
    """Say what a version, or the model, is."""
    with Workspace.open() as workspace:
        changed = workspace.registry.describe(*parse_version(reference), text)
    _say(changed, json, f"{reference} is described")


@models.command("archive")
def archive_model(reference: VersionReference, reason: Reason = "", json: AsJson = False) -> None:
    """Keep a version from being deployed."""
    with Workspace.open() as workspace:
        changed = workspace.registry.archive(*exactly(reference), reason)
    _say(changed, json, f"{reference} is archived")


@models.command("restore")
def restore_model(reference: VersionReference, reason: Reason = "", json: AsJson = False) -> None:
    """Let an archived version be deployed again."""
    with Workspace.open() as workspace:
        changed = workspace.registry.restore(*exactly(reference), reason)
    _say(changed, json, f"{reference} is active")


@models.command("approve")
def approve_model(
    reference: VersionReference, reason: Reason = "", by: By = None, json: AsJson = False
) -> None:
    """Say that a version may be deployed."""
    with Workspace.open() as workspace:
        approval = workspace.registry.approve(*exactly(reference), reason, by)
    _say(approval, json, f"{reference} is approved by {approval.by}")


@models.command("history")
def model_history(name: Name, json: AsJson = False) -> None:
    """Show all that was done to a model: who, when, why."""
    with Workspace.open() as workspace:
        events = workspace.registry.history(name)
    if json:
        print_json(events)
        return
    made = table("when", "who", "what", "version", "details", "why")
    for event in events:
        details = ", ".join(f"{k}={v}" for k, v in event.details.items() if v not in (None, False))
        made.add_row(
            f"{event.at:%Y-%m-%d %H:%M:%S}",
            Text(event.by),
            event.action,
            f"v{event.version}" if event.version else "",
            Text(details, style="bold red" if event.details.get("overridden") else ""),
            Text(event.reason),
        )
    out.print(made)


@gates.command("list")
def list_gates(name: Name, json: AsJson = False) -> None:
    """List the gates of a model."""
    with Workspace.open() as workspace:
        rules = workspace.registry.model(name).gates
    if json:
        print_json(rules)
        return
    for rule in rules:
        out.print(Text(rule))
    if not rules:
        out.print("No gates.")


@gates.command("add")
def add_gate(
    name: Name,
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE",
            help="min auc 0.9 | max |tpr(sex=f) - tpr(sex=m)| 0.1 | must beat champion on f1"
            " | 2 approvals",
        ),
    ],
    json: AsJson = False,
) -> None:
    """Add a gate to a model."""
    with Workspace.open() as workspace:
        rules = workspace.registry.add_gates(name, [rule])
    _say(rules, json, f"{name}: {rule}")


@gates.command("remove")
def remove_gate(
    name: Name,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The gate, as `gate list` has it.")],
    json: AsJson = False,
) -> None:
    """Take a gate away from a model."""
    with Workspace.open() as workspace:
        rules = workspace.registry.remove_gate(name, rule)
    _say(rules, json, f"{name} has no gate {rule} any more")


def _say(changed: Any, json: bool, text: str) -> None:
    """Tell what was changed: as the record that it is now, or in a sentence."""
    print_json(changed) if json else out.print(Text(text))


def _aliases(model: Model) -> str:
    return ", ".join(f"{alias}=v{number}" for alias, number in sorted(model.aliases.items()))


def _show_model(model: Model, on: list[Deployment]) -> None:
    out.print(Text(model.name, style="bold"))
    out.print(
        facts(
            [
                ("about", model.description),
                ("aliases", _aliases(model)),
                ("tags", ", ".join(f"{k}={v}" for k, v in model.tags.items())),
                ("deployed", ", ".join(f"v{d.version} on {d.target}" for d in on)),
                ("gates", "; ".join(model.gates)),
            ]
        )
    )
    heading("Versions")
    made = table("version", "state", "run", "registered", "by", "metrics")
    for version in reversed(model.versions):
        whole = [(m.key, m.value) for m in version.metrics if not m.labels]
        made.add_row(
            f"v{version.version}",
            state(version.status),
            f"#{version.run_number}",
            ago(version.created_at),
            Text(version.created_by),
            Text("  ".join(f"{key}={value:.4g}" for key, value in whole[:4])),
        )
    out.print(made)


def _show_version(version: ModelVersion) -> None:
    out.print(Text.assemble((version.reference, "bold"), "  ", state(version.status)))
    signature = version.signature or {}
    columns = [f"{c['name']}: {c['type'] or '?'}" for c in signature.get("inputs", ())]
    out.print(
        facts(
            [
                ("about", version.description),
                ("aliases", ", ".join(version.aliases)),
                ("tags", ", ".join(f"{k}={v}" for k, v in version.tags.items())),
                ("content", version.artifact),
                ("made by", f"run #{version.run_number}, output {version.output}"),
                ("registered", f"{version.created_at:%Y-%m-%d %H:%M:%S} by {version.created_by}"),
                ("takes", ", ".join(columns[:8]) + (", …" if len(columns) > 8 else "")),
            ]
        )
    )
    if version.metrics:
        heading("Judged by")
        made = table("metric", "slice", "value")
        for metric in sorted(version.metrics, key=lambda m: (bool(m.labels), m.key)):
            where = ", ".join(f"{k}={v}" for k, v in metric.labels.items())
            made.add_row(Text(metric.key), Text(where), f"{metric.value:.6g}")
        out.print(made)
